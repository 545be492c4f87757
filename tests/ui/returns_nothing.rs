//! There is nothing to store.

use cached_core::cached;

#[cached(key = "warm:<id>")]
fn warm(id: u64) {
    let _ = id;
}

fn main() {}
