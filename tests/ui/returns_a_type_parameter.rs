//! A parameter may be a `Result`.

use cached_core::{KeyType, cached};

#[cached(key = "parsed:<T>:<text>")]
fn parsed<T: KeyType + std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

fn main() {}
