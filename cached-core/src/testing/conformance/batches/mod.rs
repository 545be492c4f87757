//! Functions of many keys: what a single call promises of its key, a batch promises of each.

mod function;
mod meanwhile;
mod size;

pub use meanwhile::{
    a_dropped_batch_holds_nobody_up, an_invalidation_keeps_one_value_out,
    two_processes_at_once_agree, what_is_dropped_meanwhile_is_not_served,
    with_a_lock_each_id_is_computed_once,
};
pub use size::{many_values_are_stored, one_that_is_too_large_leaves_the_others};

use self::function::{Came, Source, TAGS, key, said, tag};
use super::caches::{done, got};
use super::stage::{Function, eventually, function, on_threads};
use super::subject::Subject;
use crate::cache::Cache;
use crate::event::Outcome;

/// Calls it, and shows what it comes to: what `by` says, from where, and what the body was asked for.
#[track_caller]
fn comes_to(came: Came, (by, ids): (&str, &[u64]), from: &[Outcome]) {
    assert_eq!(came.0, said(by, ids), "each id has its own value");
    assert_eq!(came.1, from, "of the ids in their order");
}

/// What one process computes another gets, for all ids at once.
pub async fn what_one_process_computes_another_gets(subject: &Subject) {
    let function = function!("shared");
    let (here, there) = subject.caches();
    let source = Source::new("first");
    let ids = [3, 1, 2];
    let came = function.finds(&here, &ids, &source).await;
    comes_to(came, ("first", &ids), &[Outcome::Stored; 3]);
    assert_eq!(source.asked(), [ids], "all of them in one run");
    for cache in [&here, &there] {
        let came = function.finds(cache, &ids, &source).await;
        comes_to(came, ("first", &ids), &[Outcome::Hit; 3]);
    }
    let (none, outcomes) = function.finds(&there, &[], &source).await;
    assert!(none.is_empty() && outcomes.is_empty(), "no ids, no values");
    assert!(source.asked().is_empty(), "everything was there");
}

/// The body is asked for what is missing, each id once, in the order of the call.
pub async fn only_what_is_missing_is_computed(subject: &Subject) {
    let function = function!("missing");
    let (here, there) = subject.caches();
    let (first, second) = (Source::new("first"), Source::new("second"));
    function.finds(&here, &[2, 5], &first).await;
    let ids = [7, 5, 1, 7, 2, 1];
    let (found, outcomes) = function.finds(&there, &ids, &second).await;
    assert_eq!(second.asked(), [[7, 1]], "the others are there");
    let mut expected = said("second", &[1, 7]);
    expected.extend(said("first", &[2, 5]));
    assert_eq!(found, expected, "found and computed");
    let (stored, hit) = (Outcome::Stored, Outcome::Hit);
    assert_eq!(
        outcomes,
        [stored, hit, stored, hit],
        "each id once: 7, 5, 1, 2"
    );
}

/// That there is nothing for an id is remembered for as long as the function says, and not at all
/// if it says nothing.
pub async fn an_absent_id_is_remembered_where_it_is_said(subject: &Subject) {
    let (silent, says) = (
        function!("silent"),
        function!("absent".ttl_none_ms(600_000)),
    );
    let source = Source::new("first");
    let ids = [1, 900, 2];
    for (function, remembered) in [(silent, false), (says, true)] {
        let (here, there) = subject.caches();
        let absent = match remembered {
            true => [Outcome::Stored, Outcome::Hit],
            false => [Outcome::NotStored; 2],
        };
        let came = function.finds(&here, &ids, &source).await;
        comes_to(
            came,
            ("first", &ids),
            &[Outcome::Stored, absent[0], Outcome::Stored],
        );
        let came = function.finds(&there, &ids, &source).await;
        comes_to(
            came,
            ("first", &ids),
            &[Outcome::Hit, absent[1], Outcome::Hit],
        );
        let again = match remembered {
            true => vec![ids.to_vec()],
            false => vec![ids.to_vec(), vec![900]],
        };
        assert_eq!(source.asked(), again, "it is remembered: {remembered}");
    }
}

