//! A `-` may be part of a value.

use cached_core::cached;

#[cached(key = "post:<slug>-<id>")]
fn post(slug: &str, id: u64) -> usize {
    slug.len() + id as usize
}

fn main() {}
