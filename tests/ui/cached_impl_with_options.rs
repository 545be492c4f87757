//! Options belong to methods.

use cached_core::cached;

struct Repo;

#[cached_core::cached_impl(ttl = 300)]
impl Repo {
    #[cached(key = "repo")]
    fn load() -> u64 {
        let _ = Self;
        7
    }
}

fn main() {}
