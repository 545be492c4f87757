//! `..` stands alone.

use cached_core::{cached, invalidates};

#[cached(key = "post:<user>:<id>")]
fn post(user: u64, id: u64) -> u64 {
    user + id
}

#[invalidates(post(user, ..))]
fn update(user: u64) {
    let _ = user;
}

fn main() {}
