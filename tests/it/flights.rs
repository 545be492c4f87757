//! One computation: concurrent misses of one key share it, and nothing that happens to its leader
//! leaves a key stuck or a waiter lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;

use cached_core::event::EventKind;
use cached_core::{Cache, Error};

use crate::support::{Gate, Runs, Task, Watch, cancel_after, finishes, memory, run_all, sendable};

/// A read of `key` whose body waits at the gate and returns the number of its run.
fn counted<'c>(
    cache: &'c Cache,
    key: &'static str,
    runs: &Runs,
    gate: &Gate,
) -> impl Future<Output = i64> + use<'c> {
    let (runs, gate) = (runs.clone(), gate.clone());
    let body = move || async move {
        let run = runs.next();
        gate.passed().await;
        run
    };
    async move {
        cache
            .get_or_set(key, 60, body)
            .await
            .expect("a valid key and TTL")
    }
}

fn stored(cache: &Cache) -> Option<i64> {
    cache.blocking().get("k").expect("a valid key")
}

#[test]
fn a_thousand_async_callers_share_one_computation() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..1000)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    gate.open();
    assert!(callers.iter_mut().all(|caller| caller.ends_woken() == 1));
    assert_eq!((runs.count(), stored(&cache)), (1, Some(1)));
}

#[test]
fn a_stampede_of_threads_shares_one_computation() {
    const THREADS: usize = 16;
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let (watch, start) = (Watch::of(&cache), Barrier::new(THREADS));
    thread::scope(|scope| {
        let callers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let body = || {
                        gate.pass();
                        runs.next()
                    };
                    cache.blocking().get_or_set("k", 60, body).expect("valid")
                })
            })
            .collect();
        watch.await_count(EventKind::Joined, THREADS - 1);
        gate.open();
        assert!(
            callers
                .into_iter()
                .all(|caller| caller.join().expect("no panic") == 1)
        );
    });
    assert_eq!(runs.count(), 1);
}

#[test]
fn tasks_on_a_real_runtime_share_one_computation() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let watch = Watch::of(&cache);
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let (cache, runs, gate) = (cache.clone(), runs.clone(), gate.clone());
            runtime.spawn(async move { counted(&cache, "k", &runs, &gate).await })
        })
        .collect();
    watch.await_count(EventKind::Joined, 199);
    gate.open();
    for caller in callers {
        assert_eq!(runtime.block_on(caller).expect("no panic"), 1);
    }
    assert_eq!(runs.count(), 1);
}

#[test]
fn two_keys_do_not_wait_for_each_other() {
    let (cache, runs, closed, open) = (memory(), Runs::default(), Gate::default(), Gate::default());
    open.open();
    let mut slow = Task::waiting(counted(&cache, "slow", &runs, &closed));
    assert_eq!(Task::new(counted(&cache, "quick", &runs, &open)).ends(), 2);
    let other_version = cache.with_version(2);
    assert_eq!(
        Task::new(counted(&other_version, "slow", &runs, &open)).ends(),
        3
    );
    closed.open();
    assert_eq!(slow.ends(), 1);
}

#[test]
fn a_dropped_leader_is_replaced_by_a_waiter_at_once() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut first = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut second = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    assert_eq!(
        (first.take_wakes(), second.take_wakes()),
        (1, 0),
        "one is woken, not all"
    );
    first.waits();
    assert_eq!(runs.count(), 2, "the first waiter computes");
    gate.open();
    assert_eq!((first.ends(), second.ends_woken()), (2, 2));
    assert_eq!(stored(&cache), Some(2), "the lease was inherited");
}

#[test]
fn a_promoted_waiter_that_is_dropped_unpolled_passes_the_lead_on() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..10)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    let mut last = callers.pop().expect("there are ten");
    for caller in callers {
        drop(caller);
    }
    assert!(last.take_wakes() > 0, "the last one is told that it leads");
    last.waits();
    gate.open();
    assert_eq!(last.ends(), 2);
    assert_eq!((runs.count(), stored(&cache)), (2, Some(2)));
}

#[test]
fn a_promoted_waiter_that_is_dropped_while_it_computes_passes_the_lead_on() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..5)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    for expected in 2..=5 {
        drop(callers.remove(0));
        assert!(callers[0].take_wakes() > 0);
        callers[0].waits();
        assert_eq!(runs.count(), expected);
    }
    gate.open();
    assert_eq!(callers[0].ends(), 5);
    assert_eq!(stored(&cache), Some(5));
}

