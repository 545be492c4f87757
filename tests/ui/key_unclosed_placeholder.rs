//! A placeholder ends with `>`.

use cached_core::cached;

#[cached(key = "post:<id")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
