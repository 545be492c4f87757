//! An enum with data has no form.

#[derive(cached_core::KeyPart)]
enum Page {
    Home,
    Post(u64),
    Feed { user: u64 },
}

fn main() {}
