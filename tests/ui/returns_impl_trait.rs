//! The stored type has a name.

use cached_core::cached;

#[cached(key = "post:<id>")]
fn post(id: u64) -> impl std::fmt::Display {
    id
}

fn main() {}
