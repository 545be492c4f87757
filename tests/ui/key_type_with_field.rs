//! A type has no fields.

use cached_core::{KeyType, cached};

#[cached(key = "count:<T.name>")]
fn count<T: KeyType>() -> usize {
    size_of::<T>()
}

fn main() {}
