//! Futures, polled by hand: single-flight without a runtime, and dropping half-way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use super::{Runs, live_by, owned, pause, poll};
use crate::time::ManualClock;

#[test]
fn one_future_computes_and_the_others_take_its_value() {
    let (property, runs) = (owned(), Runs::default());
    let read = || {
        Box::pin(property.get_or_init_async(|| async {
            pause().await;
            runs.next()
        }))
    };
    let (mut leader, mut joiner) = (read(), read());
    assert!(poll(&mut leader).is_pending());
    assert!(poll(&mut joiner).is_pending());
    assert_eq!(poll(&mut leader), Poll::Ready(&1));
    assert_eq!(poll(&mut joiner), Poll::Ready(&1));
    assert_eq!(poll(&mut read()), Poll::Ready(&1));
    assert_eq!(runs.so_far(), 1);
}

#[test]
fn a_joiner_takes_over_from_a_dropped_leader() {
    let (property, runs) = (owned(), Runs::default());
    let read = || {
        Box::pin(property.get_or_init_async(|| async {
            let run = runs.next();
            pause().await;
            run
        }))
    };
    let (mut leader, mut heir, mut third) = (read(), read(), read());
    assert!(poll(&mut leader).is_pending());
    assert!(poll(&mut heir).is_pending());
    assert!(poll(&mut third).is_pending());
    drop(leader);
    assert!(poll(&mut heir).is_pending());
    assert!(poll(&mut third).is_pending(), "it waits for the heir");
    assert_eq!(poll(&mut heir), Poll::Ready(&2));
    assert_eq!(poll(&mut third), Poll::Ready(&2));
    assert_eq!(runs.so_far(), 2);
}

#[test]
fn a_dropped_joiner_leaves_no_trace() {
    let property = owned();
    let read = || Box::pin(property.get_or_init_async(|| async { pause().await }));
    let (mut leader, mut joiner) = (read(), read());
    assert!(poll(&mut leader).is_pending());
    assert!(poll(&mut joiner).is_pending());
    assert_eq!(property.cell.gate.waiting(), 1);
    drop(joiner);
    assert_eq!(property.cell.gate.waiting(), 0);
    assert!(poll(&mut leader).is_ready());
}

#[test]
fn an_error_is_not_kept_and_frees_all_joiners_at_once() {
    let (property, runs) = (owned(), Runs::default());
    let read = || {
        Box::pin(property.get_or_try_init_async(|| async {
            let run = runs.next();
            pause().await;
            if run == 1 { Err("first") } else { Ok(run) }
        }))
    };
    let (mut leader, mut second, mut third) = (read(), read(), read());
    assert!(poll(&mut leader).is_pending());
    assert!(poll(&mut second).is_pending());
    assert!(poll(&mut third).is_pending());
    assert_eq!(poll(&mut leader), Poll::Ready(Err("first")));
    assert!(poll(&mut second).is_pending());
    assert!(poll(&mut third).is_pending());
    assert_eq!(runs.so_far(), 3, "both compute side by side");
    assert_eq!(poll(&mut third), Poll::Ready(Ok(&3)));
    assert_eq!(
        poll(&mut second),
        Poll::Ready(Ok(&3)),
        "the first to finish is kept"
    );
}

#[test]
fn a_panic_frees_the_joiners() {
    let property = owned();
    let mut leader = Box::pin(property.get_or_init_async(|| async {
        pause().await;
        panic!("no")
    }));
    let mut joiner = Box::pin(property.get_or_init_async(|| async { 2 }));
    assert!(poll(&mut leader).is_pending());
    assert!(poll(&mut joiner).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut leader))).is_err());
    assert_eq!(poll(&mut joiner), Poll::Ready(&2));
}

#[test]
fn a_property_that_awaits_itself_keeps_what_is_finished_first() {
    let property = owned();
    let mut outer = Box::pin(property.get_or_init_async(|| async {
        pause().await;
        let inner = Box::pin(property.get_or_init_async(|| async { 1 })).await;
        inner + 10
    }));
    assert!(poll(&mut outer).is_pending());
    assert_eq!(poll(&mut outer), Poll::Ready(&1));
}

#[test]
fn two_futures_that_read_each_others_property_end() {
    let (left, right) = (owned(), owned());
    let mut a = Box::pin(left.get_or_init_async(|| async {
        pause().await;
        right.get_or_init_async(|| async { 1 }).await + 10
    }));
    let mut b = Box::pin(right.get_or_init_async(|| async {
        pause().await;
        left.get_or_init_async(|| async { 2 }).await + 20
    }));
    assert!(poll(&mut a).is_pending());
    assert!(poll(&mut b).is_pending());
    assert!(poll(&mut a).is_pending(), "it waits for the other");
    assert!(poll(&mut b).is_ready(), "which must not wait back");
    assert!(poll(&mut a).is_ready());
}

#[test]
fn a_leader_that_nobody_polls_is_waited_for_until_the_bound() {
    let clock = ManualClock::new();
    let _living = live_by(&clock);
    let property = owned();
    let mut stuck = Box::pin(property.get_or_init_async(|| async {
        pause().await;
        1
    }));
    let mut joiner = Box::pin(property.get_or_init_async(|| async { 2 }));
    assert!(poll(&mut stuck).is_pending());
    assert!(poll(&mut joiner).is_pending());
    clock.advance(Duration::from_millis(4_999));
    assert!(poll(&mut joiner).is_pending());
    clock.advance(Duration::from_millis(1));
    assert_eq!(poll(&mut joiner), Poll::Ready(&2));
    assert_eq!(
        poll(&mut stuck),
        Poll::Ready(&2),
        "what is finished first is kept"
    );
}

#[test]
fn a_thread_does_not_wait_for_a_task() {
    let property = owned();
    let mut task = Box::pin(property.get_or_init_async(|| async {
        pause().await;
        1
    }));
    assert!(poll(&mut task).is_pending());
    assert_eq!(property.get_or_init(|| 2), &2);
    assert_eq!(poll(&mut task), Poll::Ready(&2));
}

#[test]
fn a_task_waits_for_a_thread() {
    let property = owned();
    let (led, leading) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            property.get_or_init(|| {
                led.send(()).expect("the test listens");
                super::until_waiting(&property, 1);
                1
            })
        });
        leading.recv().expect("the thread starts");
        let task = property.get_or_init_async(|| async { 2 });
        assert_eq!(crate::engine::block_on(task), &1);
    });
}

#[test]
fn futures_are_send() {
    fn send<F: Send>(_: F) {}
    let property = owned();
    send(property.get_or_init_async(|| async { 1 }));
    send(property.get_or_try_init_async(|| async { Err::<i32, _>("no") }));
    send(super::shared().get_or_init_async(|| async { String::new() }));
}
