//! A stored guard would hold its lock.

use cached_core::cached;
use std::sync::{Mutex, MutexGuard};

static POSTS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[cached(key = "posts")]
fn posts() -> MutexGuard<'static, Vec<u64>> {
    POSTS.lock().unwrap()
}

fn main() {}
