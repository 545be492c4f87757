//! An explicit write that lands after its caller has gone does not bring back what was invalidated
//! meanwhile.

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
        let cells = Cells::default();
        let cache = cells.cache();
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

    fn invalidate(&self) -> Delivery {
        let mut invalidating = Task::new(self.cache.invalidate("k"));
        invalidating.ends().expect("a valid key")
    }

    fn get(&self) -> Result<Option<i64>, ErrorKind> {
        let mut getting = Task::new(self.cache.get::<i64>("k"));
        getting.ends().map_err(|error| error.kind())
    }

    /// The write lands now, and goes again.
    #[track_caller]
    fn lands_in_vain(&self) {
        self.cells.land();
        self.cells
            .until("it is removed again", |cells| !cells.holds(":k"));
        self.cells
            .until("nothing is owed", |_| self.cache.undelivered() == 0);
        assert_eq!(self.get(), Ok(None));
    }
}

#[test]
fn a_dropped_write_does_not_undo_an_invalidation() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    assert_eq!(scene.invalidate(), Delivery::Queued, "not for good yet");
    assert_eq!(scene.get(), Err(ErrorKind::Unavailable));
    scene.lands_in_vain();
    assert_eq!(scene.invalidate(), Delivery::Acknowledged);
}

#[test]
fn a_write_that_took_too_long_does_not_either() {
    let scene = Scene::new();
    scene.cells.next(Op::Write, Act::Late);
    let late = scene.cache.blocking().set("k", &1_i64, 60);
    let late = late.expect_err("it does not answer");
    assert_eq!(late.kind(), ErrorKind::Timeout);
    let deleted = scene.cache.blocking().delete("k");
    let deleted = deleted.expect_err("it may come back");
    assert_eq!(deleted.kind(), ErrorKind::Unavailable);
    scene.lands_in_vain();
}

#[test]
fn a_counter_that_begins_late_does_not_either() {
    let scene = Scene::new();
    scene.leave(Op::Acquire, scene.cache.incr_or("k", 1, 0));
    assert_eq!(scene.invalidate(), Delivery::Queued);
    scene.lands_in_vain();
}

#[test]
fn nor_do_the_values_of_a_batch() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set_many([("k", &1_i64)], 60));
    assert_eq!(scene.invalidate(), Delivery::Queued);
    scene.lands_in_vain();
    scene.leave(Op::Acquire, scene.cache.warm([("k", 1_i64)], 60));
    assert_eq!(scene.invalidate(), Delivery::Queued);
    scene.lands_in_vain();
}

#[test]
fn an_invalidation_that_is_repeated_meanwhile_does_not_count_either() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene
        .cells
        .next(Op::Invalidate, Act::Fail(ErrorKind::Unavailable));
    assert_eq!(scene.invalidate(), Delivery::Queued);
    scene
        .cells
        .until("it is repeated", |cells| cells.count(Op::Invalidate) == 2);
    scene.lands_in_vain();
}

#[test]
fn what_nobody_invalidated_stays_however_late_it_comes() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.cells.land();
    assert_eq!(scene.get(), Ok(Some(1)));
    assert_eq!(scene.invalidate(), Delivery::Acknowledged);
    assert_eq!(scene.get(), Ok(None));
}

#[test]
fn of_two_writes_that_are_late_the_last_to_land_decides() {
    let scene = Scene::new();
    scene.leave(Op::Write, scene.cache.set("k", &1_i64, 60));
    scene.leave(Op::Write, scene.cache.set("k", &2_i64, 60));
    assert_eq!(scene.invalidate(), Delivery::Queued);
    scene.lands_in_vain();
}
