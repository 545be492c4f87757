//! What a deployment says of a template, whatever the attribute says.

use std::time::Duration;

use cached_core::testing::with_cache_blocking;
use cached_core::time::ManualClock;
use cached_core::{Cache, Outcome, Override, cached};

#[cached(key = "o:short:<id>", ttl = "1h")]
fn short(id: u64) -> u64 {
    id
}

#[cached(key = "o:off:<id>")]
fn off(id: u64) -> u64 {
    id
}

#[cached(key = "o:other:<id>")]
fn other(id: u64) -> u64 {
    id
}

#[test]
fn a_template_gets_another_ttl_or_none_at_all() {
    let clock = ManualClock::new();
    let cache = Cache::memory()
        .clock(clock.clone())
        .policy("o:short:{id}", Override::new().ttl(5))
        .policy("o:off:<id>", Override::new().off())
        .build()
        .expect("valid");
    with_cache_blocking(&cache, || {
        assert_eq!(short::traced(1).1, Outcome::Stored);
        clock.advance(Duration::from_secs(4));
        assert_eq!(short::traced(1).1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(short::traced(1).1, Outcome::Stored);
        off::entry(1).blocking().put(7);
        assert_eq!(off::traced(1), (1, Outcome::Uncached));
        assert_eq!(
            (other::traced(1).1, other::traced(1).1),
            (Outcome::Stored, Outcome::Hit),
            "nobody said anything of it"
        );
    });
}
