//! A fill against everything that must overtake it.

use std::sync::Arc;

use super::world::{TAG, World, run, try_all};
use crate::engine::{Engine, New, block_on};
use crate::entry::Payload;
use crate::event::Outcome;
use crate::tag::Stamps;
use crate::time::Lifetime;

/// Two readers of one style each against a writer of two versions.
fn readers_and_a_writer(invalidate: fn(&Engine), read: fn(&World) -> u64) {
    let world = World::new();
    let reader = || {
        let world = Arc::clone(&world);
        Box::new(move || (0..2).for_each(|_| world.check(read)))
    };
    let writer = {
        let world = Arc::clone(&world);
        Box::new(move || (1..=2).for_each(|version| world.write(version, invalidate)))
    };
    run(vec![reader(), reader(), writer]);
    world.check(read);
    assert_eq!(read(&world), 2, "the last version is what is left");
}

fn sync(world: &World) -> u64 {
    world.read().0
}

fn both(world: &World) -> u64 {
    // Which of the two a thread is does not matter, only that both occur.
    match world.begun.load(shuttle::sync::atomic::Ordering::SeqCst) % 2 {
        0 => sync(world),
        _ => block_on(world.read_async()).0,
    }
}

fn invalidate(engine: &Engine) {
    engine.invalidate(&World::key("k"), None);
}

fn new(value: u64) -> New {
    New {
        payload: Payload::Value(Arc::new(value)),
        weight: 0,
        lifetime: Lifetime::FOREVER,
        stamps: Stamps::default(),
        keeps: None,
    }
}

#[test]
fn an_invalidation_overtakes_sync_readers() {
    try_all(|| readers_and_a_writer(invalidate, sync));
}

#[test]
fn an_invalidation_overtakes_async_readers() {
    try_all(|| readers_and_a_writer(invalidate, |world| block_on(world.read_async()).0));
}

#[test]
fn an_invalidation_overtakes_readers_of_both_kinds() {
    try_all(|| readers_and_a_writer(invalidate, both));
}

#[test]
fn a_tag_overtakes_its_readers() {
    try_all(|| {
        let bump = |engine: &Engine| engine.invalidate_tag(TAG, None);
        readers_and_a_writer(bump, both);
    });
}

#[test]
fn clearing_overtakes_every_reader() {
    try_all(|| readers_and_a_writer(Engine::clear, both));
}

#[test]
fn an_explicit_write_overtakes_the_computation_under_way() {
    try_all(|| {
        let world = World::new();
        let (reads, writes) = (Arc::clone(&world), Arc::clone(&world));
        let reader = Box::new(move || _ = reads.read());
        let writer = Box::new(move || {
            writes.engine.set(&World::key("k"), new(7));
        });
        run(vec![reader, writer]);
        assert_eq!(
            world.read(),
            (7, Outcome::Hit),
            "0 was read before 7 was written"
        );
    });
}

/// What many caches do: look, compute, store, with nothing in between that an invalidation could
/// take away.
fn unfenced(world: &World) -> u64 {
    let hit = world.call("k").hit(&World::shape());
    hit.map_or_else(
        || {
            let value = world.source.load(shuttle::sync::atomic::Ordering::SeqCst);
            world.engine.set(&World::key("k"), new(value));
            value
        },
        |(value, _)| value,
    )
}

/// The models can fail: without the fence the old value comes back.
#[test]
#[should_panic(expected = "was completed")]
fn a_fill_without_a_fence_is_found_out() {
    try_all(|| readers_and_a_writer(invalidate, unfenced));
}
