//! Time ends at some point.

use cached_core::cached;

#[cached(key = "post:<id>", ttl = 18446744073709551615)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
