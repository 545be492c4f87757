//! A parameter of the `impl` block is part of `Self`: it is not in a key by its name.

use cached_core::cached;

struct Service<S>(S);

impl<S> Service<S> {
    #[cached(key = "total:<S>", skip(self))]
    fn total(&self) -> u64 {
        0
    }
}

fn main() {}
