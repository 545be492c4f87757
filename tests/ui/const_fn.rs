//! A cache is not there while compiling.

use cached_core::cached;

#[cached(key = "square:<n>")]
const fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
