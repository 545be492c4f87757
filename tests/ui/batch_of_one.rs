use cached_core::cached;
use std::collections::HashMap;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: u64) -> HashMap<u64, u64> {
    HashMap::from([(ids, ids)])
}

fn main() {
    posts(1);
}
