//! The template is a literal.

use cached_core::cached;

const KEY: &str = "post:<id>";

#[cached(key = KEY)]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
