//! The arguments are those of the reader.

use cached_core::{cached, invalidates};

#[cached(key = "post:<id>")]
fn post(id: u64) -> u64 {
    id
}

#[invalidates(post(title))]
fn update(title: String) {
    let _ = title;
}

fn main() {}
