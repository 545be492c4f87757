//! A value in memory is cloned.

use cached_core::cached;

struct Post {
    id: u64,
}

#[cached(key = "post:<id>", in_process)]
fn post(id: u64) -> Option<Post> {
    Some(Post { id })
}

fn main() {}
