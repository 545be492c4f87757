//! `l1` of zero is `false`.

use cached_core::cached;

#[cached(key = "post:<id>", l1 = "0s")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
