use cached_core::cached;

#[cached(key = "post:<id>", batch(id in ids))]
fn posts(ids: &[u64]) -> Vec<u64> {
    ids.to_vec()
}

fn main() {
    posts(&[1]);
}
