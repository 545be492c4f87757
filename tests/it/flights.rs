//! One computation: concurrent misses of one key share it, sync and async callers alike.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};
use std::thread;

use cached_core::event::EventKind;
use cached_core::{Cache, Error};

use crate::support::{
    Gate, Runs, Task, Watch, counted, finishes, manual, memory, sendable, stored,
};

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
        // Its time stands still, so that waiting would show.
        let (cache, _clock) = manual();
        let (runs, gate) = (Runs::default(), Gate::default());
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
