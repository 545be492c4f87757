//! `lock` is written alone, or with a time.

use cached_core::cached;

#[cached(key = "post:<id>", lock = true)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
