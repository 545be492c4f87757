//! Batches: one call for many keys, each of which is an entry of its own.

mod counting;
mod shapes;
mod shared;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use cached_core::event::EventKind;
use cached_core::testing::with_cache;
use cached_core::{Cache, Handle, cached, invalidates};

use crate::support::{Gate, Task, Watch, memory};

/// What bodies were asked for, and a gate that they wait at.
#[derive(Clone, Default, Handle)]
pub(super) struct Source {
    asked: Arc<Mutex<Vec<Vec<u64>>>>,
    gate: Gate,
}

impl Source {
    pub(super) fn open() -> Self {
        let source = Self::default();
        source.gate.open();
        source
    }

    pub(super) async fn find(&self, ids: &[u64]) -> Vec<(u64, String)> {
        self.asked
            .lock()
            .expect("nobody panics here")
            .push(ids.to_vec());
        self.gate.passed().await;
        ids.iter().map(|id| (*id, format!("Post {id}"))).collect()
    }

    /// What each run was asked for.
    pub(super) fn asked(&self) -> Vec<Vec<u64>> {
        self.asked.lock().expect("nobody panics here").clone()
    }
}

#[cached(key = "batches:post:<id>", batch(id in ids))]
pub(super) async fn posts(source: &Source, ids: &[u64]) -> HashMap<u64, String> {
    source.find(ids).await.into_iter().collect()
}

#[cached(key = "batches:post:<id>")]
pub(super) async fn post(source: &Source, id: u64) -> Option<String> {
    source.find(&[id]).await.pop().map(|(_, post)| post)
}

#[invalidates("batches:post:<id>")]
pub(super) async fn change(id: u64) {
    let _ = id;
}

/// A call of the batch in a cache.
fn all<'a>(cache: &'a Cache, source: &'a Source, ids: &'a [u64]) -> Task<'a, HashMap<u64, String>> {
    Task::new(with_cache(cache, posts(source, ids)))
}

fn one<'a>(cache: &'a Cache, source: &'a Source, id: u64) -> Task<'a, Option<String>> {
    Task::new(with_cache(cache, post(source, id)))
}

fn changed(cache: &Cache, id: u64) {
    Task::new(with_cache(cache, change(id))).ends();
}

fn sorted(posts: HashMap<u64, String>) -> Vec<u64> {
    let mut ids: Vec<u64> = posts.into_keys().collect();
    ids.sort_unstable();
    ids
}

#[test]
fn the_body_is_asked_for_what_is_missing_each_id_once_and_in_order() {
    let (cache, source) = (memory(), Source::open());
    assert_eq!(sorted(all(&cache, &source, &[3, 1, 3]).ends()), [1, 3]);
    let posts = all(&cache, &source, &[1, 5, 2, 3, 5]).ends();
    assert_eq!(posts[&2], "Post 2");
    assert_eq!(sorted(posts), [1, 2, 3, 5]);
    assert_eq!(source.asked(), [vec![3, 1], vec![5, 2]]);
}

#[test]
fn without_ids_and_without_misses_the_body_does_not_run() {
    let (cache, source) = (memory(), Source::open());
    assert!(all(&cache, &source, &[]).ends().is_empty());
    assert!(source.asked().is_empty());
    all(&cache, &source, &[1, 2]).ends();
    assert_eq!(sorted(all(&cache, &source, &[2, 1]).ends()), [1, 2]);
    assert_eq!(source.asked().len(), 1);
}

#[test]
fn a_batch_and_the_function_of_one_id_share_their_entries() {
    let (cache, source) = (memory(), Source::open());
    all(&cache, &source, &[1, 2]).ends();
    assert_eq!(one(&cache, &source, 1).ends().as_deref(), Some("Post 1"));
    one(&cache, &source, 3).ends();
    all(&cache, &source, &[1, 2, 3]).ends();
    assert_eq!(source.asked(), [vec![1, 2], vec![3]]);
    changed(&cache, 2);
    all(&cache, &source, &[1, 2, 3]).ends();
    assert_eq!(source.asked().last(), Some(&vec![2]));
}

#[test]
fn two_batches_that_overlap_crosswise_compute_each_id_once() {
    let (cache, source) = (memory(), Source::default());
    let watch = Watch::of(&cache);
    let mut first = Task::waiting(with_cache(&cache, posts(&source, &[1, 2, 3])));
    let mut second = Task::waiting(with_cache(&cache, posts(&source, &[4, 3, 2])));
    let mut third = Task::waiting(with_cache(&cache, posts(&source, &[5, 4, 1])));
    assert_eq!(watch.count(EventKind::Joined), 4);
    source.gate.open();
    // The later ones end what they lead, and wait for the first.
    third.waits();
    second.waits();
    assert_eq!(sorted(first.ends()), [1, 2, 3]);
    assert_eq!(sorted(second.ends_woken()), [2, 3, 4]);
    assert_eq!(sorted(third.ends_woken()), [1, 4, 5]);
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![4], vec![5]]);
}

