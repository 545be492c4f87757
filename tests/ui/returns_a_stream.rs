//! A stream ends once.

use cached_core::cached;
use std::pin::Pin;

trait Stream {
    type Item;
}

#[cached(key = "range:<n>")]
async fn range(n: u64) -> Pin<Box<dyn Stream<Item = u64> + Send>> {
    let _ = n;
    unimplemented!()
}

fn main() {}
