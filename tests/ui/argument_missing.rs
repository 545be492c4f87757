//! Every argument is in the key or skipped.

use cached_core::cached;

#[cached(key = "post:<id>")]
fn post(id: u64, language: &str) -> String {
    format!("{id} in {language}")
}

fn main() {}
