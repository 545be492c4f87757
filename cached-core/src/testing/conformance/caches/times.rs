//! How long values live.

use std::time::Duration;

use super::{done, got, set};
use crate::testing::conformance::stage::fresh;
use crate::testing::conformance::subject::Subject;
use crate::time::Ttl;

/// A counter that exists keeps its time to live.
pub async fn an_increment_keeps_the_time(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    done(cache.set("n", &5i64, subject.short()).await);
    assert_eq!(done(cache.incr("n", 1).await), 6, "it counts on");
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    assert_eq!(
        done(later.incr_or("n", 1, 0).await),
        1,
        "its time was over, so this one begins anew"
    );
}

/// A value is gone when its time is over: below a second too.
pub async fn a_value_goes_with_its_time(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    set(&cache, "short", "value", subject.short()).await;
    set(&cache, "long", "value", 60).await;
    set(&cache, "forever", "value", Ttl::FOREVER).await;
    done(
        cache
            .get_or_set("computed", subject.short(), || async { 1u32 })
            .await,
    );
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    assert_eq!(got(&later, "short").await, None, "its time is over");
    assert_eq!(
        done(later.get::<u32>("computed").await),
        None,
        "also of what was computed"
    );
    assert!(got(&later, "long").await.is_some(), "a minute is not over");
    assert!(got(&later, "forever").await.is_some(), "nor is forever");
    assert!(
        done(later.add("short", &"new".to_owned(), 60).await),
        "nothing is there"
    );
}

/// A time to live of zero stores nothing, and removes what was there.
pub async fn zero_is_over_at_once(subject: &Subject) {
    let (here, there) = subject.caches();
    set(&here, "k", "value", 60).await;
    set(&here, "k", "value", Duration::ZERO).await;
    assert_eq!(
        got(&there, "k").await,
        None,
        "no time, no value, and the old one is replaced"
    );
    set(&here, "k", "value", 60).await;
    assert!(done(there.touch("k", Duration::ZERO).await), "it was there");
    assert_eq!(got(&there, "k").await, None, "its time is over now");
}

/// `touch` gives a live value another time, and none to what is not there.
pub async fn touch_gives_another_time(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    assert!(!done(cache.touch("long", 60).await), "nothing is there");
    set(&cache, "long", "value", subject.short()).await;
    set(&cache, "short", "value", Ttl::FOREVER).await;
    assert!(done(cache.touch("long", 600).await), "it is there");
    assert!(
        done(cache.touch("short", subject.short()).await),
        "it is there"
    );
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    assert!(
        got(&later, "long").await.is_some(),
        "it was given more time"
    );
    assert_eq!(got(&later, "short").await, None, "it was given less");
}

/// What was expired is served no more.
pub async fn expire_makes_stale(subject: &Subject) {
    let (here, _) = subject.caches();
    assert!(!done(here.expire("k").await), "nothing is there");
    set(&here, "k", "value", 60).await;
    assert!(done(here.expire("k").await), "it was live");
    assert_eq!(got(&here, "k").await, None, "it is stale now");
    let next = here
        .get_or_set("k", 60, || async { "next".to_owned() })
        .await;
    assert_eq!(done(next), "next", "so the body runs");
    assert_eq!(
        got(&here, "k").await.as_deref(),
        Some("next"),
        "and its value takes the place"
    );
}
