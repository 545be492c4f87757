//! Many values at once, and some that are too large.

use super::function::{Came, Source, said};
use crate::cache::Cache;
use crate::error::ErrorKind;
use crate::event::Outcome;
use crate::testing::conformance::stage::{Function, fresh, function};
use crate::testing::conformance::subject::Subject;

/// As many as a backend has to take in several steps, if it has a bound on one.
const MANY: u64 = 700;

/// Values of hundreds of ids are computed in one run, and all of them are stored.
pub async fn many_values_are_stored(subject: &Subject) {
    let function = function!("hundreds");
    let (here, there) = subject.caches();
    let (first, second) = (Source::new("first"), Source::new("second"));
    let ids: Vec<u64> = (0..MANY).collect();
    let (found, outcomes) = function.finds(&here, &ids, &first).await;
    assert_eq!(found, said("first", &ids));
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Stored),
        "every one of them: {outcomes:?}"
    );
    assert_eq!(first.asked().len(), 1, "in one run");
    let (same, outcomes) = function.finds(&there, &ids, &second).await;
    assert_eq!(same, found, "each has its own value");
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Hit),
        "every one of them: {outcomes:?}"
    );
    assert!(second.asked().is_empty(), "all are there");
}

/// A value that is too large is given to the caller, and does not keep the others of its batch from
/// being stored: neither one that is over the bound of the cache, nor one that its backend refuses.
pub async fn one_that_is_too_large_leaves_the_others(subject: &Subject) {
    const TOO_LARGE: usize = 9 << 20;
    const LARGE: usize = 6 << 20;
    let function = function!("large");
    let (here, there) = subject.caches();
    if here.is_shared() {
        leaves_the_others(function, (&here, &there), TOO_LARGE).await;
    }
    let prefix = fresh();
    let bounded = || subject.bounded(&prefix);
    let Some((here, there)) = bounded().zip(bounded()) else {
        return;
    };
    let refused = here.set("large", &"x".repeat(LARGE), 60).await;
    // Others make room for it.
    if refused.is_err_and(|fault| fault.kind() == ErrorKind::TooLarge) {
        leaves_the_others(function, (&here, &there), LARGE).await;
    }
}

async fn leaves_the_others(function: Function, (here, there): (&Cache, &Cache), bytes: usize) {
    let ids = [1, 2, 3, 4];
    let (found, outcomes) = finds_one_of_size(function, here, &ids, bytes).await;
    let lengths = found.values().flatten().map(String::len);
    assert!(lengths.max() == Some(bytes), "the caller gets all");
    let (stored, not) = (Outcome::Stored, Outcome::NotStored);
    assert_eq!(outcomes, [stored, stored, not, stored], "one is too large");
    let source = Source::new("next");
    let (_, outcomes) = function.finds(there, &[1, 2, 4], &source).await;
    assert_eq!(outcomes, [Outcome::Hit; 3], "the others are there");
}

/// Number 3 is so large.
async fn finds_one_of_size(function: Function, cache: &Cache, ids: &[u64], bytes: usize) -> Came {
    let body = |ids: Vec<u64>| async move {
        let mut found = said("first", &ids);
        found.insert(3, Some("x".repeat(bytes)));
        Ok(found)
    };
    let (found, outcomes) = function.call_many(cache, ids, body).await;
    (found.unwrap_or_default(), outcomes)
}
