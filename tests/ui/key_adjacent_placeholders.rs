//! `1` and `23` must not meet `12` and `3`.

use cached_core::cached;

#[cached(key = "post:<user><id>")]
fn post(user: u64, id: u64) -> u64 {
    user + id
}

fn main() {}
