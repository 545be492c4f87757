//! Batches on a shared backend.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cached_core::backend::Backend;
use cached_core::testing::{Fault, Faulty, Op, in_process, with_cache};
use cached_core::{Cache, ErrorKind, Outcome, cached};

use super::counting::Counting;
use super::{Source, all, changed, one, posts, refuses_that_one_only, sorted};
use crate::relay::Relay;
use crate::support::Task;

fn scene() -> (Relay<impl Backend, Counting>, Cache) {
    let backend = Relay::new(Arc::new(in_process()), Counting::default());
    let cache = Cache::on(backend.clone()).build().expect("valid");
    (backend, cache)
}

#[test]
fn look_claim_and_fill_are_one_operation_each() {
    let (backend, cache) = scene();
    let source = Source::open();
    assert_eq!(sorted(all(&cache, &source, &[1, 2, 3]).ends()), [1, 2, 3]);
    // The stamps of the namespace and of the function are created once.
    assert_eq!(
        backend.duty.taken(),
        ["now", "read", "acquire_many", "acquire_many", "fill_many"]
    );
    assert_eq!(sorted(all(&cache, &source, &[1, 2, 3]).ends()), [1, 2, 3]);
    assert_eq!(backend.duty.taken(), ["read"]);
    assert_eq!(sorted(all(&cache, &source, &[3, 4, 5]).ends()), [3, 4, 5]);
    assert_eq!(backend.duty.taken(), ["read", "acquire_many", "fill_many"]);
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![4, 5]]);
}

#[test]
fn processes_share_what_batches_and_single_calls_store() {
    let (backend, here) = scene();
    let there = Cache::on(backend).build().expect("valid");
    let source = Source::open();
    all(&here, &source, &[1, 2]).ends();
    assert_eq!(one(&there, &source, 1).ends().as_deref(), Some("Post 1"));
    one(&there, &source, 3).ends();
    assert_eq!(sorted(all(&here, &source, &[1, 2, 3]).ends()), [1, 2, 3]);
    changed(&there, 2);
    all(&here, &source, &[1, 2, 3]).ends();
    assert_eq!(source.asked(), [vec![1, 2], vec![3], vec![2]]);
}

#[test]
fn an_invalidation_by_another_process_refuses_that_id_only() {
    let (backend, here) = scene();
    let there = Cache::on(backend).build().expect("valid");
    refuses_that_one_only(&here, &there);
}

#[test]
fn batches_that_overlap_crosswise_compute_each_id_once() {
    let (_, cache) = scene();
    let source = Source::default();
    let mut first = Task::waiting(with_cache(&cache, posts(&source, &[1, 2, 3])));
    let mut second = Task::waiting(with_cache(&cache, posts(&source, &[4, 3, 2])));
    source.gate.open();
    second.waits();
    assert_eq!(sorted(first.ends()), [1, 2, 3]);
    assert_eq!(sorted(second.ends_woken()), [2, 3, 4]);
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![4]]);
}

#[test]
fn a_dropped_batch_leaves_no_lease() {
    let (_, cache) = scene();
    let source = Source::default();
    drop(Task::waiting(with_cache(&cache, posts(&source, &[1, 2]))));
    source.gate.open();
    all(&cache, &source, &[1, 2]).ends();
    let (found, outcomes) = Task::new(with_cache(&cache, posts::traced(&source, &[1, 2]))).ends();
    assert_eq!((found.len(), outcomes), (2, vec![Outcome::Hit; 2]));
    // Each once more: in one run, or in two where one lease was given back a moment later.
    let mut again = source.asked().concat().split_off(2);
    again.sort_unstable();
    assert_eq!(again, [1, 2]);
}

#[cached(key = "batches:locked:<id>", batch(id in ids), lock, skip(source))]
async fn locked(source: &Source, ids: &[u64]) -> HashMap<u64, String> {
    source.find(ids).await.into_iter().collect()
}

