//! The reader exists.

use cached_core::invalidates;

#[invalidates(drop_all(id))]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
