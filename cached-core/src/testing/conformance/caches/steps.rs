//! Operations that look and write in one step.

use super::{done, got, set};
use crate::cache::Cache;
use crate::error::ErrorKind;
use crate::testing::conformance::stage::{fresh, on_threads};
use crate::testing::conformance::subject::Subject;

/// `add` stores where no live value is, and nowhere else.
pub async fn add_stores_where_nothing_is(subject: &Subject) {
    let (here, there) = subject.caches();
    let add = async |cache: &Cache, value: &str| done(cache.add("k", &value.to_owned(), 60).await);
    assert!(add(&here, "first").await, "nothing was there");
    assert!(!add(&there, "second").await, "the first is there");
    assert_eq!(got(&there, "k").await.as_deref(), Some("first"));
    done(here.delete("k").await);
    assert!(add(&there, "third").await, "it was deleted");
}

/// Of many that add at once, one succeeds.
pub async fn one_of_many_adds(subject: &Subject) {
    let prefix = fresh();
    let (caches, cache) = (processes(subject, &prefix), subject.cache(&prefix));
    let added = on_threads(caches.len(), move |at| {
        let cache = caches[at].clone();
        async move { done(cache.add("k", &at, 60).await) }
    });
    let added = added.await;
    let winners: Vec<usize> = (0..added.len()).filter(|at| added[*at]).collect();
    assert_eq!(winners.len(), 1, "one finds nothing there");
    assert_eq!(
        done(cache.get::<usize>("k").await),
        Some(winners[0]),
        "and its value is what is there"
    );
}

/// The caches of four processes.
fn processes(subject: &Subject, prefix: &str) -> Vec<Cache> {
    (0..4).map(|_| subject.cache(prefix)).collect()
}

/// No increment is lost, however many come at once.
pub async fn no_increment_is_lost(subject: &Subject) {
    let prefix = fresh();
    let (caches, cache) = (processes(subject, &prefix), subject.cache(&prefix));
    let sums = on_threads(caches.len(), move |at| {
        let cache = caches[at].clone();
        async move {
            let mut sums = Vec::new();
            for _ in 0..25 {
                sums.push(done(cache.incr_or("n", 1, 0).await));
            }
            sums
        }
    });
    let mut sums = sums.await.concat();
    sums.sort_unstable();
    assert_eq!(
        sums,
        (1..=100).collect::<Vec<i64>>(),
        "every increment sees a sum of its own"
    );
    assert_eq!(
        done(cache.incr("n", 0).await),
        100,
        "the last sum is what is there"
    );
}

/// A counter has to be there or is given a beginning, refuses to leave its range, and is no other value.
pub async fn counters_have_rules(subject: &Subject) {
    let (here, there) = subject.caches();
    let missing = here.incr("n", 1).await.map_err(|error| error.kind());
    assert_eq!(missing, Err(ErrorKind::NotFound), "there is no counter");
    let begun = here.incr_or("n", 5, i64::MAX - 5).await;
    assert_eq!(done(begun), i64::MAX, "it counts from what it is given");
    let beyond = there.incr("n", 1).await.map_err(|error| error.kind());
    assert_eq!(beyond, Err(ErrorKind::Overflow), "there is no larger sum");
    assert_eq!(
        done(there.get::<i64>("n").await),
        Some(i64::MAX),
        "nothing is changed"
    );
    assert_eq!(done(there.decr("n", 2).await), i64::MAX - 2, "downwards");
    set(&here, "text", "1", 60).await;
    let text = there.incr("text", 1).await.map_err(|error| error.kind());
    assert_eq!(text, Err(ErrorKind::WrongType), "text is no counter");
    assert_eq!(
        got(&here, "text").await.as_deref(),
        Some("1"),
        "nothing is changed"
    );
}