/// A function of one key has the same entries, in both directions, and the handle too.
pub async fn one_key_at_a_time_is_the_same(subject: &Subject) {
    let (many, one) = (function!("many"), function!("one"));
    let (here, there) = subject.caches();
    let source = Source::new("many");
    many.finds(&here, &[1, 2], &source).await;
    let (value, outcome) = one.returns(&there, &key(1), "one 1").await;
    assert_eq!((value.as_str(), outcome), ("many 1", Outcome::Hit));
    assert_eq!(got(&there, &key(2)).await.as_deref(), Some("many 2"));
    one.returns(&there, &key(3), "one 3").await;
    done(there.set(&key(4), &"set 4".to_owned(), 60).await);
    let (found, outcomes) = many.finds(&here, &[1, 2, 3, 4], &source).await;
    let found: Vec<_> = found.into_values().flatten().collect();
    assert_eq!(found, ["many 1", "many 2", "one 3", "set 4"]);
    assert_eq!(outcomes, [Outcome::Hit; 4], "one entry for each key");
}

/// Whatever drops entries drops those of batches: by key, by tag, by function, by cache.
pub async fn what_drops_an_entry_drops_it(subject: &Subject) {
    let function = function!("dropped".tags(TAGS));
    let ids = [1, 2, 3];
    for way in 0..4 {
        let (here, there) = subject.caches();
        let (old, new) = (Source::new("old"), Source::new("new"));
        function.finds(&here, &ids, &old).await;
        let gone: &[u64] = match way {
            0 => {
                done(there.invalidate(key(2).as_str()).await);
                &[2]
            }
            1 => {
                done(there.invalidate_tag(tag(3).as_str()).await);
                &[3]
            }
            2 => {
                function.invalidate_all(&there).await;
                &ids
            }
            _ => {
                done(there.clear().await);
                &ids
            }
        };
        let (found, _) = function.finds(&here, &ids, &new).await;
        let mut expected = said("old", &ids);
        expected.extend(said("new", gone));
        assert_eq!(found, expected, "in the way number {way}");
        assert_eq!(new.asked(), [gone], "in the way number {way}");
        let came = function.finds(&there, &ids, &new).await;
        assert_eq!(came.1, [Outcome::Hit; 3], "they are there again");
    }
}

/// A body that fails is the failure of the call; nothing is kept of it, and nobody is held up.
pub async fn a_failure_is_not_kept(subject: &Subject) {
    let function = function!("failing");
    let (here, there) = subject.caches();
    let fails = |_| async { Err("no answer".to_owned()) };
    let (returned, outcomes) = function.call_many(&here, &[1, 2], fails).await;
    assert_eq!(returned, Err("no answer".to_owned()));
    assert!(outcomes.is_empty(), "nothing came of it");
    let source = Source::new("next");
    let stored = eventually(|| async {
        let (found, outcomes) = function.finds(&there, &[2, 1], &source).await;
        assert_eq!(found, said("next", &[1, 2]), "nothing was kept");
        outcomes == [Outcome::Hit; 2]
    });
    assert!(stored.await, "as soon as somebody succeeds");
}

/// Sync functions do the same.
pub async fn sync_batches_do_the_same(subject: &Subject) {
    let function = function!("sync");
    let (here, there) = subject.caches();
    let call = |cache: &Cache, name: &'static str, ids: &'static [u64]| {
        let cache = cache.clone();
        on_threads(1, move |_| {
            let came = finds_blocking(function, &cache, name, ids);
            std::future::ready(came)
        })
    };
    let came = call(&here, "first", &[1, 2]).await.remove(0);
    assert_eq!(came.1, [Outcome::Stored; 2]);
    let came = call(&there, "second", &[1, 2, 3]).await.remove(0);
    let (hit, stored) = (Outcome::Hit, Outcome::Stored);
    assert_eq!(came.1, [hit, hit, stored], "as an async function's are");
    let mut expected = said("first", &[1, 2]);
    expected.extend(said("second", &[3]));
    assert_eq!(came.0, expected);
}

fn finds_blocking(function: Function, cache: &Cache, name: &'static str, ids: &[u64]) -> Came {
    function.finds_blocking(cache, ids, &Source::new(name))
}
