//! `Arc`s: resetting and ageing while the value is in use.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{Runs, live_by, pause, poll, shared};
use crate::time::{ManualClock, Ttl};

#[test]
fn reset_leaves_values_that_are_in_use() {
    let (property, runs) = (shared(), Runs::default());
    let old = property.get_or_init(|| runs.next());
    property.reset();
    assert!(property.get().is_none());
    let new = property.get_or_init(|| runs.next());
    assert_eq!((*old, *new), (1, 2));
}

#[test]
fn readers_share_one_value() {
    let property = shared();
    let first = property.get_or_init(|| String::from("a"));
    assert!(Arc::ptr_eq(&first, &property.get_or_init(String::new)));
}

#[test]
fn a_computation_that_a_reset_overtook_is_not_kept_and_not_joined() {
    let (property, runs) = (shared(), Runs::default());
    let read = || {
        Box::pin(property.get_or_init_async(|| async {
            let run = runs.next();
            pause().await;
            run
        }))
    };
    let (mut old, mut joiner) = (read(), read());
    assert!(poll(&mut old).is_pending());
    assert!(poll(&mut joiner).is_pending());
    property.reset();
    let mut later = read();
    assert!(
        poll(&mut later).is_pending(),
        "it leads a computation of its own"
    );
    assert_eq!(poll(&mut old).map(|value| *value), Poll::Ready(1));
    assert!(property.get().is_none());
    assert_eq!(poll(&mut later).map(|value| *value), Poll::Ready(2));
    assert_eq!(poll(&mut joiner).map(|value| *value), Poll::Ready(2));
    assert_eq!(property.get().as_deref(), Some(&2));
}

#[test]
fn a_computation_does_not_overwrite_what_was_set_meanwhile() {
    let property = shared();
    let computed = property.get_or_init(|| {
        property.set(2);
        1
    });
    assert_eq!((*computed, property.get().as_deref()), (1, Some(&2)));
}

#[test]
fn an_error_is_not_kept() {
    let property = shared();
    assert!(property.get_or_try_init(|| Err::<u32, _>("no")).is_err());
    assert_eq!(
        property.get_or_try_init(|| Ok::<_, &str>(2)).as_deref(),
        Ok(&2)
    );
}

#[test]
fn a_property_that_reads_itself_keeps_what_is_finished_first() {
    let property = shared();
    let outer = property.get_or_init(|| *property.get_or_init(|| 1) + 10);
    assert_eq!((*outer, property.get().as_deref()), (1, Some(&1)));
}

#[test]
fn a_value_grows_old() {
    let clock = ManualClock::new();
    let _living = live_by(&clock);
    let (property, runs) = (shared(), Runs::default());
    let read = |ttl: u64| *property.within(ttl).get_or_init(|| runs.next());
    assert_eq!(read(60), 1);
    clock.advance(Duration::from_millis(59_999));
    assert_eq!(read(60), 1);
    clock.advance(Duration::from_millis(1));
    assert!(property.get().is_none());
    assert!(format!("{property:?}").contains("empty"));
    assert_eq!(read(60), 2);
}

#[test]
fn the_ttl_that_is_read_with_counts() {
    let clock = ManualClock::new();
    let _living = live_by(&clock);
    let (property, runs) = (shared(), Runs::default());
    property.within(600).get_or_init(|| runs.next());
    clock.advance(Duration::from_secs(60));
    assert_eq!(property.within(61).get().as_deref(), Some(&1));
    assert_eq!(*property.within(60).get_or_init(|| runs.next()), 2);
}

#[test]
fn a_value_that_was_set_grows_old_too() {
    let clock = ManualClock::new();
    let _living = live_by(&clock);
    let property = shared();
    property.set(1);
    property.within(60).set(2);
    assert_eq!(property.get().as_deref(), Some(&2));
    clock.advance(Duration::from_secs(60));
    assert!(property.get().is_none());
}

#[test]
fn a_ttl_that_cannot_be_used_keeps_nothing() {
    let (property, runs) = (shared(), Runs::default());
    for run in 1..=2 {
        assert_eq!(*property.within(-1).get_or_init(|| runs.next()), run);
    }
    property.within(Ttl::FOREVER).get_or_init(|| runs.next());
    assert_eq!(property.get().as_deref(), Some(&3));
}
