//! Computations that wait for each other: a wait that would close a circle is not begun, the
//! caller computes without storing instead.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Barrier;
use std::task::Poll;
use std::thread;

use cached_core::{Cache, with_context};

use crate::support::{Gate, Runs, Task, cancel_after, finishes, manual, memory};

/// Polls two futures in turn until both are ready.
async fn both(one: impl Future<Output = i64>, two: impl Future<Output = i64>) -> (i64, i64) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(value) = one.as_mut().poll(cx)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = two.as_mut().poll(cx)
        {
            second = Some(value);
        }
        match (first, second) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            _ => Poll::Pending,
        }
    })
    .await
}

/// `key` needs `other`, which needs nothing any more when it is asked for in turn.
async fn needs(cache: &Cache, key: &str, other: &str, met: &Gate) -> i64 {
    let body = || async {
        met.passed().await;
        let plain = || async { 1i64 };
        1 + cache.get_or_set(other, 60, plain).await.expect("valid")
    };
    cache.get_or_set(key, 60, body).await.expect("valid")
}

#[test]
fn a_and_b_in_one_task_need_each_other() {
    let (cache, met) = (memory(), Gate::default());
    let ab = needs(&cache, "a", "b", &met);
    let ba = needs(&cache, "b", "a", &met);
    let mut task = Task::waiting(both(ab, ba));
    assert_eq!(met.entered(), 2, "both are under way");
    met.open();
    let mut ended = task.poll();
    // Each poll may wake the other half of the same task; none of them may be the last.
    while ended.is_pending() {
        assert!(task.take_wakes() > 0, "it hangs");
        ended = task.poll();
    }
    assert_eq!(ended, Poll::Ready((3, 2)));
}

#[test]
fn a_and_b_in_two_tasks_need_each_other() {
    let (cache, met) = (memory(), Gate::default());
    let mut ab = Task::waiting(needs(&cache, "a", "b", &met));
    let mut ba = Task::waiting(needs(&cache, "b", "a", &met));
    met.open();
    ab.waits();
    assert_eq!(ba.ends(), 2, "the second to ask computes `a` for itself");
    assert_eq!(ab.ends_woken(), 3);
    let held = |key| cache.blocking().get::<i64>(key).expect("valid");
    assert_eq!((held("a"), held("b")), (Some(3), Some(2)));
}

#[test]
fn a_and_b_on_two_threads_need_each_other() {
    finishes(|| {
        let (cache, met) = (memory(), Barrier::new(2));
        let needs = |key: &str, other: &str| {
            let body = || {
                met.wait();
                1 + cache
                    .blocking()
                    .get_or_set(other, 60, || 1i64)
                    .expect("valid")
            };
            cache.blocking().get_or_set(key, 60, body).expect("valid")
        };
        thread::scope(|scope| {
            let ab = scope.spawn(|| needs("a", "b"));
            let ba = scope.spawn(|| needs("b", "a"));
            let mut values = [ab.join().expect("no panic"), ba.join().expect("no panic")];
            values.sort_unstable();
            assert_eq!(values, [2, 3]);
        });
    });
}

#[test]
fn a_circle_of_three_is_seen_too() {
    let (cache, met) = (memory(), Gate::default());
    let mut ab = Task::waiting(needs(&cache, "a", "b", &met));
    let mut bc = Task::waiting(needs(&cache, "b", "c", &met));
    let mut ca = Task::waiting(needs(&cache, "c", "a", &met));
    met.open();
    ab.waits();
    bc.waits();
    assert_eq!(ca.ends(), 2);
    assert_eq!((bc.ends_woken(), ab.ends_woken()), (3, 4));
}

#[test]
fn a_chain_without_a_circle_waits() {
    let (cache, met, runs) = (memory(), Gate::default(), Runs::default());
    let slow = || async {
        met.passed().await;
        runs.next()
    };
    let mut bottom = Task::waiting(cache.get_or_set("c", 60, slow));
    let open = Gate::default();
    open.open();
    let mut middle = Task::waiting(needs(&cache, "b", "c", &open));
    let mut top = Task::waiting(needs(&cache, "a", "b", &open));
    met.open();
    assert_eq!(bottom.ends().unwrap(), 1);
    assert_eq!((middle.ends_woken(), top.ends_woken()), (2, 3));
    assert_eq!(runs.count(), 1);
}

