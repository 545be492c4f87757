//! The key of a low-level operation is a text.

use cached_core::Cache;

fn main() {
    let cache = Cache::memory().build().unwrap();
    let _ = cache.blocking().delete(7);
}
