//! A target is a call.

use cached_core::{cached, invalidates};

#[cached(key = "post:<id>")]
fn post(id: u64) -> u64 {
    id
}

#[invalidates(post)]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
