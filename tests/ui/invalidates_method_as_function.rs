//! A function of a type is named through it.

use cached_core::{cached, invalidates};

struct Repo;

impl Repo {
    #[cached(key = "post:<id>")]
    fn post(id: u64) -> u64 {
        let _ = Self;
        id
    }
}

#[invalidates(Repo::post(id))]
fn update(id: u64) {
    let _ = id;
}

fn main() {}
