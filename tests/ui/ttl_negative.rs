//! Time goes forward.

use cached_core::cached;

#[cached(key = "post:<id>", ttl = -5)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
