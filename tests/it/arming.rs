//! Inside a mutator: its keys are bypassed, other keys may be hits, and nothing that is computed
//! there is shared or stored, because it may be uncommitted.

use cached_core::testing::{Recorder, isolated_blocking, with_cache_blocking};
use cached_core::{Outcome, with_context};

use crate::mutators::{async_update, outcome, post, update};
use crate::support::{Gate, Task, memory};

#[test]
fn inside_a_mutator_armed_keys_are_computed_and_nothing_computed_is_stored() {
    let cache = memory();
    let log = Recorder::of(&cache);
    with_cache_blocking(&cache, || {
        post(1);
        post(2);
        let body = || {
            assert_eq!(outcome(1), Outcome::Uncached, "armed, though it is stored");
            assert_eq!(outcome(2), Outcome::Hit, "of no concern to this mutator");
            assert_eq!(outcome(3), Outcome::Uncached, "computed, and not stored");
            assert_eq!(
                cache
                    .blocking()
                    .get_or_set("x", 60, || 1i64)
                    .expect("valid"),
                1
            );
            assert_eq!(post::entry(1).blocking().get(), None);
            Ok(1)
        };
        update(1, body).expect("it succeeds");
        assert_eq!((outcome(1), outcome(3)), (Outcome::Stored, Outcome::Stored));
        assert!(!cache.blocking().contains("x").expect("valid"));
    });
    assert_eq!(
        log.log()
            .iter()
            .filter(|line| line.starts_with("stored"))
            .count(),
        4
    );
}

#[test]
fn inside_a_mutator_nothing_is_joined_or_led() {
    let cache = memory();
    with_cache_blocking(&cache, || {
        let gate = Gate::default();
        let read = |value| {
            let gate = &gate;
            let body = move || async move {
                gate.passed().await;
                value
            };
            cache.get_or_set("other", 60, body)
        };
        let mut leader = Task::waiting(read(1i64));
        let inside = || {
            Ok(cache
                .blocking()
                .get_or_set("other", 60, || 2i64)
                .expect("valid"))
        };
        assert_eq!(
            update(1, inside),
            Ok(2),
            "it might have waited, or taken the other's value"
        );
        let mut joiner = Task::waiting(read(3));
        gate.open();
        assert_eq!(
            (leader.ends().unwrap(), joiner.ends_woken().unwrap()),
            (1, 1)
        );
    });
}

#[test]
fn nested_mutators_arm_the_sum_of_their_keys() {
    isolated_blocking(|| {
        post(1);
        post(2);
        post(3);
        let inner = || {
            assert_eq!(outcome(1), Outcome::Uncached, "the outer one's");
            assert_eq!(outcome(2), Outcome::Uncached, "its own");
            assert_eq!(outcome(3), Outcome::Hit);
            Ok(2)
        };
        let outer = || {
            update(2, inner).expect("it succeeds");
            assert_eq!(
                outcome(2),
                Outcome::Uncached,
                "invalidated, and nothing is stored yet"
            );
            assert_eq!(outcome(1), Outcome::Uncached);
            Ok(1)
        };
        update(1, outer).expect("it succeeds");
        let after = (outcome(1), outcome(2), outcome(3));
        assert_eq!(after, (Outcome::Stored, Outcome::Stored, Outcome::Hit));
    });
}

#[test]
fn the_scope_of_a_mutator_does_not_leak_into_other_tasks_of_the_thread() {
    let cache = memory();
    with_cache_blocking(&cache, || {
        let gate = Gate::default();
        let mut mutator = Task::waiting(async_update(1, &gate));
        assert_eq!(outcome(1), Outcome::Stored);
        gate.open();
        mutator.ends();
        assert_eq!(outcome(1), Outcome::Stored);
    });
}

#[test]
fn a_task_that_outlives_its_mutator_is_cached_again() {
    isolated_blocking(|| {
        let gate = Gate::default();
        let mut task = None;
        let body = || {
            let spawned = with_context(async {
                assert_eq!(outcome(1), Outcome::Uncached, "the mutator runs");
                gate.passed().await;
                (outcome(1), outcome(1))
            });
            task = Some(Task::waiting(spawned));
            Ok(1)
        };
        update(1, body).expect("it succeeds");
        gate.open();
        let after = task.expect("it was spawned").ends_woken();
        assert_eq!(after, (Outcome::Stored, Outcome::Hit));
    });
}
