//! A type parameter is in the key or skipped.

use cached_core::cached;

#[cached(key = "count:<id>")]
fn count<T: Default>(id: u64) -> u64 {
    let _ = T::default();
    id
}

fn main() {}
