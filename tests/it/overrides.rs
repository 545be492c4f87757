//! What a deployment says of a template, whatever the attribute says.

use std::time::Duration;

use cached_core::testing::{Faulty, in_process, with_cache_blocking};
use cached_core::time::ManualClock;
use cached_core::{Builder, Cache, ErrorKind, Outcome, Override, Ttl, cached};

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

#[cached(key = "o:near:<id>", l1 = "60s")]
fn near(id: u64) -> u64 {
    id
}

#[cached(key = "o:far:<id>", l1 = false)]
fn far(id: u64) -> u64 {
    id
}

#[cached(key = "o:as-the-cache:<id>")]
fn as_the_cache(id: u64) -> u64 {
    id
}

/// Whether the backend is asked by the third call and the fourth: the first computes, and what the
/// second reads may be kept.
fn asks(policy: impl FnOnce(Builder) -> Builder, call: fn(u64) -> u64) -> bool {
    let backend = Faulty::new(in_process());
    let cache = policy(Cache::on(backend.clone())).timeout(Duration::from_secs(60));
    let cache = cache.build().expect("it tells of changes");
    with_cache_blocking(&cache, || {
        assert_eq!((call(7), call(7)), (7, 7));
        let before = backend.all_calls();
        assert_eq!((call(7), call(7)), (7, 7));
        backend.all_calls() > before
    })
}

#[test]
fn a_function_says_itself_whether_it_is_kept_in_front_of_a_backend() {
    assert!(asks(|cache| cache, as_the_cache));
    assert!(!asks(|cache| cache, near));
    assert!(!asks(|cache| cache.l1(60), as_the_cache));
    assert!(asks(|cache| cache.l1(60), far));
}

#[test]
fn a_deployment_says_it_whatever_the_function_says() {
    let policy = |template, what| move |cache: Builder| cache.l1(60).policy(template, what);
    assert!(!asks(policy("o:far:<id>", Override::new().l1(60)), far));
    assert!(!asks(
        policy("o:far:<id>", Override::new().l1_watched()),
        far
    ));
    assert!(asks(policy("o:near:<id>", Override::new().no_l1()), near));
    let usual = "o:as-the-cache:{id}";
    assert!(asks(policy(usual, Override::new().no_l1()), as_the_cache));
    let other = policy("o:near:<id>", Override::new().no_l1());
    assert!(!asks(other, as_the_cache), "nobody said anything of it");
}

#[test]
fn an_age_of_an_override_is_one() {
    for age in [Ttl::from(0), Ttl::from(-1i64), Ttl::FOREVER] {
        let cache = Cache::memory().policy("o:near:<id>", Override::new().l1(age));
        let error = cache.build().expect_err("it is no age");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("greatest age"), "{error}");
        let error = Cache::on(in_process())
            .l1(age)
            .build()
            .expect_err("it is no age");
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
