//! A key must say something.

use cached_core::cached;

#[cached(key = "")]
fn answer() -> u64 {
    42
}

fn main() {}
