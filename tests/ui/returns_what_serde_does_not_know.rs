//! A value can go to any backend.

use cached_core::cached;

#[derive(Clone)]
struct Post {
    id: u64,
}

#[cached(key = "post:<id>")]
async fn post(id: u64) -> Result<Post, String> {
    Ok(Post { id })
}

fn main() {}
