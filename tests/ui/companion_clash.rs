//! A module of the function's name is in the way.

use cached_core::cached;

mod post {}

#[cached(key = "post:<id>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
