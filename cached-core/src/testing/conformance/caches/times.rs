//! How long values live.

use std::time::Duration;

use super::{done, got, set};
use crate::error::ErrorKind;
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
    // At once: it is not there for long.
    assert!(done(cache.touch("long", 600).await), "it is there");
    set(&cache, "short", "value", Ttl::FOREVER).await;
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

/// Forever is a time by every operation that takes one; so is the cache's default.
pub async fn forever_has_no_end(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    let keys = ["set", "add", "many", "through", "touched"];
    let value = "value".to_owned();
    let is_new = cache.add("add", &value, Ttl::FOREVER).await;
    assert!(done(is_new), "nothing is there");
    set(&cache, "set", "value", Ttl::FOREVER).await;
    done(cache.set_many([("many", &value)], Ttl::FOREVER).await);
    let through = cache.get_or_set("through", Ttl::FOREVER, || async { value });
    done(through.await);
    set(&cache, "touched", "value", subject.short()).await;
    set(&cache, "default", "value", subject.short()).await;
    assert!(done(cache.touch("touched", Ttl::FOREVER).await));
    assert!(done(cache.touch("default", Ttl::DEFAULT).await));
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    for key in keys {
        assert_eq!(got(&later, key).await.as_deref(), Some("value"), "{key}");
        assert_eq!(done(later.ttl(key).await), Some(Ttl::FOREVER), "{key}");
    }
    let left = done(later.ttl("default").await).and_then(Ttl::as_duration);
    assert!(left > Some(subject.short()), "{left:?} is the default");
}

/// Several values at once go with their time.
pub async fn several_values_go_with_their_time(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    done(cache.set_many([("a", &1u32), ("b", &2)], 60).await);
    done(
        cache
            .set_many([("b", &3u32), ("c", &4)], subject.short())
            .await,
    );
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    let found = done(later.get_many::<u32>(["a", "b", "c"]).await);
    assert_eq!(found, [Some(1), None, None], "a minute is not over");
    assert_eq!(done(later.delete_many(["a", "b", "c"]).await), 1);
}

/// No time stores nothing, by every operation, and less than none is refused.
pub async fn no_time_stores_nothing(subject: &Subject) {
    let (here, there) = subject.caches();
    let value = "value".to_owned();
    let never = Duration::ZERO;
    let added = here.add("added", &value, never).await;
    assert!(done(added), "nothing was there");
    set(&here, "b", "old", 60).await;
    assert!(!done(here.add("b", &value, never).await), "something was");
    done(here.set_many([("a", &value), ("b", &value)], never).await);
    let found = done(there.get_many::<String>(["added", "a", "b"]).await);
    assert_eq!(found, [None, None, None]);
    let computed = here.get_or_set("k", never, || async { 1u32 }).await;
    assert_eq!(done(computed), 1, "a read-through still answers");
    assert!(!done(there.contains("k").await), "and stores nothing");
    let less = here.set("k", &value, -1).await;
    assert_eq!(less.map_err(|error| error.kind()), Err(ErrorKind::Ttl));
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
