use cached_core::cached;
use std::collections::HashMap;

#[cached(key = "post:<id>", batch(id in idds))]
fn posts(ids: &[u64]) -> HashMap<u64, u64> {
    ids.iter().map(|id| (*id, *id)).collect()
}

fn main() {
    posts(&[1]);
}
