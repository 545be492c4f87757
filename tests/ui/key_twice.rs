//! An option is given once.

use cached_core::cached;

#[cached(key = "post:<id>", key = "article:<id>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
