//! An argument is in the key or skipped.

use cached_core::cached;

#[cached(key = "post:<id>", skip(id))]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
