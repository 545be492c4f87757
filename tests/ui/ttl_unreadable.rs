//! Units are short.

use cached_core::cached;

#[cached(key = "post:<id>", ttl = "5 minutes")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
