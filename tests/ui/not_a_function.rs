//! Functions are cached.

use cached_core::cached;

#[cached(key = "post:<id>")]
struct Post {
    id: u64,
}

fn main() {}
