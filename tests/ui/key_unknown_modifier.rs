//! There are two modifiers.

use cached_core::cached;

#[cached(key = "list:<query:hahs>")]
fn list(query: &str) -> usize {
    query.len()
}

fn main() {}
