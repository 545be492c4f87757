//! What does not invalidate: expiry, which promises no freshness, and refreshes, which lead a new
//! computation while the value before is served.

use cached_core::{refresh, refresh_blocking};

use crate::races::{NEW, OLD, WRITTEN, open, read, read_blocking};
use crate::support::{Gate, Task, memory, stored};

#[test]
fn expiry_promises_no_freshness_so_the_computation_under_way_may_fill() {
    let (cache, gate) = (memory(), Gate::default());
    let mut leader = Task::waiting(read(&cache, OLD, &gate));
    assert!(
        !cache.blocking().expire("k").expect("a valid key"),
        "nothing was there"
    );
    let mut joiner = Task::waiting(read(&cache, NEW, &gate));
    gate.open();
    assert_eq!((leader.ends(), joiner.ends_woken()), (OLD, OLD));
    assert_eq!(stored(&cache), Some(OLD));
    assert!(cache.blocking().expire("k").expect("a valid key"));
    assert_eq!(stored(&cache), None);
}

#[test]
fn add_and_touch_leave_a_computation_alone_where_they_change_nothing() {
    let (cache, gate) = (memory(), Gate::default());
    cache
        .blocking()
        .set("k", &0i64, 60)
        .expect("a valid key and TTL");
    let mut refresher = Task::waiting(refresh(read(&cache, NEW, &gate)));
    assert!(
        !cache
            .blocking()
            .add("k", &WRITTEN, 60)
            .expect("a valid key and TTL")
    );
    assert!(
        cache
            .blocking()
            .touch("k", 90)
            .expect("a valid key and TTL")
    );
    gate.open();
    refresher.ends();
    assert_eq!(stored(&cache), Some(NEW));
}

#[test]
fn a_refresh_detaches_the_older_computation_and_leads_a_new_one() {
    let (cache, old, new) = (memory(), Gate::default(), Gate::default());
    let mut leader = Task::waiting(read(&cache, OLD, &old));
    let mut joiner = Task::waiting(read(&cache, -1, &open()));
    let mut refresher = Task::waiting(refresh(read(&cache, NEW, &new)));
    assert!(joiner.take_wakes() > 0);
    joiner.waits();
    new.open();
    assert_eq!((refresher.ends(), joiner.ends_woken()), (NEW, NEW));
    old.open();
    assert_eq!(leader.ends(), OLD);
    assert_eq!(stored(&cache), Some(NEW));
}

#[test]
fn the_value_before_is_served_while_a_refresh_runs_and_stays_if_it_is_dropped() {
    let (cache, gate) = (memory(), Gate::default());
    cache
        .blocking()
        .set("k", &OLD, 60)
        .expect("a valid key and TTL");
    let refresher = Task::waiting(refresh(read(&cache, NEW, &gate)));
    assert_eq!(Task::new(read(&cache, -1, &gate)).ends(), OLD);
    drop(refresher);
    assert_eq!(stored(&cache), Some(OLD));
    assert_eq!(
        refresh_blocking(|| read_blocking(&cache, NEW, &open())),
        NEW
    );
    assert_eq!(stored(&cache), Some(NEW));
}

#[test]
fn a_refresh_that_finds_nothing_to_keep_removes_the_value_before() {
    #[cached_core::cached(key = "r:maybe")]
    fn maybe() -> Option<i64> {
        None
    }
    let shared = cached_core::testing::remote_like().build().expect("valid");
    for cache in [memory(), shared] {
        cached_core::testing::with_cache_blocking(&cache, || {
            maybe::entry().blocking().put(OLD);
            assert_eq!(maybe(), Some(OLD));
            assert_eq!(refresh_blocking(maybe), None);
            assert_eq!(maybe(), None, "the old value is known to be gone");
        });
    }
}

#[test]
fn reads_within_a_refresh_scope_read() {
    let cache = memory();
    let handle = cache.blocking();
    handle.set("k", &OLD, 60).expect("a valid key and TTL");
    assert_eq!(
        refresh_blocking(|| handle.get("k")).expect("a valid key"),
        Some(OLD)
    );
}
