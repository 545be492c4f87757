//! Claims that the backend carries out when whoever sent them is gone, and after the release that
//! was sent later: as a busy database does, over another connection.

#[cfg(feature = "servers")]
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, Error, cached};

use super::cells::{Act, Cells, Op};
use crate::relay::{Duty, Relay};
use crate::support::{Gate, Runs, Task, counted, until};

struct Scene {
    cells: Cells,
    here: Cache,
    there: Cache,
    runs: Runs,
    gate: Gate,
}

impl Scene {
    /// The next claim is late. All else is known already: stamps are claimed, too.
    fn start() -> Self {
        let cells = Cells::default();
        let (here, there) = (cells.cache(), cells.cache());
        here.blocking().set("warm", &1i64, 60).expect("it answers");
        let scene = Self {
            cells,
            here,
            there,
            runs: Runs::default(),
            gate: Gate::default(),
        };
        scene.gate.open();
        scene.cells.next(Op::Acquire, Act::Late);
        scene
    }

    fn call<'c>(&self, cache: &'c Cache) -> Task<'c, i64> {
        Task::new(counted(cache, "k", &self.runs, &self.gate))
    }

    /// The release was carried out; now the claim is, and nobody is held up.
    #[track_caller]
    fn lands_in_vain(&self) {
        self.cells.until("the lease is given back", |cells| {
            cells.count(Op::Release) > 0
        });
        self.cells.land();
        self.cells
            .until("it is given back again", |cells| !cells.holds(":k"));
        let before = self.runs.count() as i64;
        assert_eq!(self.call(&self.there).ends(), before + 1);
        let stored = self.there.blocking().get::<i64>("k");
        assert_eq!(
            stored.expect("it answers"),
            Some(before + 1),
            "it is stored"
        );
    }
}

#[test]
fn a_claim_that_lands_after_its_caller_was_dropped_is_given_back() {
    let scene = Scene::start();
    drop(Task::waiting(counted(
        &scene.here,
        "k",
        &scene.runs,
        &scene.gate,
    )));
    scene.lands_in_vain();
}

#[tokio::test]
async fn a_claim_that_lands_after_its_time_limit_is_given_back() {
    let scene = Scene::start();
    assert_eq!(counted(&scene.here, "k", &scene.runs, &scene.gate).await, 1);
    scene.lands_in_vain();
}

/// A claim that the next one overtakes lands when that one's lease was invalidated: by the same
/// token it would stand for it.
#[test]
fn a_claim_that_lands_after_an_invalidation_is_nobodys() {
    let scene = Scene::start();
    let leader = Task::waiting(counted(&scene.here, "k", &scene.runs, &scene.gate));
    let closed = Gate::default();
    let heir = || Task::new(counted(&scene.here, "k", &scene.runs, &closed));
    let mut heir = heir();
    heir.waits();
    drop(leader);
    heir.waits();
    assert_eq!(scene.runs.count(), 1, "it computes");
    let invalidated = Task::new(scene.there.invalidate("k")).ends();
    invalidated.expect("a valid key");
    scene.cells.land();
    closed.open();
    heir.ends();
    let stored = scene.there.blocking().get::<i64>("k");
    assert_eq!(stored.expect("it answers"), None, "it was invalidated");
    scene
        .cells
        .until("it is given back", |cells| !cells.holds(":k"));
}

#[cached(key = "late:<id>", batch(id in ids), skip(runs))]
async fn rows(ids: &[u64], runs: &Runs) -> std::collections::HashMap<u64, i64> {
    let run = runs.next();
    ids.iter().map(|id| (*id, run)).collect()
}

