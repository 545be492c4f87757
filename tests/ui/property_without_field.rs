//! A property has a field.

use cached_core::cached_property;

struct Article {
    body: String,
}

impl Article {
    #[cached_property]
    fn word_count(&self) -> usize {
        self.body.split_whitespace().count()
    }
}

fn main() {}
