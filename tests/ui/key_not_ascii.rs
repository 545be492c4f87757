//! Templates hold printable ASCII only.

use cached_core::cached;

#[cached(key = "größe:<id>")]
fn size(id: u64) -> u64 {
    id
}

fn main() {}
