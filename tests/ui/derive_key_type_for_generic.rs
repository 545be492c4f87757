//! A generic type has many names.

#[derive(cached_core::KeyType)]
#[key_type = "page"]
struct Page<T>(T);

fn main() {}
