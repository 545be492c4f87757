//! A float has no canonical text.

use cached_core::cached;

#[cached(key = "price:<amount>")]
fn price(amount: f64) -> u64 {
    amount as u64
}

fn main() {}
