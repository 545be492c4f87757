//! `self` is an argument like the others.

use cached_core::cached;

struct Repo {
    tenant: u64,
}

impl Repo {
    #[cached(key = "post:<id>")]
    fn post(&self, id: u64) -> u64 {
        self.tenant + id
    }
}

fn main() {}
