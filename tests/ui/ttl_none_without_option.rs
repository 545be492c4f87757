//! `None` is kept where there can be one.

use cached_core::cached;

#[cached(key = "post:<id>", ttl_none = "30s")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
