//! Nobody waits for another's computation beyond the bound (5 seconds unless a function says
//! otherwise), whatever became of its leader.

use std::thread;
use std::time::Duration;

use cached_core::event::EventKind;
use cached_core::time::ManualClock;
use cached_core::{Cache, spawn};

use crate::support::{Runs, Task, Watch, finishes, manual, memory, stored};

const BOUND: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(1);

/// A leader that never ends, and is polled once only.
async fn stuck(cache: &Cache) -> i64 {
    cache
        .get_or_set("k", 60, std::future::pending)
        .await
        .expect("a valid key and TTL")
}

#[test]
fn a_leader_that_nobody_polls_holds_async_waiters_until_the_bound() {
    let (cache, clock) = manual();
    let runs = Runs::default();
    let leader = Task::waiting(stuck(&cache));
    let read = || cache.get_or_set("k", 60, || async { runs.next() });
    let mut waiters: Vec<_> = (0..10).map(|_| Task::waiting(read())).collect();
    clock.advance(BOUND - TICK);
    waiters.iter_mut().for_each(Task::waits);
    clock.advance(TICK);
    for waiter in &mut waiters {
        waiter.ends_woken().expect("valid");
    }
    assert_eq!(runs.count(), 10);
    assert_eq!(
        stored(&cache),
        None,
        "past the bound one computes without storing"
    );
    drop(leader);
    assert_eq!(
        Task::new(read()).ends().unwrap(),
        11,
        "the key is free again"
    );
    assert_eq!(stored(&cache), Some(11));
}

#[test]
fn a_sync_waiter_waits_until_the_bound() {
    let (cache, clock) = manual();
    let watch = Watch::of(&cache);
    let gate = crate::support::Gate::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            let body = || {
                gate.pass();
                1i64
            };
            cache.blocking().get_or_set("k", 60, body)
        });
        gate.await_entered(1);
        let waiter = scope.spawn(|| cache.blocking().get_or_set("k", 60, || 2i64));
        watch.await_count(EventKind::Joined, 1);
        clock.advance(BOUND);
        assert_eq!(waiter.join().expect("no panic").expect("valid"), 2);
        gate.open();
        assert_eq!(leader.join().expect("no panic").expect("valid"), 1);
    });
    assert_eq!(stored(&cache), Some(1));
}

#[test]
fn starting_over_does_not_start_the_bound_over() {
    let (cache, clock) = manual();
    let runs = Runs::default();
    let first = Task::waiting(stuck(&cache));
    let mut waiter = Task::waiting(cache.get_or_set("k", 60, || async { runs.next() }));
    clock.advance(BOUND - TICK);
    cache.blocking().invalidate("k").expect("a valid key");
    let second = Task::waiting(stuck(&cache));
    waiter.waits();
    clock.advance(TICK);
    assert_eq!(waiter.ends_woken().unwrap(), 1);
    drop((first, second));
}

#[test]
fn a_waiter_that_gives_up_is_not_offered_the_lead() {
    let (cache, clock) = manual();
    let runs = Runs::default();
    let leader = Task::waiting(stuck(&cache));
    let read = || cache.get_or_set("k", 60, || async { runs.next() });
    let mut early = Task::waiting(read());
    clock.advance(BOUND - TICK);
    let mut late = Task::waiting(read());
    clock.advance(TICK);
    assert_eq!(early.ends_woken().unwrap(), 1);
    late.waits();
    drop(leader);
    assert_eq!(late.ends_woken().unwrap(), 2);
    assert_eq!(stored(&cache), Some(2));
}

#[test]
fn a_waiter_past_its_bound_passes_an_offered_lead_on_when_it_is_dropped() {
    let (cache, clock) = manual();
    let runs = Runs::default();
    let leader = Task::waiting(stuck(&cache));
    let read = || cache.get_or_set("k", 60, || async { runs.next() });
    let heir = Task::waiting(read());
    let mut next = Task::waiting(read());
    drop(leader);
    clock.advance(TICK);
    drop(heir);
    assert_eq!(next.ends_woken().unwrap(), 1);
}

#[test]
fn an_heir_that_nobody_polls_holds_the_others_until_the_bound() {
    let (cache, clock) = manual();
    let leader = Task::waiting(stuck(&cache));
    let read = || cache.get_or_set("k", 60, || async { 2i64 });
    let heir = Task::waiting(read());
    let mut other = Task::waiting(read());
    drop(leader);
    other.waits();
    clock.advance(BOUND);
    assert_eq!(other.ends_woken().unwrap(), 2);
    drop(heir);
    assert_eq!(Task::new(read()).ends().unwrap(), 2);
    assert_eq!(stored(&cache), Some(2));
}

#[test]
fn waiting_needs_no_runtime_and_no_manual_clock() {
    finishes(|| {
        let cache = memory();
        let body = || {
            // A stranger to this computation, which it waits for: nobody can tell that this is a
            // circle, so the bound ends it. That takes the bound's five seconds of real time.
            let also = cache.clone();
            let stranger = thread::spawn(move || also.blocking().get_or_set("k", 60, || 2i64));
            stranger.join().expect("no panic").expect("valid")
        };
        assert_eq!(cache.blocking().get_or_set("k", 60, body).unwrap(), 2);
        assert_eq!(stored(&cache), Some(2));
    });
}

/// A body that awaits a task which reads the body's own key.
fn awaits_itself(spawner: fn(Cache) -> tokio::task::JoinHandle<i64>, advances: bool) -> usize {
    finishes(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (cache, clock): (Cache, ManualClock) = manual();
        let watch = Watch::of(&cache);
        let leader = runtime.spawn({
            let cache = cache.clone();
            async move {
                let body = || async { spawner(cache.clone()).await.expect("no panic") };
                cache.get_or_set("k", 60, body).await.expect("valid")
            }
        });
        if advances {
            runtime.block_on(async {
                while watch.count(EventKind::Joined) == 0 {
                    tokio::task::yield_now().await;
                }
            });
            assert!(!leader.is_finished());
            clock.advance(BOUND);
        }
        assert_eq!(runtime.block_on(leader).expect("no panic"), 2);
        assert_eq!(stored(&cache), Some(2));
        watch.count(EventKind::Joined)
    })
}

async fn two(cache: Cache) -> i64 {
    cache
        .get_or_set("k", 60, || async { 2i64 })
        .await
        .expect("valid")
}

#[test]
fn a_spawned_reader_of_its_own_key_ends_by_the_bound() {
    assert_eq!(awaits_itself(|cache| tokio::spawn(two(cache)), true), 1);
}

#[test]
fn a_spawned_reader_that_keeps_the_context_ends_at_once() {
    assert_eq!(awaits_itself(|cache| spawn(two(cache)), false), 0);
}
