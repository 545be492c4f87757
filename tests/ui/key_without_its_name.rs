//! A template is an option like the others.

use cached_core::cached;

#[cached("post:<id>")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
