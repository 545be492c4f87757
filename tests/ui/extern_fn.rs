//! A foreign caller has no cache.

use cached_core::cached;

#[cached(key = "square:<n>")]
extern "C" fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
