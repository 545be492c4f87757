//! Faults are bounded in time, and what could not be delivered is not forgotten.

use cached_core::{Delivery, ErrorKind};

use super::cells::{Act, Cells, Op};
use crate::support::{Gate, Runs, Task, counted};

#[tokio::test]
async fn what_is_owed_is_not_read_before_it_is_delivered() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    gate.open();
    let call = || counted(&cache, "k", &runs, &gate);
    assert_eq!((call().await, call().await), (1, 1));
    cells.always(Some(Act::Fail(ErrorKind::Unavailable)));
    let invalidated = cache.invalidate("k").await;
    assert_eq!(invalidated.expect("a valid key"), Delivery::Queued);
    assert_eq!(call().await, 2);
    let (reads, last) = (cells.count(Op::Read), cells.count(Op::Invalidate));
    cells.always(None);
    while cells.count(Op::Invalidate) == last {
        assert!(call().await > 1, "the old value is still there");
        tokio::task::yield_now().await;
    }
    cells.until("it is delivered", |cells| {
        !cells.holds(":k") || cells.count(Op::Read) > reads
    });
    assert!(call().await > 1);
}

#[test]
fn a_backend_that_does_not_answer_costs_the_first_callers_their_limit_and_the_rest_nothing() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    gate.open();
    cells.always(Some(Act::Lose));
    let began = std::time::Instant::now();
    for _ in 0..200 {
        cache
            .blocking()
            .get_or_set("k", 60, || runs.next())
            .expect("a valid key");
    }
    assert_eq!(runs.count(), 200);
    let waited = began.elapsed().as_millis();
    assert!(
        waited < 1500,
        "5 limits of 50 ms and a probe or two: {waited} ms"
    );
    assert!(cells.count(Op::Read) < 10);
}

#[test]
fn callers_with_less_patience_than_the_limit_open_the_breaker() {
    let (cells, runs, gate) = (Cells::default(), Runs::default(), Gate::default());
    let cache = cells.cache();
    gate.open();
    cells.always(Some(Act::Lose));
    for _ in 0..5 {
        let caller = Task::waiting(counted(&cache, "k", &runs, &gate));
        // Time itself: a part of the 50 ms that the backend has.
        std::thread::sleep(std::time::Duration::from_millis(30));
        drop(caller);
    }
    assert_eq!(runs.count(), 0);
    let mut next = Task::new(counted(&cache, "k", &runs, &gate));
    assert_eq!(next.ends(), 1, "at once");
}
