//! A type that is no handle is data.

use cached_core::cached;

struct Settings {
    language: String,
}

#[cached(key = "post:<id>")]
fn post(settings: &Settings, id: u64) -> String {
    format!("{id} in {}", settings.language)
}

fn main() {}
