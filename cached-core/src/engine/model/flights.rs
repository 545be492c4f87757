//! Leaders that end, leave and are replaced: at most one at a time, and nobody waits forever.

use std::sync::Arc;

use shuttle::sync::atomic::Ordering::SeqCst;

use super::world::{World, cancel_after, run, try_all};
use crate::engine::block_on;
use crate::event::Outcome;

type Thread = Box<dyn FnOnce() + Send>;

const STAYS: usize = usize::MAX;

/// A caller of `k` that gives up after so many polls.
fn caller(world: &Arc<World>, polls: usize) -> Thread {
    let world = Arc::clone(world);
    Box::new(move || {
        let read = world.read_async();
        let seen = block_on(cancel_after(polls, read));
        assert!(
            seen.is_some() || polls != STAYS,
            "it had all the time it wanted"
        );
        if let Some((_, outcome)) = seen {
            assert_ne!(outcome, Outcome::Uncached);
            assert_ne!(outcome, Outcome::Refused);
        }
    })
}

/// Runs callers that give up after so many polls each. At most one body runs at a time.
fn callers(polls: &[usize]) -> Arc<World> {
    let world = World::new();
    run(polls.iter().map(|polls| caller(&world, *polls)).collect());
    assert_eq!(world.most.load(SeqCst), 1, "two leaders of one flight");
    world
}

#[test]
fn callers_that_stay_share_one_computation() {
    try_all(|| {
        let world = callers(&[STAYS; 3]);
        assert_eq!(world.begun.load(SeqCst), 1);
    });
}

#[test]
fn sync_callers_share_one_computation() {
    try_all(|| {
        let world = World::new();
        let reader = || -> Thread {
            let world = Arc::clone(&world);
            Box::new(move || assert_eq!(world.read().0, 0))
        };
        run(vec![reader(), reader(), reader()]);
        assert_eq!(world.begun.load(SeqCst), 1);
    });
}

#[test]
fn a_leader_that_leaves_is_replaced_and_the_value_is_stored() {
    try_all(|| {
        let world = callers(&[1, STAYS, STAYS]);
        assert_eq!(world.read(), (0, Outcome::Hit));
        assert!(world.begun.load(SeqCst) <= 2);
    });
}

#[test]
fn heirs_that_leave_are_replaced_too() {
    try_all(|| {
        let world = callers(&[1, 2, 1, STAYS]);
        assert_eq!(world.read(), (0, Outcome::Hit));
    });
}

#[test]
fn a_key_is_free_when_everybody_has_left() {
    try_all(|| {
        let world = callers(&[1, 1, 2]);
        let (value, outcome) = world.read();
        assert_eq!(value, 0);
        assert!(
            matches!(outcome, Outcome::Hit | Outcome::Stored),
            "{outcome:?}"
        );
    });
}

#[test]
fn callers_that_leave_while_an_invalidation_comes_leave_nobody_behind() {
    try_all(|| {
        let world = World::new();
        let writes = Arc::clone(&world);
        let writer = Box::new(move || {
            writes.write(1, |engine| _ = engine.invalidate(&World::key("k"), None));
        });
        let stays = {
            let world = Arc::clone(&world);
            Box::new(move || world.check(|world| block_on(world.read_async()).0))
        };
        let leaves = |polls| -> Thread {
            let world = Arc::clone(&world);
            Box::new(move || _ = block_on(cancel_after(polls, world.read_async())))
        };
        run(vec![leaves(1), leaves(2), writer, stays]);
        assert_eq!(world.read().0, 1);
    });
}

#[test]
fn two_computations_that_need_each_other_both_end() {
    try_all(|| {
        let world = World::new();
        let needs = |one: &'static str, other: &'static str| -> Thread {
            let world = Arc::clone(&world);
            Box::new(move || {
                let inner = || world.missed(other).run(&World::shape(), || 1).0;
                let (value, _) = world.missed(one).run(&World::shape(), || 1 + inner());
                assert!((1..=3).contains(&value));
            })
        };
        run(vec![needs("a", "b"), needs("b", "a")]);
    });
}

#[test]
fn a_panicking_leader_leaves_nobody_behind() {
    try_all(|| {
        let world = World::new();
        let panics = {
            let world = Arc::clone(&world);
            Box::new(move || {
                let body = || -> u64 { std::panic::resume_unwind(Box::new("as the model wants")) };
                let call = || world.missed("k").run(&World::shape(), body);
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
            })
        };
        let stays = || -> Thread {
            let world = Arc::clone(&world);
            Box::new(move || assert_eq!(world.read().0, 0))
        };
        run(vec![panics, stays(), stays()]);
    });
}
