//! What does nothing yet is refused.

use cached_core::cached;

#[cached(key = "post:<id>", stale = "1h")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
