//! A value can be read twice.

use cached_core::cached;

#[cached(key = "range:<n>")]
fn range(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

fn main() {}
