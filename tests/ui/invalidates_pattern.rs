//! There are no patterns.

use cached_core::invalidates;

#[invalidates("user:*:posts")]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
