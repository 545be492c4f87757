//! `#[invalidates]`: armed before the body, delivered when it ends, however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use cached_core::event::EventKind;
use cached_core::testing::{isolated_blocking, with_cache, with_cache_blocking};
use cached_core::{Cache, Outcome, cached, invalidate, invalidate_blocking, invalidates};

use crate::support::{Gate, Task, Watch, manual, memory};

#[cached(key = "m:post:<id>", ttl = 300)]
pub(crate) fn post(id: i64) -> i64 {
    id
}

#[cached(key = "m:apost:<id>", ttl = 300)]
async fn async_post(id: i64) -> i64 {
    tokio::task::yield_now().await;
    id
}

/// How a call of `post` got its value.
pub(crate) fn outcome(id: i64) -> Outcome {
    post::traced(id).1
}

#[invalidates("m:post:<id>")]
pub(crate) fn update(id: i64, body: impl FnOnce() -> Result<i64, String>) -> Result<i64, String> {
    body()
}

#[invalidates(post(id), on = ok)]
fn update_on_ok(id: i64, fails: bool) -> Result<i64, String> {
    if fails {
        Err("as the test wants".into())
    } else {
        Ok(id)
    }
}

#[invalidates(post(id), on = ok)]
fn update_on_ok_panics(id: i64) {
    let _ = id;
    panic!("as the test wants");
}

#[invalidates(post(id), on = ok)]
async fn update_on_ok_waits(id: i64) {
    let _ = id;
    std::future::pending().await
}

#[invalidates("m:post:<result.0>")]
fn create(id: i64, fails: bool) -> Result<(i64,), String> {
    if fails {
        Err("as the test wants".into())
    } else {
        Ok((id,))
    }
}

#[invalidates("m:post:<result>", cache = cache)]
fn create_in(id: i64, cache: &Cache) -> i64 {
    let _ = cache;
    id
}

#[invalidates("m:post:<id>", post(id), post(..), self::post(..))]
fn update_twice(id: i64) {
    let _ = id;
}

#[invalidates("m:post:<id>", again_after = "5ms")]
fn update_soon(id: i64) {
    let _ = id;
}

#[invalidates("m:post:<id>", again_after = "2s")]
async fn update_later(id: i64, gate: &Gate) -> i64 {
    gate.passed().await;
    id
}

#[invalidates("m:post:<id>")]
pub(crate) async fn async_update(id: i64, gate: &Gate) -> Option<i64> {
    gate.passed().await;
    None
}

#[test]
fn a_mutator_invalidates_when_it_ends_well_and_when_it_fails() {
    isolated_blocking(|| {
        for ends in [Ok(1), Err("as the test wants".to_owned())] {
            post(1);
            assert_eq!(outcome(1), Outcome::Hit);
            assert_eq!(update(1, || ends.clone()), ends);
            assert_eq!(outcome(1), Outcome::Stored, "{ends:?}");
        }
    });
}

