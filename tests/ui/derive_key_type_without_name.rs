//! The name is the author's.

#[derive(cached_core::KeyType)]
struct Invoice;

fn main() {}