#[test]
fn waiters_that_leave_are_not_offered_the_lead() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let gone = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut stays = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(gone);
    drop(leader);
    gate.open();
    assert_eq!(stays.ends_woken(), 2);
}

#[test]
fn a_key_is_free_again_when_everybody_has_gone() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    for first_out_is_the_leader in [true, false] {
        let mut callers: Vec<_> = (0..3)
            .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
            .collect();
        if !first_out_is_the_leader {
            callers.reverse();
        }
        callers.into_iter().for_each(drop);
    }
    gate.open();
    assert_eq!(Task::new(counted(&cache, "k", &runs, &gate)).ends(), 3);
    assert_eq!(stored(&cache), Some(3));
}

#[test]
fn an_invalidation_between_promotion_and_poll_sends_everybody_back_to_start() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut heir = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut other = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    cache.blocking().invalidate("k").expect("a valid key");
    gate.open();
    assert_eq!((heir.ends_woken(), other.ends_woken()), (2, 2));
    assert_eq!(stored(&cache), Some(2));
}

#[test]
fn an_invalidation_overtakes_a_promoted_waiter() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut heir = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    heir.waits();
    cache.blocking().invalidate("k").expect("a valid key");
    gate.open();
    assert_eq!(heir.ends(), 2);
    assert_eq!(stored(&cache), None);
}

/// Three callers of one key, each dropped after any number of polls or never; tasks are polled
/// only when woken, so a wake-up that went to a dropped caller would show as a hang.
#[test]
fn futures_can_be_dropped_at_every_poll() {
    const NEVER: usize = usize::MAX;
    const LIVES: [usize; 6] = [0, 1, 2, 3, 4, NEVER];
    for plan in 0..6 * 6 * 6 {
        let plan = [plan / 36, plan / 6 % 6, plan % 6].map(|life: usize| LIVES[life]);
        let (cache, runs) = (memory(), Runs::default());
        let read = || {
            cache.get_or_set("k", 60, || async {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                runs.next()
            })
        };
        let tasks = plan
            .iter()
            .map(|polls| Task::new(cancel_after(*polls, read())))
            .collect();
        let outputs = run_all(tasks);
        for (polls, output) in plan.iter().zip(outputs) {
            let ended = output.map(|value| value.expect("valid"));
            assert!(ended.is_some() || *polls != NEVER, "{plan:?}");
            assert!(
                ended.is_none_or(|value| value == 1),
                "{plan:?}: computed once"
            );
        }
        let end = run_all(vec![Task::new(read())]).remove(0);
        assert_eq!(end.expect("valid"), 1, "{plan:?}: the key is free");
    }
}

#[test]
fn a_panicking_leader_releases_everybody() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let body = || async {
        gate.passed().await;
        panic!("as the test wants")
    };
    let mut leader = Task::waiting(cache.get_or_set::<i64, _, _>("k", 60, body));
    let mut waiters: Vec<_> = (0..3)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &Gate::default())))
        .collect();
    gate.open();
    assert!(catch_unwind(AssertUnwindSafe(|| leader.poll())).is_err());
    for waiter in &mut waiters {
        assert!(waiter.take_wakes() > 0);
        waiter.waits();
    }
    assert_eq!(runs.count(), 3, "all of them compute, side by side");
    assert_eq!(
        cache.blocking().get_or_set("k", 60, || 9i64).unwrap(),
        9,
        "the key is free"
    );
}

#[test]
fn a_panicking_sync_leader_releases_everybody() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let watch = Watch::of(&cache);
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            let body = || -> i64 {
                gate.pass();
                panic!("as the test wants")
            };
            cache.blocking().get_or_set("k", 60, body)
        });
        gate.await_entered(1);
        let waiter = scope.spawn(|| cache.blocking().get_or_set("k", 60, || runs.next()));
        watch.await_count(EventKind::Joined, 1);
        gate.open();
        assert!(leader.join().is_err());
        assert_eq!(waiter.join().expect("no panic").expect("valid"), 1);
    });
    assert_eq!(
        stored(&cache),
        None,
        "what a released waiter computed is not stored"
    );
    assert_eq!(cache.blocking().get_or_set("k", 60, || 9i64).unwrap(), 9);
}

