//! Dropping a future at any of its awaits leaves no lease behind and skips no invalidation.

use cached_core::testing::with_cache;
use cached_core::{Delivery, Outcome, cached};

use super::cells::{Act, Cells, Op};
use crate::support::{Gate, Runs, Tally, Task, counted};

static FLAKY: Tally = Tally::new();

/// Fails the first time.
#[cached(key = "remote:flaky")]
async fn flaky() -> Result<u64, String> {
    match FLAKY.add() {
        1 => Err("not yet".to_owned()),
        run => Ok(run),
    }
}

#[cached(key = "remote:slow:<id>", skip(runs, gate))]
async fn slow(id: u64, runs: &Runs, gate: &Gate) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

#[test]
fn a_caller_dropped_while_it_asks_for_the_lease_leaves_none() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    cells.next(Op::Acquire, Act::Lose);
    let caller = Task::waiting(counted(&cache, "k", &runs, &gate));
    assert!(cells.holds(":k"), "the lease was granted, the answer lost");
    drop(caller);
    cells.until("the lease is given back", |cells| !cells.holds(":k"));
    assert_eq!(runs.count(), 0);
}

#[test]
fn a_waiter_of_a_caller_dropped_while_it_asks_computes_in_its_place() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    gate.open();
    cells.next(Op::Acquire, Act::Lose);
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut waiter = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    assert_eq!(waiter.ends_woken(), 1);
    let stored = || cache.blocking().get::<i64>("k").expect("it answers");
    assert_eq!(
        stored(),
        Some(1),
        "no lease of its own process is in its way"
    );
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_given_back() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    gate.open();
    cells.next(Op::Acquire, Act::Lose);
    assert_eq!(
        counted(&cache, "k", &runs, &gate).await,
        1,
        "after the time limit"
    );
    cells.until("the lease is given back", |cells| !cells.holds(":k"));
    assert_eq!(counted(&cache, "k", &runs, &gate).await, 2);
    assert_eq!(counted(&cache, "k", &runs, &gate).await, 2, "stored");
}

#[test]
fn a_leader_dropped_in_its_body_gives_the_lease_back() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    drop(Task::waiting(counted(&cache, "k", &runs, &gate)));
    cells.until("the lease is given back", |cells| !cells.holds(":k"));
}

#[test]
fn a_leader_dropped_while_it_fills_leaves_the_value_or_nothing() {
    for act in [Act::Lose, Act::Fail(cached_core::ErrorKind::Unavailable)] {
        let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
        let cache = cells.cache();
        gate.open();
        cells.next(Op::Fill, act);
        let mut leader = Task::new(counted(&cache, "k", &runs, &gate));
        if leader.poll().is_pending() {
            drop(leader);
            cells.until("the lease is given back", |cells| {
                cells.count(Op::Release) == 1
            });
            assert!(cells.holds(":k"), "the fill had arrived");
        } else {
            cells.until("the lease is given back", |cells| !cells.holds(":k"));
        }
    }
}

#[tokio::test]
async fn a_call_after_a_failed_one_takes_the_lease_over_that_is_being_given_back() {
    let cells = Cells::default();
    with_cache(&cells.cache(), async {
        cells.next(Op::Release, Act::Fail(cached_core::ErrorKind::Timeout));
        assert_eq!(flaky::traced().await.1, Outcome::NotStored);
        let (value, outcome) = flaky::traced().await;
        assert_eq!(value, Ok(2));
        assert_ne!(outcome, Outcome::Refused);
    })
    .await;
}

#[test]
fn a_lease_that_is_given_back_and_still_there_is_taken_over() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    // The answer to the release is lost before the cell is: a lost answer alone would do it.
    cells.next(Op::Release, Act::Lose);
    let snapshot = {
        let _leader = Task::waiting(counted(&cache, "k", &runs, &gate));
        cells.snapshot()
    };
    cells.until("it is given back", |cells| cells.count(Op::Release) == 1);
    cells.restore(snapshot);
    gate.open();
    let mut next = Task::new(counted(&cache, "k", &runs, &gate));
    assert_eq!(next.ends(), 2);
    let stored = cache.blocking().get::<i64>("k").expect("it answers");
    assert_eq!(stored, Some(2), "it waited for no lease of its own process");
}

#[test]
fn an_invalidation_dropped_on_its_way_reaches_computations_and_the_backend() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    let mut leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut joiner = Task::waiting(counted(&cache, "k", &runs, &gate));
    cells.next(
        Op::Invalidate,
        Act::Fail(cached_core::ErrorKind::Unavailable),
    );
    cells.next(Op::Invalidate, Act::Lose);
    let mut first = Task::new(cache.invalidate("k"));
    assert_eq!(first.ends().expect("a valid key"), Delivery::Queued);
    drop(Task::new(cache.invalidate("k")).poll());
    gate.open();
    assert_eq!(leader.ends(), 1);
    assert!(joiner.take_wakes() > 0, "it starts over");
    cells.until("the backend is told", |cells| {
        cells.count(Op::Invalidate) >= 3
    });
    cells.until("all is delivered", |_| joiner_ended(&mut joiner));
}

fn joiner_ended(joiner: &mut Task<'_, i64>) -> bool {
    matches!(joiner.poll(), std::task::Poll::Ready(value) if value > 1)
}

#[test]
fn an_entry_whose_invalidation_is_dropped_on_its_way_is_detached_at_once() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    let call = || with_cache(&cache, slow(1, &runs, &gate));
    let (mut leader, mut joiner) = (Task::waiting(call()), Task::waiting(call()));
    cells.next(Op::Invalidate, Act::Lose);
    let invalidating = with_cache(&cache, async { slow::entry(1).invalidate().await });
    drop(Task::waiting(invalidating));
    assert!(joiner.take_wakes() > 0, "it starts over");
    gate.open();
    assert_eq!((leader.ends(), joiner.ends()), (1, 2));
    cells.until("the backend is told again", |cells| {
        cells.count(Op::Invalidate) == 2
    });
}
