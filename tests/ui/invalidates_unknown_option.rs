//! Options are spelt right.

use cached_core::invalidates;

#[invalidates("post:<id>", agian_after = "1s")]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
