//! A type parameter needs a stable name.

use cached_core::cached;

#[cached(key = "count:<T>")]
fn count<T>() -> usize {
    size_of::<T>()
}

fn main() {}
