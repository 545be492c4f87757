//! The reader is cached.

use cached_core::invalidates;

fn post(id: u64) -> u64 {
    id
}

#[invalidates(post(id))]
fn update(id: u64) {
    let _ = post(id);
}

fn main() {}
