use cached_core::cached;
use std::collections::HashMap;

#[derive(Clone)]
struct Shop;

impl Shop {
    #[cached(key = "post:<id>", batch(id in ids), skip(self))]
    fn posts(self, ids: &[u64]) -> HashMap<u64, u64> {
        ids.iter().map(|id| (*id, *id)).collect()
    }
}

fn main() {
    Shop.posts(&[1]);
}
