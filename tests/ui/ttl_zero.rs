//! Nothing is kept for no time.

use cached_core::cached;

#[cached(key = "post:<id>", ttl = 0)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
