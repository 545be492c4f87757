//! Arguments are the same in every build.

use cached_core::cached;

#[cached(key = "post:<id>")]
fn post(id: u64, #[cfg(windows)] drive: char) -> u64 {
    id
}

fn main() {}
