use cached_core::cached;
use std::collections::HashMap;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: &[u64]) -> HashMap<u32, u64> {
    ids.iter().map(|id| (*id as u32, *id)).collect()
}

fn main() {
    posts(&[1]);
}
