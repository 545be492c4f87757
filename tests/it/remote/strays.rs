//! An explicit write that lands after its caller has gone is done or not; but it brings back nothing
//! that was invalidated or written anew meanwhile.

use std::time::Duration;

use cached_core::event::Delivery;
use cached_core::{Cache, ErrorKind};

use super::cells::{Act, Cells, Op};
use crate::support::Task;

struct Scene {
    cells: Cells,
    cache: Cache,
}

impl Scene {
    fn new() -> Self {
        Self::patient(Duration::from_secs(30))
    }

    fn patient(limit: Duration) -> Self {
        let cells = Cells::default();
        let cache = cells.process().timeout(limit).build();
        let cache = cache.expect("the settings are valid");
        // The stamps are there.
        let mut first = Task::new(cache.set("other", &0_i64, 60));
        first.ends().expect("it is stored");
        drop(first);
        Self { cells, cache }
    }

    /// A write whose caller is gone, and that has not landed.
    fn leave<T>(&self, op: Op, write: impl Future<Output = T>) {
        self.cells.next(op, Act::Late);
        drop(Task::waiting(write));
    }

    fn get(&self) -> Option<i64> {
        let mut getting = Task::new(self.cache.get::<i64>("k"));
        getting.ends().expect("the backend answers")
    }

    fn invalidate(&self) {
        let mut invalidating = Task::new(self.cache.invalidate("k"));
        let delivery = invalidating.ends().expect("a valid key");
        assert_eq!(delivery, Delivery::Queued, "not for good");
    }

    fn set(&self, value: i64) {
        let mut setting = Task::new(self.cache.set("k", &value, 60));
        setting.ends().expect("the backend answers");
    }

    /// The write lands, overtaken, is not seen, and goes again.
    #[track_caller]
    fn lands_in_vain(&self) {
        self.cells.hold(Op::Release);
        self.cells.land();
        assert!(self.cells.holds(":k"), "it is there");
        assert_eq!(self.get(), None, "for nobody here");
        self.cells.let_go();
        self.cells
            .until("it is taken back", |cells| !cells.holds(":k"));
        assert_eq!(self.get(), None);
    }
}

#[test]
fn a_dropped_write_does_not_outlive_an_invalidation() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.invalidate();
    scene.lands_in_vain();
}

#[test]
fn nor_does_one_that_took_too_long() {
    let scene = Scene::patient(Duration::from_millis(50));
    scene.cells.next(Op::Write, Act::Late);
    let late = scene.cache.blocking().set("k", &1_i64, 60);
    let late = late.expect_err("it does not answer");
    assert_eq!(late.kind(), ErrorKind::Timeout);
    scene.invalidate();
    scene.lands_in_vain();
}

#[test]
fn nor_does_a_counter_that_begins() {
    let scene = Scene::new();
    scene.leave(Op::Acquire, scene.cache.incr_or("k", 1, 0));
    scene.invalidate();
    scene.lands_in_vain();
}

#[test]
fn nor_do_the_values_of_a_batch() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set_many([("k", &1_i64)], 60));
    scene.invalidate();
    scene.lands_in_vain();
    scene.leave(Op::Acquire, scene.cache.warm([("k", 1_i64)], 60));
    scene.invalidate();
    scene.lands_in_vain();
}

#[test]
fn nor_do_several() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.leave(Op::Write, scene.cache.set("k", &2_i64, 60));
    scene.invalidate();
    scene.lands_in_vain();
}

#[test]
fn an_invalidation_that_is_owed_counts_as_well() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.cells.hold(Op::Invalidate);
    drop(Task::waiting(scene.cache.invalidate("k")));
    scene.cells.let_go();
    scene
        .cells
        .until("it is delivered", |cells| cells.count(Op::Invalidate) > 0);
    scene.lands_in_vain();
}

#[test]
fn a_write_from_before_does_not_undo_a_later_one() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.set(2);
    scene.lands_in_vain();
}

#[test]
fn nor_what_is_added_or_counted_later() {
    for counts in [false, true] {
        let scene = Scene::new();
        scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
        if counts {
            let mut counting = Task::new(scene.cache.incr_or("k", 1, 0));
            assert_eq!(counting.ends().expect("the backend answers"), 1);
        } else {
            let mut adding = Task::new(scene.cache.add("k", &2_i64, 60));
            assert!(adding.ends().expect("the backend answers"));
        }
        scene.lands_in_vain();
    }
}

#[test]
fn whoever_closes_the_cache_hears_of_it() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    assert_eq!(scene.cache.undelivered(), 0);
    scene.invalidate();
    assert_eq!(scene.cache.undelivered(), 1);
    let closing = scene.cache.blocking().close(Duration::from_millis(1));
    closing.expect_err("it may still land");
    scene.lands_in_vain();
}

#[test]
fn what_nothing_has_overtaken_stays() {
    let scene = Scene::new();
    scene.set(1);
    scene.leave(Op::Write, scene.cache.set("k", &2_i64, 60));
    assert_eq!(scene.get(), Some(1));
    scene.cells.land();
    assert_eq!(scene.get(), Some(2));
    drop(Task::new(scene.cache.invalidate("k")).ends());
    assert_eq!(scene.get(), None);
}

/// Nobody knows whether it was carried out, or will be.
#[test]
fn a_write_that_ended_without_an_answer_is_looked_for() {
    let scene = Scene::new();
    scene
        .cells
        .next(Op::Write, Act::Fail(ErrorKind::Unavailable));
    let write = scene.cache.blocking().set("k", &1_i64, 60);
    let write = write.expect_err("the connection was lost");
    assert_eq!(write.kind(), ErrorKind::Unavailable);
    scene.invalidate();
    scene
        .cells
        .until("it is looked for", |cells| cells.count(Op::Release) > 0);
}

#[test]
fn a_read_from_before_it_was_taken_back_does_not_see_it() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.invalidate();
    scene.cells.hold(Op::Release);
    scene.cells.land();
    scene.cells.next(Op::Read, Act::Slow);
    let mut reading = Task::waiting(scene.cache.get::<i64>("k"));
    reading.waits();
    scene.cells.let_go();
    scene
        .cells
        .until("it is taken back", |cells| !cells.holds(":k"));
    // What is done in the background is done in turn: whatever follows that has been done as well.
    scene.leave(Op::Write, scene.cache.set("j", &1_i64, 60));
    drop(Task::new(scene.cache.invalidate("j")).ends());
    scene.cells.land();
    scene
        .cells
        .until("the next one is, too", |cells| !cells.holds(":j"));
    assert_eq!(reading.ends().expect("the backend answers"), None);
}

#[test]
fn whoever_computes_takes_the_place_of_what_was_overtaken() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.invalidate();
    scene.cells.hold(Op::Release);
    scene.cells.land();
    let mut reading = Task::new(scene.cache.get_or_set("k", 60, || async { 2_i64 }));
    assert_eq!(reading.ends().expect("the backend answers"), 2);
    scene.cells.let_go();
    scene
        .cells
        .until("it is looked for", |cells| cells.count(Op::Release) > 0);
    assert_eq!(scene.get(), Some(2));
}
