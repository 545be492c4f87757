//! A version is a number.

use cached_core::cached;

#[cached(key = "post:<id>", version = "two")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
