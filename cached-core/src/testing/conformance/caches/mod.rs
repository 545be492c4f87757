//! The operations of a cache, as two processes see them.
//!
#![doc = include_str!("cases.md")]

mod keys;
mod kinds;
mod near;
mod steps;
mod tenants;
mod texts;
mod times;
mod tools;
mod twins;
mod versions;
mod whole;

pub use keys::{an_empty_key_is_refused, any_language_goes, any_text_can_be_a_key};
pub use kinds::{
    a_copy_is_stored, bytes_are_values, several_are_stored_or_none, values_of_every_kind_come_back,
    what_cannot_be_encoded_is_refused,
};
pub use near::what_was_read_changes;
pub use steps::{
    add_stores_where_nothing_is, counters_have_rules, no_increment_is_lost, one_of_many_adds,
};
pub use tenants::{
    a_function_says_the_tenant, a_tenant_has_its_locks, a_tenant_has_its_tags,
    a_tenant_overtakes_its_own, a_tenants_keys_are_listed, no_tenant_forges_anothers_key,
    tenants_are_apart,
};
pub use texts::{a_function_makes_the_keys, a_made_key_is_any_text_but_none};
pub use times::{
    a_value_goes_with_its_time, an_increment_keeps_the_time, expire_makes_stale,
    forever_has_no_end, no_time_stores_nothing, several_values_go_with_their_time,
    touch_gives_another_time, zero_is_over_at_once,
};
pub use tools::{
    a_long_time_is_long, a_moved_value_falls_with_its_cache, a_stored_none_is_no_miss,
    a_value_goes_to_another_version, a_value_tells_its_time, keys_are_deleted_by_a_pattern,
    keys_are_listed_by_a_pattern, warming_replaces_nothing, warming_replaces_what_is_of_no_use,
};
pub use twins::{
    sync_callers_are_refused_the_same, sync_callers_compute_once, sync_callers_do_the_same,
    sync_callers_end_values, sync_callers_have_entries, sync_callers_list_keys,
    sync_callers_move_versions, sync_callers_overtake, sync_callers_tell_the_time,
    sync_callers_warm,
};
pub use versions::{
    several_keys_of_a_version, versions_are_computed_apart, versions_are_looked_at_apart,
    versions_count_apart,
};
pub use whole::{
    a_closed_cache_can_be_used, a_default_stands_in_for_a_miss, a_full_cache_takes_new_values,
    contains_goes_by_life, nothing_is_no_fault, racing_read_throughs_come_to_one,
};

use super::stage::{Gate, eventually, fresh, function, together};
use super::subject::Subject;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind};
use crate::event::Outcome;
use crate::time::Ttl;
use futures_util::future::join_all;

/// What an operation answered, where no fault is expected.
#[track_caller]
pub(super) fn done<T>(answer: Result<T, Error>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("nothing stands in the way of this operation: {error}"),
    }
}

/// What is under the key.
pub(super) async fn got(cache: &Cache, key: &str) -> Option<String> {
    done(cache.get(key).await)
}

pub(super) async fn set(cache: &Cache, key: &str, value: &str, ttl: impl Into<Ttl>) {
    done(cache.set(key, &value.to_owned(), ttl).await);
}

/// What one process sets, another gets; a later `set` replaces it.
pub async fn what_is_set_is_got(subject: &Subject) {
    let (here, there) = subject.caches();
    assert_eq!(got(&there, "k").await, None, "nobody set it");
    set(&here, "k", "first", 60).await;
    assert_eq!(got(&there, "k").await.as_deref(), Some("first"));
    set(&there, "k", "second", 60).await;
    assert_eq!(got(&here, "k").await.as_deref(), Some("second"));
    assert!(done(here.contains("k").await), "a live value is there");
}

/// A value of another type is a miss, and stays what it is.
pub async fn another_type_is_a_miss(subject: &Subject) {
    let (here, there) = subject.caches();
    done(here.set("k", &7u64, 60).await);
    assert_eq!(got(&there, "k").await, None, "no text is there");
    assert_eq!(
        done(there.get::<i64>("k").await),
        None,
        "nor a signed number"
    );
    assert_eq!(
        done(there.get::<u64>("k").await),
        Some(7),
        "the number still is"
    );
    assert!(
        done(there.contains("k").await),
        "a value of some type is there"
    );
}

