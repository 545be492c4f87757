//! Options are spelt right.

use cached_core::cached;

#[cached(key = "post:<id>", tll = 300)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
