//! It is about blocks.

#[cached_core::cached_impl]
fn post(id: u64) -> u64 {
    id
}

fn main() {}