/// Values of no bytes, of one, and of several megabytes come back whole.
pub async fn values_of_any_size_come_back(subject: &Subject) {
    let (here, there) = subject.caches();
    for size in [0, 1, 100_000, 5 << 20] {
        let value = "v".repeat(size);
        set(&here, "k", &value, 60).await;
        subject.seen().await;
        let found = got(&there, "k").await;
        assert!(
            found.as_ref() == Some(&value),
            "of {size} bytes came {:?}",
            found.map(|found| found.len())
        );
    }
    done(here.set("unit", &(), 60).await);
    assert_eq!(
        done(there.get::<()>("unit").await),
        Some(()),
        "nothing at all is a value"
    );
}

/// A read-through computes once; then every process has the value.
pub async fn a_read_through_computes_once(subject: &Subject) {
    let (here, there) = subject.caches();
    let first = here.get_or_set("k", 60, || async { 1u32 }).await;
    assert_eq!(done(first), 1, "nothing was there, so the body runs");
    for cache in [&here, &there] {
        let again = cache.get_or_set("k", 60, || async { 2u32 }).await;
        assert_eq!(done(again), 1, "it is there, so no body runs");
    }
}

/// Callers of one process that come while a value is computed share it.
pub async fn callers_share_a_computation(subject: &Subject) {
    let (function, cache) = (function!("shared"), subject.cache(&fresh()));
    let (begun, end) = (Gate::default(), Gate::default());
    let leading = function.call(&cache, "k", &[], || async {
        begun.open();
        end.passed().await;
        "first".to_owned()
    });
    let joining = async {
        begun.passed().await;
        let joiners = join_all((0..20).map(|_| function.returns(&cache, "k", "other")));
        let ending = async { end.open() };
        together(joiners, ending).await.0
    };
    let ((_, lead), joined) = together(leading, joining).await;
    assert_eq!(lead, Outcome::Stored, "nothing overtook it");
    for (value, outcome) in joined {
        assert_eq!(
            (value.as_str(), outcome),
            ("first", Outcome::Joined),
            "a computation was under way, and nothing overtook it"
        );
    }
}

/// A failed computation is not stored.
pub async fn a_failure_is_not_stored(subject: &Subject) {
    let (here, there) = subject.caches();
    let fails = || async { Err::<u32, Error>(Error::new(ErrorKind::Key, "no such row")) };
    let failed = here.try_get_or_set("k", 60, fails).await;
    assert!(failed.is_err(), "the body's error is the caller's");
    assert!(!done(there.contains("k").await), "an error is no value");
    // The lease is given back in the background; until then nothing can be stored.
    let stored = eventually(|| async {
        let next = there.try_get_or_set("k", 60, || async { Ok::<_, Error>(2u32) });
        assert_eq!(done(next.await), 2, "the next caller computes");
        done(here.get::<u32>("k").await) == Some(2)
    });
    assert!(stored.await, "and soon a value is stored");
}

/// `delete` says whether a value was there; `invalidate` just sees to it that none is.
pub async fn delete_and_invalidate_remove(subject: &Subject) {
    let (here, there) = subject.caches();
    set(&here, "k", "value", 60).await;
    assert!(done(there.delete("k").await), "it was there");
    assert!(!done(here.delete("k").await), "it is no more");
    set(&here, "k", "value", 60).await;
    let delivery = done(there.invalidate("k").await);
    assert_eq!(
        delivery,
        crate::event::Delivery::Acknowledged,
        "the backend answers"
    );
    assert_eq!(got(&here, "k").await, None, "it is invalidated");
}

/// `clear` drops everything in a cache, and nothing of its neighbours on the same server.
pub async fn clear_drops_this_cache_only(subject: &Subject) {
    let (here, there) = subject.caches();
    let neighbour = subject.cache(&fresh());
    for cache in [&here, &neighbour] {
        set(cache, "k", "value", 60).await;
        set(cache, "l", "value", Ttl::FOREVER).await;
        done(cache.incr_or("n", 1, 0).await);
    }
    done(here.clear().await);
    for cache in [&here, &there] {
        assert_eq!(got(cache, "k").await, None, "it was cleared");
        assert_eq!(got(cache, "l").await, None, "forever ends here too");
    }
    assert_eq!(
        done(there.incr_or("n", 1, 0).await),
        1,
        "counters begin anew"
    );
    assert_eq!(
        got(&neighbour, "k").await.as_deref(),
        Some("value"),
        "another cache's keys are its own"
    );
    set(&here, "k", "new", 60).await;
    assert_eq!(
        got(&there, "k").await.as_deref(),
        Some("new"),
        "a cleared cache can be used"
    );
}

