//! Entries of a cached function against the computation under way: `put`, `invalidate`, `expire`,
//! `refresh`.

use cached_core::testing::{with_cache, with_cache_blocking};
use cached_core::{Cache, Delivery, Outcome, cached};

use crate::support::{Gate, Runs, Task, memory};

#[cached(key = "e:post:<id>", skip(value, gate))]
async fn post(id: u64, value: i64, gate: &Gate) -> Result<i64, String> {
    let _ = id;
    gate.passed().await;
    if value < 0 {
        Err("as the test wants".into())
    } else {
        Ok(value)
    }
}

#[cached(key = "e:maybe:<id>")]
fn maybe(id: u64) -> Option<u64> {
    (id > 0).then_some(id)
}

fn with_memory(test: impl FnOnce(&Cache)) {
    let cache = memory();
    with_cache_blocking(&cache, || test(&cache));
}

fn open() -> Gate {
    let gate = Gate::default();
    gate.open();
    gate
}

fn outcome(value: i64) -> (Result<i64, String>, Outcome) {
    Task::new(post::traced(1, value, &open())).ends()
}

#[test]
fn what_is_put_overtakes_the_computation_under_way() {
    with_memory(|_| {
        let gate = Gate::default();
        let mut leader = Task::waiting(post(1, 1, &gate));
        let mut joiner = Task::waiting(post(1, 2, &gate));
        assert!(Task::new(post::entry(1).put(7)).ends());
        assert_eq!(joiner.ends_woken(), Ok(7));
        gate.open();
        assert_eq!(leader.ends(), Ok(1));
        assert_eq!(outcome(3), (Ok(7), Outcome::Hit));
    });
}

#[test]
fn an_entry_invalidates_the_computation_under_way() {
    with_memory(|_| {
        let gate = Gate::default();
        let mut leader = Task::waiting(post::traced(1, 1, &gate));
        assert_eq!(
            post::entry(1).blocking().invalidate(),
            Delivery::Acknowledged
        );
        gate.open();
        assert_eq!(leader.ends(), (Ok(1), Outcome::Refused));
        assert_eq!(outcome(2), (Ok(2), Outcome::Stored));
    });
}

#[test]
fn expiry_makes_the_value_stale_and_lets_the_computation_fill() {
    with_memory(|_| {
        assert_eq!(outcome(1), (Ok(1), Outcome::Stored));
        assert!(Task::new(post::entry(1).expire()).ends());
        assert!(!Task::new(post::entry(1).contains()).ends());
        let gate = Gate::default();
        let mut leader = Task::waiting(post::traced(1, 2, &gate));
        assert!(!post::entry(1).blocking().expire());
        gate.open();
        assert_eq!(leader.ends(), (Ok(2), Outcome::Stored));
    });
}

#[test]
fn a_refresh_detaches_leads_and_fills_and_keeps_the_old_value_on_failure() {
    with_memory(|_| {
        let (old, new) = (Gate::default(), Gate::default());
        let mut leader = Task::waiting(post::traced(1, 1, &old));
        let entry = post::entry(1);
        let mut refresher = Task::waiting(entry.refresh(|| post::uncached(1, 2, &new)));
        let third = open();
        let mut joiner = Task::waiting(post(1, 3, &third));
        old.open();
        assert_eq!(leader.ends(), (Ok(1), Outcome::Refused));
        new.open();
        assert_eq!((refresher.ends(), joiner.ends_woken()), (Ok(2), Ok(2)));
        let failing = entry.refresh(|| post::uncached(1, -1, &new));
        assert!(Task::new(failing).ends().is_err());
        assert_eq!(outcome(4), (Ok(2), Outcome::Hit));
    });
}

#[test]
fn a_refresh_that_is_overtaken_stores_nothing() {
    with_memory(|_| {
        let gate = Gate::default();
        let entry = post::entry(1);
        let mut refresher = Task::waiting(entry.refresh(|| post::uncached(1, 1, &gate)));
        post::entry(1).blocking().invalidate();
        gate.open();
        assert_eq!(refresher.ends(), Ok(1));
        assert_eq!(outcome(2), (Ok(2), Outcome::Stored));
    });
}

#[test]
fn entries_speak_of_the_value_inside() {
    with_memory(|cache| {
        let entry = || maybe::entry(1).blocking();
        assert_eq!((entry().key(), entry().get()), ("e:maybe:1", None));
        assert_eq!(maybe(1), Some(1));
        assert_eq!(entry().get(), Some(1));
        assert_eq!(
            cache.blocking().get::<u64>("e:maybe:1").expect("valid"),
            Some(1)
        );
        assert!(entry().put(5));
        assert_eq!(maybe(1), Some(5));
        assert_eq!(maybe::entry_by("1").blocking().get(), Some(5));
    });
}

#[test]
fn an_entry_acts_on_the_cache_of_the_scope_it_is_used_in() {
    let (one, other) = (memory(), memory());
    let put = async { post::entry(1).put(1).await };
    assert!(Task::new(with_cache(&one, put)).ends());
    assert_eq!((one.len(), other.len()), (1, 0));
    let runs = Runs::default();
    with_cache_blocking(&other, || {
        assert_eq!(
            maybe::entry(2)
                .blocking()
                .refresh(|| Some(runs.next() as u64)),
            Some(1)
        );
    });
    assert_eq!((one.len(), other.len(), runs.count()), (1, 1, 1));
}
