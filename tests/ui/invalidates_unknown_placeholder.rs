//! A placeholder names an argument.

use cached_core::invalidates;

#[invalidates("post:<post_id>")]
fn update(post_ids: u64) {
    let _ = post_ids;
}

fn main() {}
