use cached_core::cached;
use std::collections::HashMap;

#[cached(batch(id in ids))]
fn posts(ids: &[u64]) -> HashMap<u64, u64> {
    ids.iter().map(|id| (*id, *id)).collect()
}

fn main() {
    posts(&[1]);
}
