//! There is no `self`.

use cached_core::invalidates;

#[invalidates(self.post(id))]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