#[test]
fn claims_of_a_batch_that_land_late_are_given_back() {
    let (cells, runs) = (Cells::default(), Runs::default());
    let cache = cells.cache();
    let batch = |ids| Task::new(with_cache(&cache, rows(ids, &runs)));
    batch(&[7]).ends();
    (0..2).for_each(|_| cells.next(Op::Acquire, Act::Late));
    let mut dropped = batch(&[1, 2]);
    dropped.waits();
    drop(dropped);
    cells.until("the leases are given back", |cells| {
        cells.count(Op::Release) == 2
    });
    cells.land();
    cells.until("they are given back again", |cells| {
        !cells.holds("late:1") && !cells.holds("late:2")
    });
}

#[test]
fn a_lock_that_lands_after_its_caller_was_dropped_is_given_back() {
    let scene = Scene::start();
    let lock = |cache: &Cache| cache.lock("x").ttl(Duration::from_secs(600));
    drop(Task::waiting(lock(&scene.here).try_acquire()));
    scene.cells.until("the lock is given back", |cells| {
        cells.count(Op::Release) > 0
    });
    scene.cells.land();
    scene.cells.until("it is given back again", |_| {
        let taken = lock(&scene.there).blocking().try_acquire();
        taken.expect("it answers").is_some()
    });
}

/// Whoever comes when a computation has ended and its fill is on its way finds the lease, and is not to
/// compute for it.
#[test]
fn a_fill_that_is_on_its_way_is_waited_for() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    let call = || counted(&cache, "k", &runs, &gate);
    gate.open();
    cells.next(Op::Fill, Act::Slow);
    let mut leader = Task::waiting(call());
    let mut comes_late = Task::waiting(call());
    leader.waits();
    assert_eq!(leader.ends(), 1);
    assert_eq!(comes_late.ends(), 1);
    assert_eq!(runs.count(), 1);
}

#[test]
fn fills_of_a_batch_that_are_on_their_way_are_waited_for() {
    let (cells, runs) = (Cells::default(), Runs::default());
    let cache = cells.cache();
    let call = || with_cache(&cache, rows(&[1, 2], &runs));
    (0..2).for_each(|_| cells.next(Op::Fill, Act::Slow));
    let mut leader = Task::waiting(call());
    let mut comes_late = Task::waiting(call());
    leader.waits();
    assert_eq!(leader.ends(), comes_late.ends());
    assert_eq!(runs.count(), 1);
}

/// An answer that is older than the release tells of a lease that is nobody's any more. It is no other
/// process's, so the value is stored.
#[test]
fn a_lease_that_was_given_back_under_an_answer_is_nobodys() {
    let overtaken = Overtaken::default();
    let relay = Relay::new(Arc::new(Cells::default()), overtaken.clone());
    let cache = Cache::on(relay).build().expect("the defaults");
    let (runs, gate) = (Runs::default(), Gate::default());
    let call = || counted(&cache, "k", &runs, &gate);
    drop(Task::waiting(call()));
    gate.open();
    overtaken.is_awaited.store(true, Ordering::SeqCst);
    assert_eq!(Task::new(call()).ends(), 2);
    assert_eq!(Task::new(call()).ends(), 2, "it is stored");
}

/// Once it is awaited the next look is carried out before the release, and answered after it.
#[derive(Clone, Default)]
struct Overtaken {
    is_awaited: Arc<AtomicBool>,
    looked: Arc<AtomicBool>,
    released: Arc<AtomicBool>,
}

impl Duty for Overtaken {
    fn before(&self, operation: &'static str) {
        if operation == "release" {
            until("somebody looks", || self.looked.load(Ordering::SeqCst));
        }
    }

    async fn after(&self, operation: &'static str) -> Result<(), Error> {
        match operation {
            "release" => self.released.store(true, Ordering::SeqCst),
            "read" if self.is_awaited.load(Ordering::SeqCst) => {
                self.looked.store(true, Ordering::SeqCst);
                until("it is released", || self.released.load(Ordering::SeqCst));
                // Until the process knows of it, too, of which nothing tells. Less would be found
                // less often, and fail no more.
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => {}
        }
        Ok(())
    }
}
