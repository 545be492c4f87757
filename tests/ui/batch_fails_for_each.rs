use cached_core::cached;
use std::collections::HashMap;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: &[u64]) -> HashMap<u64, Result<u64, String>> {
    ids.iter().map(|id| (*id, Ok(*id))).collect()
}

fn main() {
    posts(&[1]);
}
