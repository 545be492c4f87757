//! There is nothing to run on a miss.

use cached_core::cached;

trait Load {
    #[cached(key = "post:<id>", skip(self))]
    fn load(&self, id: u64) -> u64;
}

fn main() {}
