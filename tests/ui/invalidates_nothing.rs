//! A mutator has a target.

use cached_core::invalidates;

#[invalidates]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
