//! A path names fields that exist.

use cached_core::cached;

struct Author {
    id: u64,
}

#[cached(key = "author:<author.name>")]
fn author(author: &Author) -> u64 {
    author.id
}

fn main() {}
