//! There is nothing in front of what is in memory only.

use cached_core::cached;

#[cached(key = "post:<id>", l1 = "10s", in_process)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
