//! Nothing can be added to a trait impl.

use cached_core::cached;

trait Load {
    fn load(&self, id: u64) -> u64;
}

struct Repo;

impl Load for Repo {
    #[cached(key = "post:<id>", skip(self), companion = loader)]
    fn load(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
