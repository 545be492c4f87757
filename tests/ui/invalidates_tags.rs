//! A mutator names each tag.

use cached_core::invalidates;

#[invalidates(tags("user:<id>"))]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
