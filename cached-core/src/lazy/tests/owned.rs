//! References: threads, failures, recursion.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Runs, live_by, owned, until_waiting};
use crate::time::ManualClock;

#[test]
fn a_value_is_computed_once() {
    let (property, runs) = (owned(), Runs::default());
    for _ in 0..3 {
        assert_eq!(property.get_or_init(|| runs.next()), &1);
    }
    assert_eq!(runs.so_far(), 1);
}

#[test]
fn get_never_computes() {
    let property = owned();
    assert_eq!(property.get(), None);
    property.get_or_init(|| 1);
    assert_eq!(property.get(), Some(&1));
}

#[test]
fn reset_makes_the_next_reader_compute() {
    let (mut property, runs) = (owned(), Runs::default());
    property.get_or_init(|| runs.next());
    property.reset();
    assert_eq!(property.get(), None);
    assert_eq!(property.get_or_init(|| runs.next()), &2);
}

#[test]
fn set_replaces_and_fill_does_not() {
    let mut property = owned();
    property.set(1);
    property.set(2);
    assert_eq!(property.fill(3), Err(3));
    assert_eq!(property.take(), Some(2));
    assert_eq!(property.fill(3), Ok(()));
    assert_eq!(property.get(), Some(&3));
}

#[test]
fn an_error_is_not_kept() {
    let (property, runs) = (owned(), Runs::default());
    let attempt = || {
        property.get_or_try_init(|| match runs.next() {
            1 => Err("first"),
            run => Ok(run),
        })
    };
    assert_eq!(attempt(), Err("first"));
    assert_eq!(attempt(), Ok(&2));
    assert_eq!(attempt(), Ok(&2));
}

#[test]
fn a_panic_leaves_the_property_empty_and_usable() {
    let property = owned::<u32>();
    let panicked = catch_unwind(AssertUnwindSafe(|| property.get_or_init(|| panic!("no"))));
    assert!(panicked.is_err());
    assert_eq!(property.get(), None);
    assert_eq!(property.get_or_init(|| 2), &2);
}

#[test]
fn of_many_threads_one_computes_and_all_get_its_value() {
    const THREADS: usize = 16;
    let (property, runs, start) = (owned(), Runs::default(), Barrier::new(THREADS));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                let value = property.get_or_init(|| {
                    // The others have to find a computation under way, or its value.
                    until_waiting(&property, 1);
                    runs.next()
                });
                assert_eq!(value, &1);
            });
        }
    });
    assert_eq!(runs.so_far(), 1);
}

/// A leader that is let go by the returned sender, and two waiters behind it.
fn behind_a_leader(
    fail: fn() -> Result<usize, &'static str>,
) -> (usize, Vec<Result<usize, &'static str>>) {
    let (property, runs) = (owned(), Runs::default());
    let (led, leading) = mpsc::channel();
    let results = thread::scope(|scope| {
        let leader = scope.spawn(|| {
            let attempt = || {
                led.send(()).expect("the test listens");
                until_waiting(&property, 2);
                fail()
            };
            catch_unwind(AssertUnwindSafe(|| {
                property.get_or_try_init(attempt).copied()
            }))
            .unwrap_or(Err("panicked"))
        });
        leading.recv().expect("the leader starts");
        let join = || {
            property
                .get_or_try_init(|| Ok::<_, &str>(runs.next()))
                .copied()
        };
        let waiters = [scope.spawn(join), scope.spawn(join)];
        let waiters = waiters.map(|waiter| waiter.join().expect("waiters do not panic"));
        let mut results = vec![leader.join().expect("caught inside")];
        results.extend(waiters);
        results
    });
    (runs.so_far(), results)
}

#[test]
fn waiters_take_what_the_leader_stored() {
    let (runs, results) = behind_a_leader(|| Ok(7));
    assert_eq!((runs, results), (0, vec![Ok(7); 3]));
}

#[test]
fn waiters_of_a_failing_leader_compute_for_themselves_and_agree() {
    let (runs, results) = behind_a_leader(|| Err("no"));
    assert!((1..=2).contains(&runs), "{runs}");
    assert_eq!(results[0], Err("no"));
    assert!(results[1].is_ok());
    assert_eq!(results[1], results[2]);
}

#[test]
fn waiters_of_a_panicking_leader_are_released() {
    let (runs, results) = behind_a_leader(|| panic!("no"));
    assert!((1..=2).contains(&runs), "{runs}");
    assert_eq!(results[0], Err("panicked"));
    assert_eq!(results[1], results[2]);
}

#[test]
fn a_property_that_reads_itself_keeps_what_is_finished_first() {
    let (property, runs) = (owned(), Runs::default());
    let outer = property.get_or_init(|| {
        let inner = *property.get_or_init(|| runs.next());
        inner + runs.next() * 10
    });
    assert_eq!((outer, property.get()), (&1, Some(&1)));
    assert_eq!(runs.so_far(), 2);
}

#[test]
fn two_properties_that_read_each_other_on_two_threads_do_not_wait_for_ever() {
    let (left, right, both) = (owned(), owned(), Barrier::new(2));
    let started = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            left.get_or_init(|| {
                both.wait();
                right.get_or_init(|| 1) + 10
            })
        });
        scope.spawn(|| {
            right.get_or_init(|| {
                both.wait();
                left.get_or_init(|| 2) + 20
            })
        });
    });
    assert!(left.get().is_some() && right.get().is_some());
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "ended by the wait bound"
    );
}

#[test]
fn a_thread_that_does_not_finish_is_waited_for_until_the_bound() {
    let (property, clock) = (owned(), ManualClock::new());
    let (finish, finishing) = mpsc::channel::<()>();
    let (led, leading) = mpsc::channel();
    thread::scope(|scope| {
        let property = &property;
        let leader = scope.spawn(move || {
            property.get_or_init(|| {
                led.send(()).expect("the test listens");
                finishing.recv().expect("the test lets go");
                1
            })
        });
        leading.recv().expect("the leader starts");
        let waiter = scope.spawn(|| {
            let _living = live_by(&clock);
            property.get_or_init(|| 2)
        });
        until_waiting(property, 1);
        clock.advance(Duration::from_secs(5));
        assert_eq!(waiter.join().expect("it does not panic"), &2);
        finish.send(()).expect("the leader listens");
        assert_eq!(leader.join().expect("it does not panic"), &2);
    });
}
