//! `crate` is a path.

use cached_core::cached;

#[cached(key = "post:<id>", crate = "caching")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
