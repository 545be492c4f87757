//! What has no name cannot be skipped.

use cached_core::cached;

#[cached(key = "post:<id>")]
fn post(_: &str, id: u64) -> u64 {
    id
}

fn main() {}
