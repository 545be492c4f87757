//! How long values live: every form of `ttl`, on a clock that the test moves.

use std::time::Duration;

use cached_core::testing::{Recorder, with_cache, with_cache_blocking};
use cached_core::{Cache, Error, ErrorKind, Outcome, Ttl, cached};

use crate::support::manual;

const MINUTE: u64 = 60;

fn lifetime(of: &str) -> Duration {
    Duration::from_secs(of.len() as u64)
}

/// Asserts that a function without arguments serves its value for so long and no longer.
macro_rules! lives {
    ($millis:expr, ttl = $($ttl:tt)+) => {{
        #[cached(key = "t:lives", ttl = $($ttl)+)]
        fn value() -> u64 {
            1
        }
        let (cache, clock) = manual();
        with_cache_blocking(&cache, || {
            assert_eq!(value::traced().1, Outcome::Stored);
            clock.advance(Duration::from_millis($millis - 1));
            assert_eq!(value::traced().1, Outcome::Hit, "one millisecond before {}", $millis);
            clock.advance(Duration::from_millis(1));
            assert_eq!(value::traced().1, Outcome::Stored, "after {}", $millis);
        });
    }};
}

#[test]
fn a_ttl_is_seconds_text_or_an_expression() {
    lives!(300_000, ttl = 300);
    lives!(300_000, ttl = 5 * 60);
    lives!(300_000, ttl = "5m");
    lives!(5_430_000, ttl = "1h30m30s");
    lives!(172_800_000, ttl = "2d");
    lives!(250, ttl = "250ms");
    lives!(60_000, ttl = MINUTE);
    lives!(120_000, ttl = 2 * MINUTE);
    lives!(1_500, ttl = Duration::from_millis(1_500));
    lives!(3_000, ttl = lifetime("abc"));
    lives!(2_000, ttl = Ttl::from_millis(2_000));
    lives!(300_000, ttl = Ttl::DEFAULT);
    lives!(7_000, ttl = Some(Duration::from_secs(7)));
}

#[test]
fn without_a_ttl_it_is_the_default_of_the_cache() {
    #[cached(key = "t:default:<id>")]
    fn value(id: u64) -> u64 {
        id
    }
    let (usual, clock) = manual();
    with_cache_blocking(&usual, || {
        value(1);
        clock.advance(Duration::from_secs(299));
        assert_eq!(value::traced(1).1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(value::traced(1).1, Outcome::Stored);
    });
    let clock = cached_core::time::ManualClock::new();
    let own = Cache::memory()
        .default_ttl(10)
        .clock(clock.clone())
        .build()
        .expect("valid");
    with_cache_blocking(&own, || {
        value(1);
        clock.advance(Duration::from_secs(10));
        assert_eq!(value::traced(1).1, Outcome::Stored);
    });
}

#[test]
fn forever_does_not_end() {
    #[cached(key = "t:forever:<id>", ttl = "forever")]
    fn literal(id: u64) -> u64 {
        id
    }
    #[cached(key = "t:forever:computed:<id>", ttl = Ttl::FOREVER)]
    fn computed(id: u64) -> u64 {
        id
    }
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        _ = (literal(1), computed(1));
        clock.advance(Duration::from_secs(100 * 365 * 24 * 3600));
        assert_eq!(
            (literal::traced(1).1, computed::traced(1).1),
            (Outcome::Hit, Outcome::Hit)
        );
    });
}

struct Plan {
    id: u64,
    keep: Duration,
}

impl Plan {
    #[cached(key = "t:plan:<self.id>:<of>", ttl = self.keep)]
    async fn price(&self, of: u64) -> u64 {
        self.id * of
    }
}

