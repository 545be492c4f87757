//! A joiner is never given a value that was outdated when it came (C2), whoever outdated it.

use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, cached};

use super::cells::{Act, Cells, Op};
use crate::support::{Gate, Runs, Task, counted};

/// A value that names the number of its run, and carries a tag.
#[cached(key = "remote:tagged:<id>", tags("remote-tag:<id>"), skip(runs, gate))]
async fn tagged(id: u64, runs: &Runs, gate: &Gate) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

#[cached(key = "remote:failing:<id>", skip(runs, gate))]
async fn failing(id: u64, runs: &Runs, gate: &Gate) -> Result<i64, String> {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    Err(run.to_string())
}

impl cached_core::Handle for Runs {}
impl cached_core::Handle for Gate {}

/// One process with a computation under way, and another process.
struct Scene {
    cells: Cells,
    here: Cache,
    there: Cache,
    runs: Runs,
    gate: Gate,
}

impl Scene {
    fn new() -> Self {
        let cells = Cells::default();
        Self {
            here: cells.cache(),
            there: cells.cache(),
            runs: Runs::default(),
            gate: Gate::default(),
            cells,
        }
    }

    fn call(&self) -> Task<'_, i64> {
        Task::waiting(counted(&self.here, "k", &self.runs, &self.gate))
    }

    fn call_tagged(&self) -> Task<'_, i64> {
        Task::waiting(with_cache(&self.here, tagged(1, &self.runs, &self.gate)))
    }
}

#[test]
fn who_hears_late_of_a_computation_here_that_is_over_does_not_compute() {
    let scene = Scene::new();
    scene.cells.next(Op::Read, Act::Slow);
    let mut late = scene.call();
    let mut leader = scene.call();
    // It is told of the leader's lease, and hears it when that computation is over.
    late.waits();
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    assert_eq!(late.ends(), 1);
    assert_eq!(scene.runs.count(), 1);
}

#[test]
fn a_joiner_after_another_process_invalidated_the_key_starts_over() {
    let scene = Scene::new();
    let mut leader = scene.call();
    Task::new(scene.there.invalidate("k"))
        .ends()
        .expect("a valid key");
    let mut joiner = scene.call();
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    assert_eq!(joiner.ends_woken(), 2);
}

#[test]
fn whoever_comes_after_a_write_here_does_not_wait_for_the_computation_before() {
    let scene = Scene::new();
    let mut leader = scene.call();
    let set = Task::new(scene.here.set("k", &7i64, 60)).ends();
    set.expect("a valid key and TTL");
    let after = counted(&scene.here, "k", &scene.runs, &scene.gate);
    assert_eq!(Task::new(after).ends(), 7);
    let mut tagged_leader = scene.call_tagged();
    let put = with_cache(&scene.here, async { tagged::entry(1).put(8).await });
    assert!(Task::new(put).ends());
    let after = with_cache(&scene.here, tagged(1, &scene.runs, &scene.gate));
    assert_eq!(Task::new(after).ends(), 8);
    scene.gate.open();
    assert_eq!((leader.ends(), tagged_leader.ends()), (1, 2));
}

#[test]
fn a_joiner_after_another_process_invalidated_a_tag_starts_over() {
    let scene = Scene::new();
    let mut leader = scene.call_tagged();
    let tag = scene.there.invalidate_tag("remote-tag:1");
    Task::new(tag).ends().expect("a valid tag");
    let mut joiner = scene.call_tagged();
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    assert_eq!(joiner.ends_woken(), 2);
}

#[test]
fn a_joiner_after_another_process_cleared_the_cache_starts_over() {
    let scene = Scene::new();
    let mut leader = scene.call();
    Task::new(scene.there.clear()).ends().expect("it answers");
    let mut joiner = scene.call();
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    assert_eq!(joiner.ends_woken(), 2);
}

#[test]
fn a_joiner_without_an_invalidation_takes_the_value() {
    let scene = Scene::new();
    let (mut leader, mut joiner) = (scene.call_tagged(), scene.call_tagged());
    scene.gate.open();
    assert_eq!((leader.ends(), joiner.ends_woken()), (1, 1));
}

#[test]
fn a_joiner_after_another_process_invalidated_does_not_share_the_failure() {
    let scene = Scene::new();
    let call = || with_cache(&scene.here, failing(1, &scene.runs, &scene.gate));
    let mut leader = Task::waiting(call());
    let invalidated = scene.there.invalidate("remote:failing:1");
    Task::new(invalidated).ends().expect("a valid key");
    let mut joiner = Task::waiting(call());
    scene.gate.open();
    assert_eq!(leader.ends(), Err("1".to_owned()));
    scene
        .cells
        .until("the joiner is told", |_| joiner.take_wakes() > 0);
    assert_eq!(joiner.ends(), Err("2".to_owned()));
}

