//! `Cache::on` takes a backend, not a URL.

use cached_core::Cache;

fn main() {
    let _ = Cache::on("redis://127.0.0.1:6379").build();
}