/// Two caches on one server do not see each other's values, counters, tags or invalidations.
pub async fn prefixes_keep_caches_apart(subject: &Subject) {
    let tagged = function!("apart");
    let (one, other) = (subject.cache(&fresh()), subject.cache(&fresh()));
    let read = async |cache: &Cache, value: &'static str| {
        let body = || async { value.to_owned() };
        tagged.call(cache, "f", &["t"], body).await.0
    };
    set(&one, "k", "one", 60).await;
    read(&one, "one").await;
    assert_eq!(got(&other, "k").await, None, "it was set in another cache");
    assert_eq!(
        read(&other, "other").await,
        "other",
        "functions have entries per cache"
    );
    set(&other, "k", "other", 60).await;
    done(other.delete("k").await);
    done(other.invalidate_tag("t").await);
    assert_eq!(
        got(&one, "k").await.as_deref(),
        Some("one"),
        "it was deleted elsewhere"
    );
    assert_eq!(
        read(&one, "next").await,
        "one",
        "the tag was invalidated elsewhere"
    );
}

/// Versions of a key are keys of their own.
pub async fn versions_are_apart(subject: &Subject) {
    let (here, there) = subject.caches();
    let second = there.with_version(2);
    set(&here, "k", "first", 60).await;
    assert_eq!(got(&second, "k").await, None, "no second version was set");
    set(&second, "k", "second", 60).await;
    assert_eq!(got(&here, "k").await.as_deref(), Some("first"));
    done(here.delete("k").await);
    assert_eq!(
        got(&here.with_version(2), "k").await.as_deref(),
        Some("second")
    );
}

/// Several keys at once: in their order, with those that are missing.
pub async fn several_keys_at_once(subject: &Subject) {
    let (here, there) = subject.caches();
    let (a, b) = ("a".to_owned(), "b".to_owned());
    done(here.set_many([("a", &a), ("b", &b)], 60).await);
    let found = done(there.get_many::<String>(["b", "none", "a", "b"]).await);
    assert_eq!(
        found,
        [Some(b.clone()), None, Some(a), Some(b)],
        "one answer per key, in the order of the keys"
    );
    let deleted = done(there.delete_many(["a", "none", "b"]).await);
    assert_eq!(deleted, 2, "one was not there");
    let found = done(here.get_many::<String>(["a", "b"]).await);
    assert_eq!(found, [None, None], "they were deleted");
    let none = done(here.get_many::<String>([""; 0]).await);
    assert_eq!(none, [], "no keys, no values");
}

/// A tag drops every entry that carries it, in every process, and no other.
pub async fn a_tag_drops_what_carries_it(subject: &Subject) {
    let function = function!("tagged");
    let (here, there) = subject.caches();
    let read = async |cache: &Cache, key: &str, tags: &[&str], value: &'static str| {
        let body = || async { value.to_owned() };
        function.call(cache, key, tags, body).await.0
    };
    read(&here, "both", &["red", "blue"], "old").await;
    read(&here, "red", &["red"], "old").await;
    read(&here, "none", &[], "old").await;
    done(there.invalidate_tag("blue").await);
    assert_eq!(
        read(&here, "both", &["red", "blue"], "new").await,
        "new",
        "it carries blue"
    );
    assert_eq!(
        read(&here, "red", &["red"], "new").await,
        "old",
        "it carries red only"
    );
    done(here.invalidate_tag("red").await);
    assert_eq!(
        got(&there, "red").await,
        None,
        "the handle sees its tags too"
    );
    assert_eq!(
        read(&there, "red", &["red"], "new").await,
        "new",
        "it carries red"
    );
    assert_eq!(
        read(&there, "none", &[], "new").await,
        "old",
        "it carries no tag"
    );
}

/// All entries of a function can be dropped at once; those of others stay.
pub async fn a_function_drops_its_entries(subject: &Subject) {
    let (function, neighbour) = (function!("all"), function!("neighbour"));
    let (here, there) = subject.caches();
    function.returns(&here, "a", "old").await;
    function.returns(&here, "b", "old").await;
    neighbour.returns(&here, "c", "old").await;
    set(&here, "d", "old", 60).await;
    function.invalidate_all(&there).await;
    for key in ["a", "b"] {
        let (value, _) = function.returns(&here, key, "new").await;
        assert_eq!(value, "new", "every entry of the function was dropped");
    }
    let (value, _) = neighbour.returns(&there, "c", "new").await;
    assert_eq!(value, "old", "another function's entries are its own");
    assert_eq!(
        got(&there, "d").await.as_deref(),
        Some("old"),
        "the handle's too"
    );
}
