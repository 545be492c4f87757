//! Waiting for another process is bounded, and leases live as long as the function says.

use std::time::Duration;

use cached_core::cached;
use cached_core::testing::with_cache;
use cached_core::time::ManualClock;

use super::cells::{Cells, Op};
use crate::support::{Gate, Runs, Task};

#[cached(key = "remote:locked:<id>", lock = "2s", wait = "5s", skip(runs, gate))]
async fn locked(id: u64, runs: &Runs, gate: &Gate) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

#[test]
fn waits_for_one_process_after_another_add_up_to_one_bound() {
    let (cells, clock) = (Cells::default(), ManualClock::new());
    let here = cells.process().clock(clock.clone()).build().expect("valid");
    let (runs, gate, closed) = (Runs::default(), Gate::default(), Gate::default());
    gate.open();
    let there = [cells.cache(), cells.cache()];
    let mut holder = Task::waiting(with_cache(&there[0], locked(1, &runs, &closed)));
    let mut waiter = Task::waiting(with_cache(&here, locked(1, &runs, &gate)));
    clock.advance(Duration::from_secs(3));
    waiter.waits();
    // The first holder is gone, and another process is faster than the waiter.
    drop(holder);
    cells.until("the lease is given back", |cells| !cells.holds("locked:1"));
    holder = Task::waiting(with_cache(&there[1], locked(1, &runs, &closed)));
    waiter.waits();
    clock.advance(Duration::from_secs(1));
    waiter.waits();
    clock.advance(Duration::from_secs(1));
    assert_eq!(waiter.ends(), 3, "five seconds in all, then it computes");
    drop(holder);
}

#[test]
fn a_lease_in_the_place_of_an_outdated_value_lives_as_long_as_the_function_says() {
    let cells = Cells::default();
    let (cache, runs, gate) = (cells.cache(), Runs::default(), Gate::default());
    gate.open();
    let call = || with_cache(&cache, locked(2, &runs, &gate));
    assert_eq!(Task::new(call()).ends(), 1);
    assert_eq!(
        cells.last_ttl(Op::Acquire, "locked:2"),
        Some(Duration::from_secs(2))
    );
    Task::new(cache.expire("remote:locked:2"))
        .ends()
        .expect("it answers");
    let closed = Gate::default();
    let _leader = Task::waiting(with_cache(&cache, locked(2, &runs, &closed)));
    assert_eq!(
        cells.last_ttl(Op::Fill, "locked:2"),
        Some(Duration::from_secs(2))
    );
}

/// Carries a tag, and waits for other processes.
#[cached(
    key = "remote:doomed:<id>",
    tags("remote-doomed:<id>"),
    lock,
    skip(runs, gate)
)]
async fn doomed(id: u64, runs: &Runs, gate: &Gate) -> i64 {
    let _ = id;
    let run = runs.next();
    gate.passed().await;
    run
}

#[test]
fn nobody_waits_for_a_computation_that_an_invalidated_tag_has_overtaken() {
    let cells = Cells::default();
    let (here, there) = (cells.cache(), cells.cache());
    let (runs, gate, open) = (Runs::default(), Gate::default(), Gate::default());
    open.open();
    let call = |cache, gate| with_cache(cache, doomed(1, &runs, gate));
    // So that the stamps are there.
    assert_eq!(Task::new(call(&here, &open)).ends(), 1);
    Task::new(here.invalidate("remote:doomed:1"))
        .ends()
        .expect("a valid key");
    let mut holder = Task::waiting(call(&there, &gate));
    let mut waiter = Task::waiting(call(&here, &open));
    Task::new(here.invalidate_tag("remote-doomed:1"))
        .ends()
        .expect("a valid tag");
    let mut next = Task::new(call(&here, &open));
    assert_eq!(next.ends(), 3, "it takes the doomed lease over");
    gate.open();
    assert_eq!(holder.ends(), 2);
    cells.until("the waiter is told", |_| waiter.poll().is_ready());
    assert_eq!(Task::new(call(&there, &open)).ends(), 3, "a hit");
}

#[test]
fn first_callers_that_create_the_same_stamps_compute_once() {
    let cells = Cells::default();
    let (runs, gate) = (Runs::default(), Gate::default());
    let caches: Vec<_> = (0..4).map(|_| cells.cache()).collect();
    let call = |cache| with_cache(cache, doomed(2, &runs, &gate));
    let mut tasks: Vec<_> = caches
        .iter()
        .map(|cache| Task::waiting(call(cache)))
        .collect();
    assert_eq!(runs.count(), 1);
    gate.open();
    for task in &mut tasks {
        cells.until("it is told", |_| task.poll().is_ready());
    }
    assert_eq!(runs.count(), 1);
}
