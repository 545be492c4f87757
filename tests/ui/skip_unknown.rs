//! What is skipped is there.

use cached_core::cached;

#[cached(key = "post:<id>", skip(bd))]
fn post(db: &Db, id: u64) -> u64 {
    db.0 + id
}

struct Db(u64);

fn main() {}
