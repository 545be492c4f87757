//! A placeholder names an argument.

use cached_core::cached;

#[cached(key = "post:<di>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