#[test]
fn a_body_that_reads_its_own_key_computes_it() {
    let (cache, runs) = (memory(), Runs::default());
    let body = || async {
        let inner = cache
            .get_or_set("k", 60, || async { runs.next() })
            .await
            .expect("valid");
        inner + 10
    };
    assert_eq!(
        Task::new(cache.get_or_set("k", 60, body)).ends().unwrap(),
        11
    );
    assert_eq!(
        cache.blocking().get::<i64>("k").unwrap(),
        Some(11),
        "the outer one is stored"
    );

    let body = || {
        10 + cache
            .blocking()
            .get_or_set("sync", 60, || runs.next())
            .expect("valid")
    };
    assert_eq!(cache.blocking().get_or_set("sync", 60, body).unwrap(), 12);
    assert_eq!(cache.blocking().get::<i64>("sync").unwrap(), Some(12));
}

fn fib(cache: &Cache, n: u64, runs: &Runs) -> u64 {
    let body = || {
        runs.next();
        if n < 2 {
            n
        } else {
            fib(cache, n - 1, runs) + fib(cache, n - 2, runs)
        }
    };
    cache
        .blocking()
        .get_or_set(format!("fib:{n}"), 60, body)
        .expect("valid")
}

#[test]
fn recursion_computes_every_step_once() {
    let (cache, runs) = (memory(), Runs::default());
    assert_eq!(fib(&cache, 50, &runs), 12_586_269_025);
    assert_eq!(runs.count(), 51);
}

#[test]
fn recursion_on_several_threads_ends() {
    finishes(|| {
        let (cache, runs) = (memory(), Runs::default());
        thread::scope(|scope| {
            for top in [40, 39, 41, 40] {
                let (cache, runs) = (&cache, &runs);
                scope.spawn(move || fib(cache, top, runs));
            }
        });
        assert_eq!(fib(&cache, 41, &runs), 165_580_141);
    });
}

#[test]
fn the_context_follows_a_future_that_moves_to_another_thread() {
    finishes(|| {
        let (cache, runs) = (memory(), Runs::default());
        let body = || {
            let read = async { cache.get_or_set("k", 60, || async { runs.next() }).await };
            let read = with_context(read);
            thread::scope(|scope| {
                scope
                    .spawn(|| Task::new(read).ends().expect("valid"))
                    .join()
                    .expect("no panic")
            })
        };
        assert_eq!(cache.blocking().get_or_set("k", 60, body).unwrap(), 1);
    });
}

#[test]
fn a_wait_that_was_dropped_no_longer_closes_a_circle() {
    let (cache, met) = (memory(), Gate::default());
    let mut ab = Task::waiting(needs(&cache, "a", "b", &met));
    let mut ba = Task::waiting(needs(&cache, "b", "a", &met));
    met.open();
    ab.waits();
    drop(ab);
    // Nobody computes `a` any more, so `b` may lead it, and stores it.
    assert_eq!(ba.ends(), 2);
    let held = |key| cache.blocking().get::<i64>(key).expect("valid");
    assert_eq!((held("a"), held("b")), (Some(1), Some(2)));
}

#[test]
fn a_promoted_waiter_still_waits_for_nobody_in_a_circle() {
    let (cache, clock) = manual();
    let (met, never) = (Gate::default(), Gate::default());
    let leader = Task::waiting(cache.get_or_set("b", 60, || async {
        never.passed().await;
        0i64
    }));
    let mut ab = Task::new(needs(&cache, "a", "b", &met));
    met.open();
    ab.waits();
    drop(leader);
    // `a` now leads `b` itself: its frame is that of `b`.
    assert_eq!(ab.ends_woken(), 2);
    clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(cache.blocking().get::<i64>("b").unwrap(), Some(1));
}

#[test]
fn a_computation_that_gave_up_waiting_can_be_waited_for() {
    let (cache, met, end) = (memory(), Gate::default(), Gate::default());
    let gives_up = || async {
        let other = cache.get_or_set("b", 60, || async { 0i64 });
        assert!(cancel_after(1, other).await.is_none());
        end.passed().await;
        5i64
    };
    let mut ba = Task::waiting(needs(&cache, "b", "a", &met));
    let mut a = Task::waiting(cache.get_or_set("a", 60, gives_up));
    met.open();
    ba.waits();
    end.open();
    assert_eq!((a.ends().unwrap(), ba.ends_woken()), (5, 6));
}
