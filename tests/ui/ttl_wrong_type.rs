//! An expression is a duration.

use cached_core::cached;

fn ttl() -> String {
    "5m".to_owned()
}

#[cached(key = "post:<id>", ttl = ttl())]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
