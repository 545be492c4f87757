//! Fresh after invalidation, key by key:
//!
//! - C1: a value whose computation began before an invalidation completed is never stored.
//! - C2: a call that begins after an invalidation completed never returns such a value.
//! - C3: an invalidation never waits for a computation.
//!
//! Every way to change a key is tried against a computation that is held at a gate, by sync and by
//! async callers. That the change returns while the gate is closed is C3.

mod crowds;

use std::thread;

use cached_core::event::EventKind;
use cached_core::{Cache, refresh};

use crate::support::{Gate, Runs, Task, Watch, finishes, memory, stored};

pub(crate) const OLD: i64 = 1;
pub(crate) const NEW: i64 = 2;
pub(crate) const WRITTEN: i64 = 7;

/// A way to overtake a computation of `k`, and what the key holds afterwards.
type Overtaker = (&'static str, fn(&Cache), Option<i64>);

const OVERTAKERS: &[Overtaker] = &[
    (
        "invalidate",
        |c| _ = c.blocking().invalidate("k").unwrap(),
        None,
    ),
    (
        "delete",
        |c| assert!(!c.blocking().delete("k").unwrap()),
        None,
    ),
    (
        "delete_many",
        |c| _ = c.blocking().delete_many(["j", "k"]).unwrap(),
        None,
    ),
    ("clear", |c| _ = c.blocking().clear(), None),
    (
        "set for no time",
        |c| c.blocking().set("k", &WRITTEN, 0).unwrap(),
        None,
    ),
    (
        "set",
        |c| c.blocking().set("k", &WRITTEN, 60).unwrap(),
        Some(WRITTEN),
    ),
    (
        "set_many",
        |c| c.blocking().set_many([("k", &WRITTEN)], 60).unwrap(),
        Some(WRITTEN),
    ),
    (
        "add",
        |c| assert!(c.blocking().add("k", &WRITTEN, 60).unwrap()),
        Some(WRITTEN),
    ),
    (
        "incr",
        |c| _ = c.blocking().incr_or("k", WRITTEN, 0).unwrap(),
        Some(WRITTEN),
    ),
    (
        "incr_or, from a beginning",
        |c| _ = c.blocking().incr_or("k", WRITTEN - 1, 1).unwrap(),
        Some(WRITTEN),
    ),
    (
        "async invalidate",
        |c| _ = Task::new(c.invalidate("k")).ends(),
        None,
    ),
    (
        "async set",
        |c| Task::new(c.set("k", &WRITTEN, 60)).ends().unwrap(),
        Some(WRITTEN),
    ),
    ("async clear", |c| _ = Task::new(c.clear()).ends(), None),
    (
        "another version's handle clears",
        |c| _ = c.with_version(9).blocking().clear(),
        None,
    ),
];

pub(crate) fn read<'c>(
    cache: &'c Cache,
    value: i64,
    gate: &Gate,
) -> impl Future<Output = i64> + use<'c> {
    let gate = gate.clone();
    let body = move || async move {
        gate.passed().await;
        value
    };
    async move {
        cache
            .get_or_set("k", 60, body)
            .await
            .expect("a valid key and TTL")
    }
}

pub(crate) fn read_blocking(cache: &Cache, value: i64, gate: &Gate) -> i64 {
    let body = || {
        gate.pass();
        value
    };
    cache
        .blocking()
        .get_or_set("k", 60, body)
        .expect("a valid key and TTL")
}

pub(crate) fn open() -> Gate {
    let gate = Gate::default();
    gate.open();
    gate
}

#[test]
fn an_overtaken_value_goes_to_its_caller_and_not_into_the_cache() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate) = (memory(), Gate::default());
        let mut leader = Task::waiting(read(&cache, OLD, &gate));
        overtake(&cache);
        assert_eq!(
            stored(&cache),
            *holds,
            "{name}, before the computation ended"
        );
        gate.open();
        assert_eq!(leader.ends(), OLD, "{name}");
        assert_eq!(
            stored(&cache),
            *holds,
            "{name}, after the computation ended"
        );
        let next = Task::new(read(&cache, NEW, &open())).ends();
        assert_eq!(next, holds.unwrap_or(NEW), "{name}, the next call");
        assert_eq!(stored(&cache), Some(next), "{name}, which is stored");
    }
}

#[test]
fn an_overtaken_value_goes_to_its_sync_caller_and_not_into_the_cache() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate) = (memory(), Gate::default());
        thread::scope(|scope| {
            let leader = scope.spawn(|| read_blocking(&cache, OLD, &gate));
            gate.await_entered(1);
            overtake(&cache);
            assert_eq!(
                stored(&cache),
                *holds,
                "{name}, before the computation ended"
            );
            gate.open();
            assert_eq!(leader.join().expect("no panic"), OLD, "{name}");
        });
        assert_eq!(
            stored(&cache),
            *holds,
            "{name}, after the computation ended"
        );
        let next = read_blocking(&cache, NEW, &open());
        assert_eq!(next, holds.unwrap_or(NEW), "{name}, the next call");
    }
}

#[test]
fn a_call_after_an_invalidation_never_joins_the_older_computation() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate, later) = (memory(), Gate::default(), Gate::default());
        let mut leader = Task::waiting(read(&cache, OLD, &gate));
        overtake(&cache);
        let mut after = Task::new(read(&cache, NEW, &later));
        match holds {
            Some(value) => assert_eq!(after.ends(), *value, "{name}"),
            None => {
                after.waits();
                assert_eq!(later.entered(), 1, "{name}: it computes for itself");
                gate.open();
                assert_eq!(leader.ends(), OLD, "{name}");
                // The older one has ended meanwhile, and neither gave its value nor took the lease.
                let mut joiner = Task::waiting(read(&cache, -1, &open()));
                later.open();
                assert_eq!((after.ends(), joiner.ends_woken()), (NEW, NEW), "{name}");
                assert_eq!(stored(&cache), Some(NEW), "{name}");
            }
        }
    }
}

