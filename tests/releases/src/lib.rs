//! What both releases do: read one user through the cache and say how that went.

use std::fmt::Debug;

use cached_core::{Cache, Outcome};

/// Uses the cache that `CACHE_URL` names.
///
/// # Panics
/// It names none.
pub fn begin() {
    let cache = Cache::from_env().expect("the test names a cache");
    cached_core::install(cache).expect("nothing ran before");
}

/// Says what a call returned, and how it came to it.
pub fn tell<T: Debug>((value, outcome): (T, Outcome)) {
    println!("{outcome:?} {value:?}");
}