#[test]
fn a_mutator_invalidates_when_it_panics() {
    isolated_blocking(|| {
        post(1);
        let update = || update(1, || panic!("as the test wants"));
        assert!(catch_unwind(AssertUnwindSafe(update)).is_err());
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn a_mutator_invalidates_when_it_is_dropped() {
    let cache = memory();
    with_cache_blocking(&cache, || {
        post(1);
        let gate = Gate::default();
        drop(async_update(1, &gate));
        assert_eq!(
            outcome(1),
            Outcome::Hit,
            "a body that never began wrote nothing"
        );
        let mutator = Task::waiting(async_update(1, &gate));
        assert_eq!(outcome(1), Outcome::Hit, "not before it ends");
        drop(mutator);
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn a_computation_that_overlaps_a_mutator_is_refused_however_they_overlap() {
    let cache = memory();
    with_cache_blocking(&cache, || {
        for reader_ends_first in [true, false] {
            for reader_begins_first in [true, false] {
                cache.blocking().clear();
                let (read, write) = (Gate::default(), Gate::default());
                let body = || async {
                    read.passed().await;
                    0i64
                };
                let mut reader = Task::new(cache.get_or_set("m:post:1", 60, body));
                let mut writer = Task::new(async_update(1, &write));
                if reader_begins_first {
                    reader.waits();
                    writer.waits();
                } else {
                    writer.waits();
                    reader.waits();
                }
                read.open();
                write.open();
                if reader_ends_first {
                    reader.ends().expect("valid");
                    assert_eq!(cache.blocking().get("m:post:1").unwrap(), Some(0i64));
                    writer.ends();
                } else {
                    writer.ends();
                    reader.ends().expect("valid");
                }
                let left = cache.blocking().get::<i64>("m:post:1").expect("valid");
                assert_eq!(left, None, "{reader_begins_first} {reader_ends_first}");
            }
        }
    });
}

#[test]
fn a_mutator_never_waits_for_a_computation() {
    let cache = memory();
    let reading = cache.get_or_set("m:post:1", 60, std::future::pending::<i64>);
    let reader = Task::waiting(reading);
    with_cache_blocking(&cache, || update(1, || Ok(1))).expect("it ends");
    drop(reader);
}

#[test]
fn on_ok_leaves_the_value_where_the_body_fails() {
    isolated_blocking(|| {
        post(1);
        update_on_ok(1, true).expect_err("it fails");
        assert_eq!(outcome(1), Outcome::Hit);
        let panics = || update_on_ok_panics(1);
        assert!(catch_unwind(panics).is_err());
        drop(Task::waiting(update_on_ok_waits(1)));
        assert_eq!(
            outcome(1),
            Outcome::Hit,
            "neither a panic nor a drop is a success"
        );
        update_on_ok(1, false).expect("it succeeds");
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn targets_may_depend_on_what_was_returned() {
    isolated_blocking(|| {
        post(1);
        create(1, true).expect_err("it fails");
        assert_eq!(outcome(1), Outcome::Hit, "a failure names no key");
        create(1, false).expect("it succeeds");
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

struct Explosive;

impl cached_core::KeyPart for Explosive {
    fn write_key(&self, _: &mut cached_core::KeyWriter) {
        panic!("as the test wants");
    }
}

#[invalidates("m:post:<id>")]
#[invalidates("m:post:<result>")]
fn returns_what_cannot_be_rendered(id: i64) -> Result<Explosive, String> {
    let _ = id;
    Ok(Explosive)
}

#[test]
fn a_target_that_panics_when_it_is_rendered_does_not_save_the_others() {
    isolated_blocking(|| {
        post(1);
        let mutate = || returns_what_cannot_be_rendered(1).map(|_| ());
        assert!(catch_unwind(AssertUnwindSafe(mutate)).is_err());
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn a_dropped_mutator_invalidates_once_more_five_seconds_later() {
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        drop(Task::waiting(async_update(1, &Gate::default())));
        assert_eq!(outcome(1), Outcome::Stored);
        clock.advance(Duration::from_millis(4999));
        assert_eq!(outcome(1), Outcome::Hit);
        clock.advance(Duration::from_millis(1));
        assert_eq!(
            outcome(1),
            Outcome::Stored,
            "its write may have landed only now"
        );
        clock.advance(Duration::from_secs(60));
        assert_eq!(outcome(1), Outcome::Hit, "once");
    });
}

#[test]
fn a_panicking_mutator_counts_as_a_dropped_one() {
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        let update = || update(1, || panic!("as the test wants"));
        assert!(catch_unwind(AssertUnwindSafe(update)).is_err());
        post(1);
        clock.advance(Duration::from_secs(5));
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn again_after_repeats_the_invalidation_of_mutators_that_ended_too() {
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        let gate = Gate::default();
        gate.open();
        Task::new(update_later(1, &gate)).ends();
        assert_eq!(outcome(1), Outcome::Stored);
        clock.advance(Duration::from_secs(2));
        assert_eq!(outcome(1), Outcome::Stored);
        update(1, || Ok(1)).expect("it succeeds");
        post(1);
        clock.advance(Duration::from_secs(60));
        assert_eq!(
            outcome(1),
            Outcome::Hit,
            "without the option an ended mutator is not repeated"
        );
    });
}

/// The timer of the system clock hands them on to a thread of their own.
#[test]
fn repetitions_are_due_by_the_system_clock_too() {
    let cache = memory();
    let watch = Watch::of(&cache);
    with_cache_blocking(&cache, || {
        for round in 1..4 {
            update_soon(1);
            update_soon(2);
            watch.await_count(EventKind::Invalidated, 4 * round);
        }
    });
}

#[test]
fn a_target_of_the_result_is_in_the_cache_that_is_named() {
    let (here, there) = (memory(), memory());
    for cache in [&here, &there] {
        with_cache_blocking(cache, || assert_eq!(outcome(1), Outcome::Stored));
    }
    with_cache_blocking(&here, || create_in(1, &there));
    with_cache_blocking(&here, || assert_eq!(outcome(1), Outcome::Hit));
    with_cache_blocking(&there, || assert_eq!(outcome(1), Outcome::Stored));
}

#[test]
fn what_is_named_twice_is_invalidated_once() {
    let cache = memory();
    let watch = Watch::of(&cache);
    with_cache_blocking(&cache, || update_twice(1));
    assert_eq!(watch.count(EventKind::Invalidated), 2, "the key, and all");
}

#[test]
fn the_macros_for_hooks_do_what_the_attribute_does() {
    let cache = memory();
    let on = cache.clone();
    with_cache_blocking(&cache, || {
        let id = 1;
        post(id);
        invalidate_blocking!("m:post:<id>");
        assert_eq!(outcome(id), Outcome::Stored);
        invalidate_blocking!(post(id));
        assert_eq!(outcome(id), Outcome::Stored);
        Task::new(async { invalidate!("m:post:<id>").await }).ends();
        assert_eq!(outcome(id), Outcome::Stored);
        invalidate_blocking!("m:post:<id>", cache = on);
        assert_eq!(outcome(id), Outcome::Stored);
        invalidate_blocking!("m:post:<id>", cache = memory());
        assert_eq!(outcome(id), Outcome::Hit, "another cache is another cache");
    });
}

/// A value that cannot be dropped in peace.
#[derive(Clone)]
struct Grenade(std::sync::Arc<Mutex<bool>>);

impl Drop for Grenade {
    fn drop(&mut self) {
        if std::mem::take(&mut *self.0.lock().expect("it is not held when it explodes")) {
            panic!("as the test wants");
        }
    }
}

#[cached(key = "m:grenade", in_process, skip(pin))]
fn grenade(pin: &std::sync::Arc<Mutex<bool>>) -> Grenade {
    Grenade(std::sync::Arc::clone(pin))
}

#[test]
fn a_value_that_panics_when_it_is_dropped_does_not_save_the_next_target() {
    isolated_blocking(|| {
        let pin = std::sync::Arc::new(Mutex::new(false));
        drop(grenade(&pin));
        post(1);
        *pin.lock().expect("nobody panicked yet") = true;
        invalidate_blocking!("m:grenade", post(1));
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn async_readers_see_an_update_at_once() {
    let cache = memory();
    let test = async {
        assert_eq!(async_post::traced(1).await.1, Outcome::Stored);
        assert_eq!(async_post::traced(1).await.1, Outcome::Hit);
        invalidate!(async_post(1)).await;
        assert_eq!(async_post::traced(1).await.1, Outcome::Stored);
    };
    crate::support::run_all(vec![Task::new(with_cache(&cache, test))]);
}
