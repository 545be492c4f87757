//! Mistakes are reported together.

use cached_core::cached;

#[cached(key = "post:<di>", ttl = 0, verison = 2, skip(bd), stale = "1h")]
fn post(db: &Db, id: u64, log: &mut Vec<u64>) -> &str {
    ""
}

struct Db;

fn main() {}
