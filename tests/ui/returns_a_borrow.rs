//! A value outlives the call.

use cached_core::cached;

#[cached(key = "first:<words>")]
fn first(words: &str) -> &str {
    words.split(' ').next().unwrap_or(words)
}

fn main() {}
