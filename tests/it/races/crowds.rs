//! Callers whose computations are overtaken again and again: each starts over once, and they compute
//! one after the other.

use cached_core::Cache;

use super::{NEW, read};
use crate::support::{Gate, Runs, Task, counted, memory, stored};

#[test]
fn a_joiner_takes_what_began_after_it_whatever_overtakes_that() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let own = || async { runs.next() };
    let first = Task::waiting(read_forever(&cache));
    let mut joiner = Task::waiting(cache.get_or_set("k", 60, own));
    cache.blocking().invalidate("k").expect("a valid key");
    // Somebody else is quicker than the joiner.
    let mut second = Task::waiting(read(&cache, NEW, &gate));
    joiner.waits();
    cache.blocking().invalidate("k").expect("a valid key");
    let third = Task::waiting(read_forever(&cache));
    joiner.waits();
    gate.open();
    assert_eq!(second.ends(), NEW);
    assert_eq!(joiner.ends_woken().unwrap(), NEW);
    assert_eq!((runs.count(), stored(&cache)), (0, None));
    drop((first, third));
}

/// Invalidated faster than it is computed.
#[test]
fn a_crowd_computes_one_after_the_other_however_often_the_key_is_invalidated() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut crowd: Vec<_> = (0..50)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    assert_eq!(runs.count(), 1);
    for _ in 0..5 {
        cache.blocking().invalidate("k").expect("a valid key");
        crowd.iter_mut().for_each(Task::waits);
        assert_eq!(runs.count(), 2, "who waited computes once more, for all");
    }
    gate.open();
    let seen: Vec<i64> = crowd.iter_mut().map(Task::ends).collect();
    assert_eq!(seen[0], 1);
    assert!(seen[1..].iter().all(|value| *value == 2), "{seen:?}");
    assert_eq!(runs.count(), 2);
}

#[test]
fn a_joiner_starts_over_twice_and_then_computes_alone() {
    let (cache, runs) = (memory(), Runs::default());
    let own = || async { runs.next() };
    let mut leader = Task::waiting(read_forever(&cache));
    let mut joiner = Task::waiting(cache.get_or_set("k", 60, own));
    for _ in 0..2 {
        cache.blocking().invalidate("k").expect("a valid key");
        // Somebody else is quicker than the joiner each time, and then gone.
        let next = Task::waiting(read_forever(&cache));
        drop(std::mem::replace(&mut leader, next));
        joiner.waits();
        assert_eq!(runs.count(), 0);
    }
    cache.blocking().invalidate("k").expect("a valid key");
    let last = Task::waiting(read_forever(&cache));
    drop(leader);
    assert_eq!(joiner.ends_woken().unwrap(), 1);
    assert_eq!(stored(&cache), None, "what it computed alone is not stored");
    drop(last);
}

async fn read_forever(cache: &Cache) -> i64 {
    cache
        .get_or_set("k", 60, std::future::pending)
        .await
        .expect("a valid key and TTL")
}
