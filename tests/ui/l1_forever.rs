//! `l1` is an age.

use cached_core::cached;

#[cached(key = "post:<id>", l1 = "forever")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
