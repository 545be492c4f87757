//! A parameter of the `impl` block is part of `Self`: it is not skipped by its name.

use cached_core::cached;

struct Service<S>(S);

impl<S> Service<S> {
    #[cached(key = "count:<id>", skip(S, self))]
    fn count(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