#[test]
fn a_joiner_shares_a_failure_that_nothing_outdated() {
    let scene = Scene::new();
    let call = || with_cache(&scene.here, failing(2, &scene.runs, &scene.gate));
    let (mut leader, mut joiner) = (Task::waiting(call()), Task::waiting(call()));
    scene.gate.open();
    assert_eq!(leader.ends(), Err("1".to_owned()));
    scene
        .cells
        .until("the joiner is told", |_| joiner.take_wakes() > 0);
    assert_eq!(joiner.ends(), Err("1".to_owned()));
}

#[test]
fn a_computation_without_the_backend_is_not_joined_by_who_reaches_it() {
    let scene = Scene::new();
    scene
        .cells
        .next(Op::Read, Act::Fail(ErrorKind::Unavailable));
    let mut leader = scene.call();
    Task::new(scene.there.invalidate("k"))
        .ends()
        .expect("a valid key");
    let mut joiner = scene.call();
    assert_eq!(scene.runs.count(), 2, "it leads a flight of its own");
    scene.gate.open();
    assert_eq!((leader.ends(), joiner.ends()), (1, 2));
}

#[test]
fn a_joiner_of_a_computation_without_the_backend_asks_once_it_is_back() {
    let scene = Scene::new();
    (0..2).for_each(|_| {
        scene
            .cells
            .next(Op::Read, Act::Fail(ErrorKind::Unavailable))
    });
    let mut leader = scene.call();
    let mut joiner = scene.call();
    assert_eq!(scene.runs.count(), 1, "it could not ask either");
    Task::new(scene.there.invalidate("k"))
        .ends()
        .expect("a valid key");
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    assert_eq!(joiner.ends_woken(), 2);
}

#[test]
fn while_the_backend_is_down_one_computation_serves_all() {
    let scene = Scene::new();
    scene.cells.always(Some(Act::Fail(ErrorKind::Unavailable)));
    let mut leader = scene.call();
    let mut joiners = [scene.call(), scene.call(), scene.call()];
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    for joiner in &mut joiners {
        assert_eq!(joiner.ends_woken(), 1);
    }
}

#[test]
fn while_a_key_cannot_be_read_those_who_wait_share_the_next_computation() {
    let scene = Scene::new();
    scene.cells.hold(Op::Invalidate);
    drop(Task::waiting(scene.here.invalidate("k")));
    let mut leader = scene.call();
    let mut late = [(); 6].map(|()| scene.call());
    scene.gate.open();
    assert_eq!(leader.ends(), 1);
    scene.gate.close();
    late.iter_mut().for_each(Task::waits);
    scene.gate.open();
    for joiner in &mut late {
        assert_eq!(joiner.ends_woken(), 2);
    }
    assert_eq!(scene.runs.count(), 2);
}

/// From here on the backend takes no leases, and everything else.
fn full() -> (Scene, usize) {
    let scene = Scene::new();
    // The stamps are there.
    let warm = counted(&scene.here, "warm", &scene.runs, &scene.gate);
    drop(Task::waiting(warm));
    for _ in 0..4 {
        scene.cells.next(Op::Acquire, Act::Fail(ErrorKind::Full));
    }
    let before = scene.runs.count();
    (scene, before)
}

#[test]
fn where_the_backend_takes_nothing_who_came_before_the_computation_shares_it() {
    let (scene, before) = full();
    scene.cells.next(Op::Read, Act::Slow);
    scene.cells.next(Op::Read, Act::Slow);
    let (mut leader, mut joiner) = (scene.call(), scene.call());
    for _ in 0..2 {
        leader.waits();
        joiner.waits();
    }
    assert_eq!(scene.runs.count(), before + 1, "one computes");
    scene.gate.open();
    assert_eq!(leader.ends(), joiner.ends_woken());
    assert_eq!(scene.runs.count(), before + 1);
}

#[test]
fn where_the_backend_takes_nothing_who_comes_later_shares_the_next_computation() {
    let (scene, before) = full();
    let mut leader = scene.call();
    // It takes this, and keeps nothing that a computation under way could be told by.
    Task::new(scene.there.invalidate("k"))
        .ends()
        .expect("a valid key");
    let mut late = [scene.call(), scene.call(), scene.call()];
    assert_eq!(scene.runs.count(), before + 1, "one after the other");
    scene.gate.open();
    let outdated = leader.ends();
    scene.gate.close();
    for joiner in &mut late {
        joiner.waits();
    }
    assert_eq!(scene.runs.count(), before + 2, "all of them at once");
    scene.gate.open();
    for joiner in &mut late {
        assert_eq!(joiner.ends_woken(), outdated + 1);
    }
}

#[test]
fn where_the_backend_takes_nothing_a_failure_from_before_is_not_shared() {
    let (scene, before) = full();
    let call = || failing(1, &scene.runs, &scene.gate);
    let mut leader = Task::waiting(with_cache(&scene.here, call()));
    let mut joiner = Task::waiting(with_cache(&scene.here, call()));
    assert_eq!(scene.runs.count(), before + 1, "one after the other");
    scene.gate.open();
    leader.ends().expect_err("it fails");
    scene
        .cells
        .until("the joiner is told", |_| joiner.take_wakes() > 0);
    assert_eq!(joiner.ends(), Err((before + 2).to_string()));
}
