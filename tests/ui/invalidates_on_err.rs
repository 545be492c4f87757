//! A mutator counts when it ends, or on `ok`.

use cached_core::invalidates;

#[invalidates("post:<id>", on = err)]
fn update(id: u64) -> Result<(), String> {
    let _ = id;
    Ok(())
}

fn main() {}
