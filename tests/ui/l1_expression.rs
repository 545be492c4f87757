//! `l1` is known while compiling.

use cached_core::cached;

const MINUTE: u64 = 60;

#[cached(key = "post:<id>", l1 = MINUTE)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