#[test]
fn a_thousand_waiters_of_a_failing_body_are_not_served_one_after_the_other() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let fail = |gate: Gate| {
        let runs = &runs;
        // `Error` is not `Clone`, so this failure cannot be shared.
        cache.try_get_or_set::<i64, Error, _, _>("k", 60, move || async move {
            runs.next();
            gate.passed().await;
            Err(Cache::named("nobody").expect_err("no such cache"))
        })
    };
    let mut leader = Task::waiting(fail(gate.clone()));
    let second = Gate::default();
    let mut waiters: Vec<_> = (0..1000)
        .map(|_| Task::waiting(fail(second.clone())))
        .collect();
    gate.open();
    assert!(leader.ends().is_err());
    waiters.iter_mut().for_each(Task::waits);
    assert_eq!(second.entered(), 1000, "all are in their bodies at once");
    second.open();
    assert!(waiters.iter_mut().all(|waiter| waiter.ends().is_err()));
    assert_eq!(runs.count(), 1001, "each ran its body once");
}

#[test]
fn values_that_are_not_stored_are_handed_to_joiners() {
    let dummy = Cache::dummy().build().expect("the defaults are valid");
    for (name, cache, ttl) in [("dummy", dummy, 60), ("zero TTL", memory(), 0)] {
        let (runs, gate) = (Runs::default(), Gate::default());
        let read = || {
            cache.get_or_set("k", ttl, || async {
                gate.passed().await;
                runs.next()
            })
        };
        let mut callers: Vec<_> = (0..3).map(|_| Task::waiting(read())).collect();
        gate.open();
        assert!(
            callers.iter_mut().all(|caller| caller.ends().unwrap() == 1),
            "{name}"
        );
        assert_eq!(stored(&cache), None, "{name}");
        assert_eq!(
            Task::new(read()).ends().unwrap(),
            2,
            "{name}: the next call computes"
        );
    }
}

#[test]
fn a_reader_of_another_type_computes_without_storing() {
    let (cache, gate) = (memory(), Gate::default());
    let mut leader = Task::waiting(counted(&cache, "k", &Runs::default(), &gate));
    let text = || async { "text".to_owned() };
    assert_eq!(
        Task::new(cache.get_or_set("k", 60, text)).ends().unwrap(),
        "text"
    );
    gate.open();
    assert_eq!((leader.ends(), stored(&cache)), (1, Some(1)));
    // Without a computation under way it replaces the value: one cell holds one type.
    assert_eq!(
        Task::new(cache.get_or_set("k", 60, text)).ends().unwrap(),
        "text"
    );
    assert_eq!(stored(&cache), None);
    assert_eq!(
        cache.blocking().get::<String>("k").unwrap().as_deref(),
        Some("text")
    );
}

#[test]
fn a_sync_reader_never_waits_for_an_async_leader() {
    finishes(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
        runtime.block_on(async {
            let local = tokio::task::LocalSet::new();
            let (also, its_runs, its_gate) = (cache.clone(), runs.clone(), gate.clone());
            let leader =
                local.spawn_local(async move { counted(&also, "k", &its_runs, &its_gate).await });
            local.run_until(tokio::task::yield_now()).await;
            assert_eq!(gate.entered(), 1);
            // On the only thread there is: waiting here would block the leader too.
            assert_eq!(
                cache
                    .blocking()
                    .get_or_set("k", 60, || runs.next())
                    .unwrap(),
                2
            );
            assert_eq!(stored(&cache), None, "it did not store");
            gate.open();
            assert_eq!(local.run_until(leader).await.expect("no panic"), 1);
        });
        assert_eq!(stored(&cache), Some(1));
    });
}

#[test]
fn an_async_reader_waits_for_a_sync_leader() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            let body = || {
                gate.pass();
                runs.next()
            };
            cache.blocking().get_or_set("k", 60, body).expect("valid")
        });
        gate.await_entered(1);
        let mut waiter = Task::waiting(counted(&cache, "k", &runs, &gate));
        gate.open();
        assert_eq!(leader.join().expect("no panic"), 1);
        assert_eq!(waiter.ends_woken(), 1);
    });
    assert_eq!(runs.count(), 1);
}

#[test]
fn futures_are_send_even_where_the_error_is_not() {
    type Failure = Box<dyn std::error::Error>;
    let cache = Arc::new(memory());
    let failing = cache.try_get_or_set::<i64, Failure, _, _>("k", 60, || async {
        tokio::task::yield_now().await;
        Err("as the test wants".into())
    });
    let mut failing = Task::new(sendable(failing));
    failing.waits();
    assert_eq!(
        failing.ends().expect_err("it fails").to_string(),
        "as the test wants"
    );
    drop(sendable(cache.get_or_set("k", 60, || async { 1i64 })));
}
