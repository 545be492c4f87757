//! A cache as a whole: when it is full, closed, asked by many, or by sync callers.

use std::time::Duration;

use super::{done, got, set};
use crate::cache::Cache;
use crate::testing::conformance::stage::{fresh, on_threads};
use crate::testing::conformance::subject::Subject;

/// A default stands in for what is not there, is not stored, and hides no stored `None`.
pub async fn a_default_stands_in_for_a_miss(subject: &Subject) {
    let (here, there) = subject.caches();
    assert_eq!(done(here.get_or("k", Some(7u8)).await), Some(7));
    assert_eq!(done(there.get::<Option<u8>>("k").await), None);
    done(here.set("k", &None::<u8>, 60).await);
    assert_eq!(done(there.get_or("k", Some(7u8)).await), None);
    let none = || async { unreachable!("`None` is there") };
    let through = there.get_or_set::<Option<u8>, _, _>("k", 60, none).await;
    assert_eq!(done(through), None);
    let computed = here.get_or_set("new", 60, || async { None::<u8> }).await;
    assert_eq!(done(computed), None);
    assert_eq!(done(there.get_or("new", Some(7u8)).await), None, "stored");
}

/// `contains` goes by what `get` would find.
pub async fn contains_goes_by_life(subject: &Subject) {
    let prefix = fresh();
    let cache = subject.cache(&prefix);
    let there = async |key: &str| done(cache.contains(key).await);
    assert!(!there("k").await, "nobody set it");
    set(&cache, "k", "value", 60).await;
    set(&cache, "short", "value", subject.short()).await;
    assert!(there("k").await && there("short").await);
    done(cache.expire("k").await);
    assert!(!there("k").await, "it is stale");
    set(&cache, "k", "value", 60).await;
    done(cache.delete("k").await);
    assert!(!there("k").await, "it was deleted");
    subject.advance(subject.short()).await;
    let later = subject.cache(&prefix);
    assert!(!done(later.contains("short").await), "its time is over");
}

/// Calls of no keys do nothing, and a cache of nothing can be cleared.
pub async fn nothing_is_no_fault(subject: &Subject) {
    let (here, _) = subject.caches();
    done(here.clear().await);
    let none: [(&str, &u32); 0] = [];
    done(here.set_many(none, 60).await);
    assert_eq!(done(here.get_many::<u32>([""; 0]).await), []);
    assert_eq!(done(here.delete_many([""; 0]).await), 0);
    assert_eq!(done(here.delete_many(["a", "b"]).await), 0);
    done(here.clear().await);
}

/// Of processes that compute one key at once each gets an answer, and later all the same.
pub async fn racing_read_throughs_come_to_one(subject: &Subject) {
    let prefix = fresh();
    let caches: Vec<Cache> = (0..4).map(|_| subject.cache(&prefix)).collect();
    let racing = caches.clone();
    let answers = on_threads(racing.len(), move |at| {
        let cache = racing[at].clone();
        async move { done(cache.get_or_set("k", 60, || async { at }).await) }
    });
    assert!(answers.await.iter().all(|answer| *answer < caches.len()));
    let stored = done(caches[0].get::<usize>("k").await);
    assert!(stored.is_some(), "one of them was the first");
    for cache in &caches {
        let again = cache.get_or_set("k", 60, || async { usize::MAX }).await;
        assert_eq!(Some(done(again)), stored, "later it is there");
    }
}

/// A cache that was closed has what it had, and can be used.
pub async fn a_closed_cache_can_be_used(subject: &Subject) {
    let (here, there) = subject.caches();
    set(&here, "k", "value", 60).await;
    for _ in 0..2 {
        done(here.close(Duration::from_secs(5)).await);
    }
    assert_eq!(got(&there, "k").await.as_deref(), Some("value"));
    set(&here, "k", "next", 60).await;
    assert_eq!(got(&here, "k").await.as_deref(), Some("next"));
}

/// A cache with a bound takes new values when it is full: old ones go, and it goes on.
pub async fn a_full_cache_takes_new_values(subject: &Subject) {
    const VALUES: usize = 3000;
    let Some(cache) = subject.bounded(&fresh()) else {
        subject.lacks("bound");
        return;
    };
    let value = "v".repeat(16_000);
    let mut seen = 0;
    for number in 0..VALUES {
        let key = format!("k{number}");
        set(&cache, &key, &value, 60).await;
        seen += usize::from(got(&cache, &key).await.is_some());
    }
    assert!(
        seen > VALUES * 9 / 10,
        "what was just stored is there, but for a few: {seen} of {VALUES}"
    );
    let mut left = 0;
    for number in 0..VALUES {
        left += usize::from(got(&cache, &format!("k{number}")).await.is_some());
    }
    assert!(left < VALUES / 2, "it has a bound: {left} of {VALUES} left");
    done(cache.clear().await);
    set(&cache, "k", "value", 60).await;
    assert_eq!(got(&cache, "k").await.as_deref(), Some("value"));
}