#[test]
fn a_batch_joins_a_call_of_one_id_and_the_other_way_round() {
    let (cache, source) = (memory(), Source::default());
    let mut single = Task::waiting(with_cache(&cache, post(&source, 1)));
    let mut batch = Task::waiting(with_cache(&cache, posts(&source, &[1, 2])));
    let mut late = Task::waiting(with_cache(&cache, post(&source, 2)));
    source.gate.open();
    single.ends();
    assert_eq!(sorted(batch.ends()), [1, 2]);
    assert_eq!(late.ends_woken().as_deref(), Some("Post 2"));
    assert_eq!(source.asked(), [vec![1], vec![2]]);
}

/// Invalidates one of three while a batch computes them.
fn refuses_that_one_only(here: &Cache, by: &Cache) {
    let (source, watch) = (Source::default(), Watch::of(here));
    let mut batch = Task::waiting(with_cache(here, posts(&source, &[1, 2, 3])));
    let mut joiner = Task::waiting(with_cache(here, post(&source, 2)));
    changed(by, 2);
    source.gate.open();
    assert_eq!(sorted(batch.ends()), [1, 2, 3]);
    let counts = [EventKind::Stored, EventKind::Refused].map(|kind| watch.count(kind));
    assert_eq!(counts, [2, 1]);
    joiner.ends_woken();
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![2]], "it started over");
    all(by, &source, &[1, 2, 3]).ends();
    assert_eq!(source.asked().len(), 2);
}

#[test]
fn an_invalidation_of_one_id_refuses_that_one_only() {
    let cache = memory();
    refuses_that_one_only(&cache, &cache);
}

#[test]
fn a_dropped_batch_hands_over_what_it_led() {
    let (cache, source) = (memory(), Source::default());
    let batch = Task::waiting(with_cache(&cache, posts(&source, &[1, 2, 3])));
    let mut joiner = Task::waiting(with_cache(&cache, posts(&source, &[3, 2])));
    drop(batch);
    source.gate.open();
    assert_eq!(sorted(joiner.ends_woken()), [2, 3]);
    assert_eq!(sorted(all(&cache, &source, &[1, 2, 3]).ends()), [1, 2, 3]);
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![3, 2], vec![1]]);
}

#[test]
fn a_lead_that_is_offered_to_a_batch_while_its_body_runs_goes_to_the_next() {
    let (cache, source, slow) = (memory(), Source::default(), Source::default());
    let leader = Task::waiting(with_cache(&cache, posts(&source, &[1])));
    let mut busy = Task::waiting(with_cache(&cache, posts(&slow, &[1, 2])));
    let quick = Source::open();
    let mut next = Task::waiting(with_cache(&cache, post(&quick, 1)));
    drop(leader);
    busy.waits();
    assert_eq!(next.ends_woken().as_deref(), Some("Post 1"));
    slow.gate.open();
    assert_eq!(sorted(busy.ends()), [1, 2]);
    assert_eq!(slow.asked(), [vec![2]]);
}

#[test]
fn a_body_that_panics_releases_everybody() {
    #[cached(key = "batches:panics:<id>", batch(id in ids), skip(source))]
    async fn panics(source: &Source, ids: &[u64]) -> HashMap<u64, u64> {
        source.find(ids).await;
        assert!(ids.len() < 2, "as the test wants");
        ids.iter().map(|id| (*id, *id)).collect()
    }
    let (cache, source) = (memory(), Source::default());
    let mut batch = Task::waiting(with_cache(&cache, panics(&source, &[1, 2])));
    let mut joiner = Task::waiting(with_cache(&cache, panics(&source, &[2])));
    source.gate.open();
    assert!(catch_unwind(AssertUnwindSafe(|| batch.poll())).is_err());
    assert_eq!(joiner.ends_woken()[&2], 2);
    assert_eq!(
        Task::new(with_cache(&cache, panics(&source, &[1]))).ends()[&1],
        1
    );
}

#[test]
fn a_body_that_calls_for_its_own_ids_computes_them_alone() {
    #[cached(key = "batches:post:<id>", batch(id in ids), skip(source))]
    async fn nested(source: &Source, ids: &[u64]) -> HashMap<u64, String> {
        let mut found = posts(source, ids).await;
        for id in ids {
            found.extend(post(source, *id).await.map(|post| (*id, post)));
        }
        found
    }
    let (cache, source) = (memory(), Source::open());
    let posts = Task::new(with_cache(&cache, nested(&source, &[1, 2]))).ends();
    assert_eq!(sorted(posts), [1, 2]);
    assert_eq!(source.asked(), [vec![1, 2], vec![1], vec![2]]);
}

#[test]
fn ten_thousand_ids_are_one_run() {
    let (cache, source) = (memory(), Source::default());
    let ids: Vec<u64> = (0..10_000).collect();
    let mut first = Task::waiting(with_cache(&cache, posts(&source, &ids)));
    let mut second = Task::waiting(with_cache(&cache, posts(&source, &ids)));
    source.gate.open();
    assert_eq!(first.ends().len(), 10_000);
    assert_eq!(second.ends_woken().len(), 10_000);
    assert_eq!(all(&cache, &source, &ids).ends().len(), 10_000);
    assert_eq!(source.asked().len(), 1);
}
