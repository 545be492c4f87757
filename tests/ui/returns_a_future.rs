//! What a future yields can be stored.

use cached_core::cached;

#[cached(key = "post:<id>")]
fn post(id: u64) -> impl Future<Output = u64> {
    async move { id }
}

fn main() {}
