//! How to test code that caches: `cargo run --example 07_testing`.
//!
//! In your crate: `#[tokio::test]`, and feature `testing` of `cached-core` as a dev-dependency.

use cached_core::event::EventKind;
use cached_core::testing::{self, ManualClock, Recorder};
use cached_core::{Cache, cached, invalidates};
use std::time::Duration;

#[cached(key = "answer:<to>", ttl = 60)]
async fn answer(to: &str) -> usize {
    to.len()
}

#[invalidates(answer(to))]
async fn forget(to: &str) {}

// A cache of its own for each test: they run side by side and see nothing of each other.
async fn tests_are_isolated() {
    answer("life").await;
    testing::isolated(async {
        assert_eq!(answer::entry("life").get().await, None);
    })
    .await;
}

// "Computed once" is what you mean; assert that instead of measuring time.
async fn the_log_says_what_happened() -> Result<(), cached_core::Error> {
    let cache = Cache::memory().build()?;
    let recorder = Recorder::of(&cache);
    testing::with_cache(&cache, async {
        answer("life").await;
        answer("life").await;
        forget("life").await;
    })
    .await;
    println!("{recorder:?}");
    assert_eq!(recorder.count(EventKind::Stored), 1);
    Ok(())
}

// Time moves when you say so.
async fn values_grow_old() -> Result<(), cached_core::Error> {
    let clock = ManualClock::new();
    let cache = Cache::memory().clock(clock.clone()).build()?;
    testing::with_cache(&cache, answer("life")).await;
    clock.advance(Duration::from_secs(60));
    assert!(!cache.contains("answer:life").await?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tests_are_isolated().await;
    the_log_says_what_happened().await?;
    values_grow_old().await?;
    // One line that finds mutators of keys nobody reads, and keys that clash.
    print!("{}", cached_core::check()?);
    Ok(())
}
