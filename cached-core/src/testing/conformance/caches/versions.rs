//! Versions of keys, by every operation.

use super::{done, got, set};
use crate::error::ErrorKind;
use crate::testing::conformance::subject::Subject;
use crate::time::Ttl;

/// What looks before it writes looks at its version only.
pub async fn versions_are_looked_at_apart(subject: &Subject) {
    let (first, there) = subject.caches();
    let second = there.with_version(2);
    set(&first, "k", "first", 600).await;
    assert!(!done(second.contains("k").await), "there is no second");
    assert!(!done(second.touch("k", 60).await), "nor has it a time");
    assert!(!done(second.expire("k").await));
    assert_eq!(done(second.ttl("k").await), None);
    assert!(!done(second.delete("k").await));
    let add = second.add("k", &"second".to_owned(), Ttl::FOREVER).await;
    assert!(done(add), "nothing was there");
    let again = first.add("k", &"again".to_owned(), 60).await;
    assert!(!done(again), "the first is there");
    assert!(done(second.expire("k").await), "it is there now");
    assert_eq!(got(&second, "k").await, None);
    assert_eq!(got(&first, "k").await.as_deref(), Some("first"));
}

/// Counters count per version.
pub async fn versions_count_apart(subject: &Subject) {
    let (first, there) = subject.caches();
    let second = there.with_version(2);
    assert_eq!(done(first.incr_or("n", 1, 10).await), 11);
    let missing = second.incr("n", 1).await.map_err(|error| error.kind());
    assert_eq!(missing, Err(ErrorKind::NotFound), "there is no second");
    assert_eq!(done(second.incr_or("n", 1, 20).await), 21);
    assert_eq!(done(second.decr("n", 3).await), 18);
    assert_eq!(done(first.incr("n", 1).await), 12);
    assert_eq!(done(second.get::<i64>("n").await), Some(18));
}

/// Several keys at once are of one version.
pub async fn several_keys_of_a_version(subject: &Subject) {
    let (first, there) = subject.caches();
    let second = there.with_version(2);
    done(first.set_many([("a", &1u32), ("b", &2)], 60).await);
    done(second.set_many([("b", &20u32), ("c", &30)], 60).await);
    let keys = ["a", "b", "c"];
    let found = done(there.get_many::<u32>(keys).await);
    assert_eq!(found, [Some(1), Some(2), None]);
    let found = done(second.get_many::<u32>(keys).await);
    assert_eq!(found, [None, Some(20), Some(30)]);
    assert_eq!(done(second.delete_many(keys).await), 2);
    let found = done(first.get_many::<u32>(keys).await);
    assert_eq!(found, [Some(1), Some(2), None], "only the second went");
}

/// A read-through reads and stores in its version.
pub async fn versions_are_computed_apart(subject: &Subject) {
    let (first, there) = subject.caches();
    let second = there.with_version(2);
    let through = first.get_or_set("k", 60, || async { 1u32 }).await;
    assert_eq!(done(through), 1);
    let through = second.get_or_set("k", 60, || async { 2u32 }).await;
    assert_eq!(done(through), 2, "the first is of another version");
    assert_eq!(done(first.get::<u32>("k").await), Some(1));
    assert_eq!(done(there.get_or("k", 0u32).await), 1);
    assert_eq!(done(second.get::<u32>("k").await), Some(2));
    assert_eq!(done(first.with_version(3).get::<u32>("k").await), None);
}
