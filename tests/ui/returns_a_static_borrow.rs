//! A borrow for good can be kept in memory.

use cached_core::cached;

#[cached(key = "name:<id>")]
fn name(id: u64) -> &'static str {
    if id == 0 { "root" } else { "user" }
}

fn main() {}
