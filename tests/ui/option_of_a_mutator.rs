//! Readers declare `tags`, mutators a `tag`.

use cached_core::cached;

#[cached(key = "post:<id>", tag = "posts")]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
