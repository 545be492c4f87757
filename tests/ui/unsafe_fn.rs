//! A hit would not uphold the contract.

use cached_core::cached;

#[cached(key = "square:<n>")]
unsafe fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