#[tokio::test]
async fn an_expression_sees_self_and_the_arguments() {
    #[cached(key = "t:argument:<id>", ttl = seconds, skip(seconds))]
    fn value(id: u64, seconds: u64) -> u64 {
        let _ = seconds;
        id
    }
    let (cache, clock) = manual();
    with_cache(&cache, async {
        let plan = Plan {
            id: 1,
            keep: Duration::from_secs(2),
        };
        plan.price(5).await;
        clock.advance(Duration::from_secs(1));
        assert_eq!(plan.price_traced(5).await.1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(plan.price_traced(5).await.1, Outcome::Stored);
    })
    .await;
    with_cache_blocking(&cache, || {
        value(1, 3);
        clock.advance(Duration::from_secs(2));
        assert_eq!(value::traced(1, 3).1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(value::traced(1, 3).1, Outcome::Stored);
    });
}

#[cached(key = "t:short:<id>", ttl = "1h")]
fn long(id: u64) -> u64 {
    id
}

#[cached(key = "t:short:<id>", ttl = "10s")]
fn short(id: u64) -> u64 {
    id
}

#[cached(key = "t:short:<id>", ttl = seconds, skip(seconds))]
fn given(id: u64, seconds: u64) -> u64 {
    let _ = seconds;
    id
}

#[test]
fn shortening_a_ttl_works_at_once() {
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        long(1);
        clock.advance(Duration::from_secs(9));
        assert_eq!(short::traced(1).1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(long::traced(1).1, Outcome::Hit, "its own hour is not over");
        assert_eq!(given::traced(1, 11).1, Outcome::Hit);
        assert_eq!(
            given::traced(1, 10).1,
            Outcome::Stored,
            "stored for an hour, wanted for ten seconds"
        );
        clock.advance(Duration::from_secs(10));
        assert_eq!(
            given::traced(1, 3600).1,
            Outcome::Stored,
            "a longer wish does not prolong"
        );
    });
}

#[test]
fn a_ttl_without_use_stores_nothing() {
    #[cached(key = "t:unusable:<id>", ttl = seconds, skip(seconds))]
    fn value(id: u64, seconds: i64) -> u64 {
        let _ = seconds;
        id
    }
    let (cache, _clock) = manual();
    let recorder = Recorder::of(&cache);
    with_cache_blocking(&cache, || {
        for seconds in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(value(1, seconds), 1);
            assert_eq!(value(1, seconds), 1);
        }
        assert!(!value::entry_by(1).blocking().contains());
        assert!(
            !recorder
                .log()
                .iter()
                .any(|line| line.starts_with("stored") || line.starts_with("hit"))
        );
        value(1, 60);
        assert_eq!(value::traced(1, 0).0, 1);
        assert_ne!(
            value::traced(1, 0).1,
            Outcome::Hit,
            "a TTL of zero is served nothing"
        );
    });
}

#[test]
fn the_ttl_counts_from_when_the_value_was_stored() {
    #[cached(key = "t:slides:<id>", ttl = 10)]
    fn value(id: u64) -> u64 {
        id
    }
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        value(1);
        for _ in 0..9 {
            clock.advance(Duration::from_secs(1));
            assert_eq!(value::traced(1).1, Outcome::Hit);
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(value::traced(1).1, Outcome::Stored, "hits do not prolong");
        clock.advance(Duration::from_secs(5));
        value::entry(1).blocking().put(2);
        clock.advance(Duration::from_secs(9));
        assert_eq!(
            value::traced(1),
            (2, Outcome::Hit),
            "what is put lives as long"
        );
        clock.advance(Duration::from_secs(1));
        assert_eq!(value::traced(1), (1, Outcome::Stored));
    });
}

#[test]
fn a_remembered_none_lives_by_its_own_ttl_even_where_that_is_longer() {
    #[cached(key = "t:none", ttl = 5, ttl_none = 60)]
    fn nothing() -> Option<u64> {
        None
    }
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        assert_eq!(nothing::traced().1, Outcome::Stored);
        clock.advance(Duration::from_secs(59));
        assert_eq!(nothing::traced().1, Outcome::Hit);
        clock.advance(Duration::from_secs(1));
        assert_eq!(nothing::traced().1, Outcome::Stored);
    });
}

#[test]
fn a_remembered_none_is_no_value_to_the_handle() {
    #[cached(key = "t:absent", ttl_none = 60)]
    fn nothing() -> Option<i64> {
        None
    }
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        let handle = cache.blocking();
        nothing();
        assert!(!handle.contains("t:absent").expect("a valid key"));
        assert!(!handle.touch("t:absent", 90).expect("a valid key"));
        assert!(handle.add("t:absent", &1i64, 60).expect("a valid key"));
        handle.delete("t:absent").expect("a valid key");
        nothing();
        assert!(!handle.delete("t:absent").expect("a valid key"));
        nothing();
        assert_eq!(handle.incr_or("t:absent", 1, 0).expect("a counter"), 1);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(handle.get("t:absent").expect("a valid key"), Some(1i64));
    });
}

#[test]
fn a_ttl_may_be_written_as_in_the_attributes() -> Result<(), Error> {
    let cache = Cache::memory().build()?;
    let cache = cache.blocking();
    cache.set("k", &1i64, "5m")?;
    assert_eq!(cache.ttl("k")?, Some(Ttl::from(300)));
    assert!(cache.touch("k", "forever")?);
    assert_eq!(cache.ttl("k")?, Some(Ttl::FOREVER));
    let wrong = cache.set("k", &2i64, "5 minutes").map_err(|e| e.kind());
    assert_eq!(wrong, Err(ErrorKind::Ttl));
    assert_eq!(cache.get("k")?, Some(1i64), "nothing is changed");
    Ok(())
}
