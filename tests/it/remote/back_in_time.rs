//! A backend that cannot say whether it went back to an earlier state.

use cached_core::Cache;
use cached_core::testing::Faulty;

use super::cells::{Cells, Op};
use crate::support::{Gate, Runs, Task, counted, until_async};

#[tokio::test]
async fn nothing_that_was_there_before_a_new_connection_is_served_after_it() {
    let cells = Cells::default().tells_no_run();
    believes_nothing_of_before(&cells, cells.cache()).await;
}

#[tokio::test]
async fn a_faulty_backend_says_so_too() {
    let cells = Cells::default().tells_no_run();
    let cache = Cache::on(Faulty::new(cells.clone())).build();
    believes_nothing_of_before(&cells, cache.expect("the defaults are valid")).await;
}

async fn believes_nothing_of_before(cells: &Cells, cache: Cache) {
    let (runs, gate) = (Runs::default(), Gate::default());
    gate.open();
    let call = || counted(&cache, "k", &runs, &gate);
    assert_eq!((call().await, call().await), (1, 1));
    let snapshot = cells.snapshot();
    cache.invalidate("k").await.expect("a valid key");
    assert_eq!(call().await, 2);
    cells.restart_from(snapshot);
    until_async("entries of the new run are hits", async || {
        let (value, again) = (call().await, call().await);
        assert!(value > 1, "the snapshot's value was invalidated");
        value == again
    })
    .await;
}

#[tokio::test]
async fn an_old_lease_that_comes_back_stores_nothing_that_is_served() {
    let cells = Cells::default().tells_no_run();
    let (here, there) = (cells.cache(), cells.cache());
    let (runs, gate, open) = (Runs::default(), Gate::default(), Gate::default());
    open.open();
    assert_eq!(counted(&there, "other", &runs, &open).await, 1);
    let mut leader = Task::waiting(counted(&here, "k", &runs, &gate));
    let snapshot = cells.snapshot();
    there.invalidate("k").await.expect("a valid key");
    cells.restart_from(snapshot);
    gate.open();
    assert_eq!(leader.ends(), 2, "filled by the lease that came back");
    for process in [&there, &here] {
        until_async("entries of the new run are hits", async || {
            let call = || counted(process, "k", &runs, &open);
            let (value, again) = (call().await, call().await);
            assert!(value > 2, "what came back was invalidated");
            value == again
        })
        .await;
    }
}

#[tokio::test]
async fn the_first_connection_keeps_what_is_there() {
    let cells = Cells::default().tells_no_run();
    let (runs, gate) = (Runs::default(), Gate::default());
    gate.open();
    assert_eq!(counted(&cells.cache(), "k", &runs, &gate).await, 1);
    assert_eq!(counted(&cells.cache(), "k", &runs, &gate).await, 1);
    assert_eq!(cells.count(Op::Invalidate), 0);
}
