//! Where misses are the rule a lease goes first, and what is there already comes back as its answer.

use cached_core::event::EventKind;
use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, Outcome, cached};

use super::cells::{Act, Cells, Op};
use crate::support::{Gate, Runs, Task, Watch};

#[cached(key = "unseen:<id>", skip(runs, gate))]
async fn row(id: u64, runs: &Runs, gate: &Gate) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

/// A process that found nothing for a while, and another one that knows nothing.
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
        let (runs, gate) = (Runs::default(), Gate::default());
        let (here, there) = (cells.cache(), cells.cache());
        let (before, open) = (Runs::default(), Gate::default());
        open.open();
        for id in 1_000..1_010 {
            let call = with_cache(&here, row::traced(id, &before, &open));
            assert_eq!(Task::new(call).ends().1, Outcome::Stored);
        }
        Self {
            cells,
            here,
            there,
            runs,
            gate,
        }
    }

    /// The call of one key, by one of the processes.
    fn call<'s>(&'s self, cache: &'s Cache) -> Task<'s, (i64, Outcome)> {
        Task::new(with_cache(cache, row::traced(1, &self.runs, &self.gate)))
    }

    fn acquired(&self) -> usize {
        self.cells.count(Op::Acquire)
    }
}

#[test]
fn a_miss_is_claimed_before_anybody_looks() {
    let scene = Scene::new();
    scene.gate.open();
    scene.cells.forget();
    let mut call = scene.call(&scene.here);
    assert_eq!(call.ends(), (1, Outcome::Stored));
    assert_eq!(scene.cells.log(), [Op::Acquire, Op::Read, Op::Fill]);
    scene.cells.forget();
    let mut there = Task::new(with_cache(
        &scene.there,
        row::traced(2, &scene.runs, &scene.gate),
    ));
    assert_eq!(there.ends(), (2, Outcome::Stored));
    assert_eq!(scene.cells.log(), [Op::Read, Op::Acquire, Op::Fill]);
}

#[test]
fn a_value_that_is_there_is_a_hit_all_the_same() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    let (watch, acquired) = (Watch::of(&scene.here), scene.acquired());
    assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
    assert_eq!(scene.acquired(), acquired + 1, "it was asked by a claim");
    watch.await_count(EventKind::Hit, 1);
    assert_eq!(watch.count(EventKind::Led), 0, "nobody computes");
}

#[test]
fn hits_make_it_look_first_again() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    for _ in 0..100 {
        assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
    }
    let acquired = scene.acquired();
    assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
    assert_eq!(scene.acquired(), acquired);
}

/// A claim that is under way may find a value: nobody waits for it instead of looking.
#[test]
fn whoever_comes_while_a_claim_is_under_way_looks() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    let (watch, acquired) = (Watch::of(&scene.here), scene.acquired());
    scene.cells.next(Op::Acquire, Act::Lose);
    let mut leader = scene.call(&scene.here);
    leader.waits();
    for _ in 0..20 {
        assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
    }
    let sync = scene.here.blocking().get_or_set("unseen:1", 60, || -1i64);
    assert_eq!(sync.expect("a valid key and TTL"), 1);
    assert_eq!(scene.acquired(), acquired + 1, "the leader's");
    assert_eq!(watch.count(EventKind::Joined), 0);
    drop(leader);
    assert_eq!(scene.runs.count(), 1);
}

#[test]
fn whoever_found_nothing_joins_a_claim_and_takes_it_over() {
    let scene = Scene::new();
    let watch = Watch::of(&scene.here);
    scene.cells.next(Op::Acquire, Act::Lose);
    let mut leader = scene.call(&scene.here);
    leader.waits();
    let mut joiner = scene.call(&scene.here);
    joiner.waits();
    scene.gate.open();
    drop(leader);
    assert_eq!(joiner.ends(), (1, Outcome::Stored));
    assert_eq!(watch.count(EventKind::Led), 1, "the one that computed");
}

/// By the process that claims first, and by one that looks first.
#[test]
fn whoever_joins_a_computation_asks_nothing() {
    let scene = Scene::new();
    for (cache, id) in [(&scene.here, 2), (&scene.there, 3)] {
        let watch = Watch::of(cache);
        let gate = Gate::default();
        let call = || Task::new(with_cache(cache, row::traced(id, &scene.runs, &gate)));
        let mut leader = call();
        leader.waits();
        let asked = scene.cells.count(Op::Read);
        let mut joiners: Vec<_> = (0..5).map(|_| call()).collect();
        joiners.iter_mut().for_each(Task::waits);
        assert_eq!(scene.cells.count(Op::Read), asked);
        gate.open();
        assert_eq!(leader.ends().1, Outcome::Stored);
        for mut joiner in joiners {
            assert_eq!(joiner.ends().1, Outcome::Joined);
        }
        assert_eq!(watch.count(EventKind::Led), 1);
    }
}

#[test]
fn a_value_is_served_while_it_is_refreshed() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    let held = Gate::default();
    let refreshing = with_cache(&scene.here, async {
        row::entry(1)
            .refresh(|| async {
                held.passed().await;
                9
            })
            .await
    });
    let mut refreshing = Task::new(refreshing);
    refreshing.waits();
    assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
    held.open();
    assert_eq!(refreshing.ends(), 9);
}

