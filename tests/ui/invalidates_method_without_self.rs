//! A method is named through `self` or its type.

use cached_core::{cached, invalidates};

struct Repo;

impl Repo {
    #[cached(key = "post:<id>", skip(self))]
    fn post(&self, id: u64) -> u64 {
        id
    }

    #[invalidates(post(id))]
    fn update(&self, id: u64) {
        let _ = id;
    }
}

fn main() {}
