//! Tags are made before the body runs.

use cached_core::cached;

struct Post {
    author: u64,
}

#[cached(key = "post:<id>", tags("user:<result.author>"))]
fn post(id: u64) -> Post {
    Post { author: id }
}

fn main() {}