/// What refuses claims may still be read, and what does not answer is one outage for all callers.
#[test]
fn faults_of_a_claim_make_it_look_first() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    scene.cells.next(Op::Acquire, Act::Fail(ErrorKind::Full));
    assert_eq!(scene.call(&scene.here).ends(), (2, Outcome::NotStored));
    scene.cells.next(Op::Acquire, Act::Fail(ErrorKind::Full));
    assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::Hit));
}

#[test]
fn while_the_backend_is_down_callers_share_their_computation() {
    let scene = Scene::new();
    let fails = Act::Fail(ErrorKind::Unavailable);
    scene.cells.always(Some(fails));
    let mut callers: Vec<_> = (0..5).map(|_| scene.call(&scene.here)).collect();
    callers.iter_mut().for_each(Task::waits);
    scene.gate.open();
    for mut caller in callers {
        assert_eq!(caller.ends().0, 1);
    }
    assert_eq!(scene.runs.count(), 1);
}

#[test]
fn nothing_is_claimed_while_an_invalidation_of_everything_is_owed() {
    let scene = Scene::new();
    scene.gate.open();
    // Nor do its repetitions in the background arrive.
    for _ in 0..1_000 {
        let fails = Act::Fail(ErrorKind::Unavailable);
        scene.cells.next(Op::Invalidate, fails);
    }
    let clear = scene.here.clear();
    Task::new(clear).ends().expect("it is owed");
    scene.cells.forget();
    scene.call(&scene.here).ends();
    let first = scene
        .cells
        .log()
        .into_iter()
        .find(|op| *op != Op::Invalidate);
    assert_ne!(first, Some(Op::Acquire));
}

#[test]
fn an_outdated_value_gives_way_at_once() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    let all = with_cache(&scene.there, row::invalidate_all());
    Task::new(all).ends();
    assert_eq!(scene.call(&scene.here).ends(), (2, Outcome::Stored));
    assert_eq!(scene.call(&scene.there).ends(), (2, Outcome::Hit));
}

#[test]
fn an_invalidation_refuses_the_value() {
    let scene = Scene::new();
    let mut call = scene.call(&scene.here);
    call.waits();
    let key = with_cache(&scene.there, async {
        row::entry(1).invalidate().await;
    });
    Task::new(key).ends();
    scene.gate.open();
    assert_eq!(call.ends(), (1, Outcome::Refused));
    assert_eq!(scene.call(&scene.here).ends(), (2, Outcome::Stored));
}

/// A lease that is put there first says what it depends on, as one does that was put there after a
/// look: another process replaces it once it is outdated.
#[test]
fn an_outdated_lease_gives_way() {
    let scene = Scene::new();
    let mut call = scene.call(&scene.here);
    call.waits();
    let all = with_cache(&scene.there, row::invalidate_all());
    Task::new(all).ends();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (2, Outcome::Stored));
    assert_eq!(call.ends(), (1, Outcome::Refused));
}

/// What this process remembers of the stamps is old: its lease would look outdated from the start.
#[test]
fn a_lease_that_named_old_stamps_is_put_there_again() {
    let scene = Scene::new();
    let all = with_cache(&scene.there, row::invalidate_all());
    Task::new(all).ends();
    let mut call = scene.call(&scene.here);
    call.waits();
    let mut there = scene.call(&scene.there);
    scene.gate.open();
    let (_, outcome) = there.ends();
    assert_eq!(outcome, Outcome::NotStored, "the lease is in force");
    assert_eq!(call.ends(), (1, Outcome::Stored));
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Hit));
}

#[test]
fn a_damaged_cell_gives_way() {
    let scene = Scene::new();
    scene.gate.open();
    for left in [30, 0] {
        scene.call(&scene.here).ends();
        let runs = scene.runs.count();
        scene.cells.damage("unseen:1", |bytes| bytes.truncate(left));
        let (value, outcome) = scene.call(&scene.here).ends();
        assert_eq!(outcome, Outcome::Stored);
        assert_eq!(value, runs as i64 + 1);
    }
}

#[test]
fn a_claim_that_is_refused_or_lost_costs_the_caller_nothing() {
    let scene = Scene::new();
    scene.gate.open();
    scene.cells.next(Op::Acquire, Act::Fail(ErrorKind::Full));
    assert_eq!(scene.call(&scene.here).ends(), (1, Outcome::NotStored));
    scene
        .cells
        .next(Op::Acquire, Act::Fail(ErrorKind::Unavailable));
    assert_eq!(scene.call(&scene.here).ends(), (2, Outcome::NotStored));
    let mut dropped = scene.call(&scene.here);
    scene.cells.next(Op::Acquire, Act::Lose);
    dropped.waits();
    drop(dropped);
    scene
        .cells
        .until("the lease is given back", |cells| !cells.holds(":unseen:1"));
    assert_eq!(scene.call(&scene.here).ends(), (3, Outcome::Stored));
}

#[test]
fn nothing_is_taken_for_an_answer_while_its_invalidation_is_owed() {
    let scene = Scene::new();
    scene.gate.open();
    assert_eq!(scene.call(&scene.there).ends(), (1, Outcome::Stored));
    scene
        .cells
        .next(Op::Invalidate, Act::Fail(ErrorKind::Unavailable));
    scene.cells.always(Some(Act::Fail(ErrorKind::Unavailable)));
    let key = with_cache(&scene.here, async {
        row::entry(1).invalidate().await;
    });
    Task::new(key).ends();
    scene.cells.always(None);
    let (value, _) = scene.call(&scene.here).ends();
    assert_eq!(value, 2, "the cell is still there, and is not believed");
}
