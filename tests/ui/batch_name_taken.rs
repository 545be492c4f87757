use cached_core::{Handle, cached};
use std::collections::HashMap;

#[derive(Handle)]
struct Db;

#[cached(key = "post:<db>", batch(db in ids))]
fn posts(db: &Db, ids: &[u64]) -> HashMap<u64, u64> {
    let _ = db;
    ids.iter().map(|id| (*id, *id)).collect()
}

fn main() {
    posts(&Db, &[1]);
}
