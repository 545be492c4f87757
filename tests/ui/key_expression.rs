//! A placeholder is a path, not an expression.

use cached_core::cached;

#[cached(key = "post:<id + 1>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
