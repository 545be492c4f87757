use cached_core::cached;
use std::collections::HashMap;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: &[u64]) -> Option<HashMap<u64, u64>> {
    Some(ids.iter().map(|id| (*id, *id)).collect())
}

fn main() {
    posts(&[1]);
}
