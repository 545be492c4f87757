//! `share_err` is on or off.

use cached_core::cached;

#[cached(key = "post:<id>", share_err = "no")]
fn post(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
