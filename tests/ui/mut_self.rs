//! A hit would not change `self`.

use cached_core::cached;

struct Counter(u64);

impl Counter {
    #[cached(key = "next:<self.0>")]
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

fn main() {}
