use cached_core::cached;
use std::collections::HashMap;

struct Connection;

#[cached(key = "post:<id>", batch(id in ids), skip(connection))]
fn posts(connection: Connection, ids: &[u64]) -> HashMap<u64, u64> {
    let _ = connection;
    ids.iter().map(|id| (*id, *id)).collect()
}

fn main() {
    posts(Connection, &[1]);
}
