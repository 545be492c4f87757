//! `l1` states an age or is off.

use cached_core::cached;

#[cached(key = "post:<id>", l1 = true)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
