//! Options are separated by commas.

use cached_core::cached;

#[cached(key = "post:<id>" ttl = 300)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