#[test]
fn a_sync_call_after_an_invalidation_never_joins_the_older_computation() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate) = (memory(), Gate::default());
        thread::scope(|scope| {
            let leader = scope.spawn(|| read_blocking(&cache, OLD, &gate));
            gate.await_entered(1);
            overtake(&cache);
            let next = read_blocking(&cache, NEW, &open());
            assert_eq!(next, holds.unwrap_or(NEW), "{name}");
            gate.open();
            leader.join().expect("no panic");
        });
        assert_eq!(stored(&cache), Some(holds.unwrap_or(NEW)), "{name}");
    }
}

#[test]
fn the_order_in_which_two_computations_end_does_not_matter() {
    for newer_first in [true, false] {
        let (cache, old, new) = (memory(), Gate::default(), Gate::default());
        let mut older = Task::waiting(read(&cache, OLD, &old));
        cache.blocking().invalidate("k").expect("a valid key");
        let mut newer = Task::waiting(read(&cache, NEW, &new));
        let mut end_older = || {
            old.open();
            assert_eq!(older.ends(), OLD);
        };
        let mut end_newer = || {
            new.open();
            assert_eq!(newer.ends(), NEW);
        };
        if newer_first {
            end_newer();
            end_older();
        } else {
            end_older();
            end_newer();
        }
        assert_eq!(stored(&cache), Some(NEW), "newer first: {newer_first}");
    }
}

#[test]
fn joiners_of_an_overtaken_computation_start_over() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate, runs) = (memory(), Gate::default(), Runs::default());
        let mut leader = Task::waiting(read(&cache, OLD, &gate));
        let again = || async {
            runs.next();
            NEW
        };
        let mut joiner = Task::waiting(cache.get_or_set("k", 60, again));
        overtake(&cache);
        assert_eq!(joiner.ends_woken().unwrap(), holds.unwrap_or(NEW), "{name}");
        assert_eq!(runs.count(), usize::from(holds.is_none()), "{name}");
        gate.open();
        assert_eq!(leader.ends(), OLD);
        assert_eq!(stored(&cache), Some(holds.unwrap_or(NEW)), "{name}");
    }
}

#[test]
fn sync_joiners_of_an_overtaken_computation_start_over() {
    for (name, overtake, holds) in OVERTAKERS {
        let (cache, gate) = (memory(), Gate::default());
        let watch = Watch::of(&cache);
        thread::scope(|scope| {
            let leader = scope.spawn(|| read_blocking(&cache, OLD, &gate));
            gate.await_entered(1);
            let joiner = scope.spawn(|| read_blocking(&cache, NEW, &open()));
            watch.await_count(EventKind::Joined, 1);
            overtake(&cache);
            assert_eq!(
                joiner.join().expect("no panic"),
                holds.unwrap_or(NEW),
                "{name}"
            );
            gate.open();
            assert_eq!(leader.join().expect("no panic"), OLD, "{name}");
        });
    }
}

#[test]
fn an_invalidation_overtakes_a_refresh_too() {
    for (name, overtake, holds) in OVERTAKERS.iter().filter(|(name, ..)| *name != "delete") {
        let (cache, gate) = (memory(), Gate::default());
        let mut refresher = Task::waiting(refresh(read(&cache, OLD, &gate)));
        overtake(&cache);
        gate.open();
        assert_eq!(refresher.ends(), OLD, "{name}");
        assert_eq!(stored(&cache), *holds, "{name}");
    }
}

#[test]
fn a_computation_that_invalidates_its_own_key_is_refused() {
    let cache = memory();
    let body = || async {
        cache.invalidate("k").await.expect("a valid key");
        OLD
    };
    assert_eq!(
        Task::new(cache.get_or_set("k", 60, body)).ends().unwrap(),
        OLD
    );
    assert_eq!(stored(&cache), None);
    let body = || {
        cache
            .blocking()
            .set("k", &WRITTEN, 60)
            .expect("a valid key and TTL");
        OLD
    };
    assert_eq!(cache.blocking().get_or_set("k", 60, body).unwrap(), OLD);
    assert_eq!(stored(&cache), Some(WRITTEN));
}

#[test]
fn other_keys_and_other_versions_are_not_overtaken() {
    let (cache, gate) = (memory(), Gate::default());
    let mut leader = Task::waiting(read(&cache, OLD, &gate));
    cache.blocking().invalidate("j").expect("a valid key");
    cache
        .with_version(2)
        .blocking()
        .invalidate("k")
        .expect("a valid key");
    memory().blocking().clear();
    gate.open();
    assert_eq!(leader.ends(), OLD);
    assert_eq!(stored(&cache), Some(OLD));
}

/// Readers on several threads while a writer changes the source and then invalidates: whoever
/// begins after an invalidation completed sees at least what it wrote.
#[test]
fn no_reader_ever_goes_back_behind_a_completed_invalidation() {
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};
    finishes(|| {
        let cache = memory();
        let (source, completed, over) =
            (AtomicI64::new(0), AtomicI64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(SeqCst) {
                        let floor = completed.load(SeqCst);
                        let load = || source.load(SeqCst);
                        let seen = cache.blocking().get_or_set("k", 60, load).expect("valid");
                        assert!(seen >= floor, "{seen} after {floor} was completed");
                    }
                });
            }
            for version in 1..=20_000 {
                source.store(version, SeqCst);
                cache.blocking().invalidate("k").expect("a valid key");
                completed.store(version, SeqCst);
            }
            over.store(true, SeqCst);
        });
    });
}