#[test]
fn batches_of_two_processes_with_locks_never_wait_crosswise() {
    let (backend, here) = scene();
    let there = Cache::on(backend).build().expect("valid");
    let (ours, theirs) = (Source::default(), Source::default());
    let mut first = Task::waiting(with_cache(&here, locked(&ours, &[1, 2])));
    let mut second = Task::waiting(with_cache(&there, locked(&theirs, &[2, 3])));
    let mut third = Task::waiting(with_cache(&here, locked(&ours, &[3, 4])));
    assert_eq!(ours.asked(), [vec![1, 2], vec![4]]);
    assert_eq!(theirs.asked(), [vec![3]]);
    ours.gate.open();
    theirs.gate.open();
    assert_eq!(sorted(first.ends()), [1, 2]);
    // It ends what it leads, and looks after the others from time to time.
    assert_eq!(sorted(in_time(&mut second)), [2, 3]);
    assert_eq!(sorted(in_time(&mut third)), [3, 4]);
    assert_eq!((ours.asked().len(), theirs.asked().len()), (2, 1));
}

/// What a task ends with that waits for nothing but time.
fn in_time<T>(task: &mut Task<'_, T>) -> T {
    let began = Instant::now();
    loop {
        if let std::task::Poll::Ready(value) = task.poll() {
            return value;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it hangs");
        std::thread::yield_now();
    }
}

#[test]
fn without_an_answer_the_body_computes_all_of_it() {
    let faulty = Faulty::new(in_process());
    let cache = Cache::on(faulty.clone()).build().expect("valid");
    let source = Source::open();
    all(&cache, &source, &[1]).ends();
    faulty.next(Op::Read, Fault::Error(ErrorKind::Unavailable));
    assert_eq!(sorted(all(&cache, &source, &[1, 2]).ends()), [1, 2]);
    assert_eq!(source.asked(), [vec![1], vec![1, 2]]);
    assert_eq!(sorted(all(&cache, &source, &[1, 2]).ends()), [1, 2]);
    assert_eq!(
        source.asked().last(),
        Some(&vec![2]),
        "nothing was stored without it"
    );
    let reads = faulty.calls(Op::Read);
    all(&cache, &source, &[1, 2]).ends();
    assert_eq!(faulty.calls(Op::Read), reads + 1);
}

#[test]
fn a_fill_that_fails_is_no_failure_of_the_call() {
    let faulty = Faulty::new(in_process());
    let cache = Cache::on(faulty.clone()).build().expect("valid");
    let source = Source::open();
    faulty.always(Op::Fill, Fault::Error(ErrorKind::Unavailable));
    assert_eq!(sorted(all(&cache, &source, &[1, 2]).ends()), [1, 2]);
    faulty.clear();
    assert_eq!(sorted(in_time(&mut all(&cache, &source, &[1, 2]))), [1, 2]);
}

#[test]
fn an_error_is_told_to_the_joiners_and_leaves_no_lease() {
    #[cached(key = "batches:failing:<id>", batch(id in ids), skip(source))]
    async fn failing(source: &Source, ids: &[u64]) -> Result<HashMap<u64, String>, String> {
        source.find(ids).await;
        Err(format!("no {ids:?}"))
    }
    let (_, cache) = scene();
    let source = Source::default();
    let mut leader = Task::waiting(with_cache(&cache, failing(&source, &[1, 2])));
    let mut joiner = Task::waiting(with_cache(&cache, failing(&source, &[2])));
    source.gate.open();
    assert_eq!(leader.ends(), Err("no [1, 2]".to_owned()));
    assert_eq!(in_time(&mut joiner), Err("no [1, 2]".to_owned()));
    let mut later = Task::new(with_cache(&cache, failing(&source, &[1])));
    assert_eq!(in_time(&mut later), Err("no [1]".to_owned()));
}

#[test]
fn ten_thousand_ids_are_one_look_and_one_run() {
    let (backend, cache) = scene();
    let source = Source::open();
    let ids: Vec<u64> = (0..10_000).collect();
    assert_eq!(in_time(&mut all(&cache, &source, &ids)).len(), 10_000);
    backend.duty.taken();
    assert_eq!(in_time(&mut all(&cache, &source, &ids)).len(), 10_000);
    assert_eq!(
        (backend.duty.taken(), source.asked().len()),
        (vec!["read"], 1)
    );
}
