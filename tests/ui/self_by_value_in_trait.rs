//! The key needs `self`, the body consumes it.

use cached_core::cached;

trait Render {
    fn render(self) -> String;
}

struct Page {
    slug: String,
}

impl Render for Page {
    #[cached(key = "page:<self.slug>")]
    fn render(self) -> String {
        self.slug
    }
}

fn main() {}
