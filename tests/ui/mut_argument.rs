//! A hit would not change what `&mut` leads to.

use cached_core::cached;

#[cached(key = "next:<id>", skip(log))]
fn next(id: u64, log: &mut Vec<u64>) -> u64 {
    log.push(id);
    id + 1
}

fn main() {}
