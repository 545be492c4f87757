//! One cache is enough.

use cached_core::cached;

#[cached(key = "post:<id>")]
#[cached(key = "article:<id>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
