use cached_core::cached;
use std::collections::HashMap;

#[derive(Clone)]
struct Post;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: &[u64]) -> HashMap<u64, Post> {
    ids.iter().map(|id| (*id, Post)).collect()
}

fn main() {
    posts(&[1]);
}
