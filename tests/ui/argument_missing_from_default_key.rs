//! Without a key every argument is a part of it.

use cached_core::cached;

struct Settings {
    language: String,
}

#[cached]
fn post(settings: &Settings, id: u64) -> String {
    format!("{id} in {}", settings.language)
}

fn main() {}
