//! Arguments are known.

use cached_core::cached;

#[cached(key = "sum:<n>")]
fn sum(n: u64, ...) -> u64 {
    n
}

fn main() {}
