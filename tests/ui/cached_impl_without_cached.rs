//! It needs something to reach.

trait Load {
    fn load(&self) -> u64;
}

struct Repo;

#[cached_core::cached_impl]
impl Load for Repo {
    fn load(&self) -> u64 {
        7
    }
}

fn main() {}
