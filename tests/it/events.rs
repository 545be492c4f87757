//! Who is told what: subscribers in place, hooks on threads of their own. Neither can harm the
//! cache: they may call it, subscribe others, panic or block.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use cached_core::event::{Event, EventKind};
use cached_core::testing::Recorder;
use cached_core::{Cache, Delivery, Error};

use crate::support::{Gate, Task, finishes, memory};

const SOON: Duration = Duration::from_secs(60);

fn compute(cache: &Cache, key: &str) -> i64 {
    cache
        .blocking()
        .get_or_set(key, 60, || 1i64)
        .expect("a valid key and TTL")
}

#[test]
fn a_log_tells_the_story_of_a_key() {
    let cache = memory();
    let log = Recorder::of(&cache);
    compute(&cache, "k");
    compute(&cache, "k");
    cache.blocking().set("k", &2i64, 60).expect("valid");
    cache.blocking().expire("k").expect("valid");
    cache.blocking().invalidate("k").expect("valid");
    cache.blocking().clear();
    let story = [
        "led k",
        "stored k",
        "hit k",
        "written k",
        "expired k",
        "invalidated k",
        "cleared ",
    ];
    assert_eq!(log.log(), story);
    log.clear();
    let failed = cache
        .blocking()
        .try_get_or_set("k", 60, || Cache::named("x").map(|_| 1i64));
    assert!(failed.is_err());
    assert_eq!(log.log(), ["led k", "not_stored k"]);
}

#[test]
fn only_a_value_that_was_added_is_told_of() {
    let cache = memory();
    let log = Recorder::of(&cache);
    let add = |cache: &Cache| cache.blocking().add("k", &1i64, 60).expect("valid");
    assert!(add(&cache));
    assert!(!add(&cache), "one is there");
    assert_eq!(log.log(), ["written k"]);
    let nothing = Cache::dummy().build().expect("valid");
    let log = Recorder::of(&nothing);
    add(&nothing);
    assert_eq!(log.log(), [""; 0]);
}

#[test]
fn a_log_tells_the_story_of_a_flight() {
    let (cache, gate) = (memory(), Gate::default());
    let log = Recorder::of(&cache);
    let read = || {
        cache.get_or_set("k", 60, || async {
            gate.passed().await;
            1i64
        })
    };
    let leader = Task::waiting(read());
    let mut waiter = Task::waiting(read());
    drop(leader);
    waiter.waits();
    cache.blocking().invalidate("k").expect("valid");
    gate.open();
    waiter.ends().expect("valid");
    assert_eq!(
        log.log(),
        [
            "led k",
            "joined k",
            "promoted k",
            "invalidated k",
            "refused k"
        ]
    );
}

#[test]
fn displaced_entries_are_told_of() {
    let cache = Cache::memory().capacity(10).build().expect("valid");
    let log = Recorder::of(&cache);
    for key in 0..100 {
        compute(&cache, &format!("k{key}"));
    }
    assert_eq!(log.count(EventKind::Evicted) + cache.len(), 100);
    assert!(cache.len() <= 10);
}

/// What a subscriber does with the cache that it hears of.
fn with_meddler(meddle: fn(&Cache, &Event)) {
    finishes(move || {
        let cache = memory();
        let also = cache.clone();
        cache.subscribe(move |event| {
            if event.key != "meddled" {
                meddle(&also, event);
            }
        });
        assert_eq!(compute(&cache, "k"), 1);
        assert_eq!(compute(&cache, "k"), 1);
        cache.blocking().set("k", &2i64, 60).expect("valid");
        assert_eq!(
            cache.blocking().invalidate("k").expect("valid"),
            Delivery::Acknowledged
        );
        cache.blocking().clear();
        assert_eq!(compute(&cache, "k"), 1);
    });
}

#[test]
fn a_subscriber_may_call_the_cache() {
    with_meddler(|cache, _| {
        compute(cache, "meddled");
        cache.blocking().set("meddled", &1i64, 60).expect("valid");
        cache.blocking().invalidate("meddled").expect("valid");
    });
}

#[test]
fn a_subscriber_may_touch_the_key_it_hears_of() {
    with_meddler(|cache, event| {
        if event.kind == EventKind::Stored {
            assert!(
                cache
                    .blocking()
                    .contains(event.key.as_str())
                    .expect("valid")
            );
        }
    });
}

#[test]
fn a_subscriber_may_subscribe_another() {
    with_meddler(|cache, event| {
        if event.kind == EventKind::Led {
            cache.subscribe(|_| {});
        }
    });
}

#[test]
fn a_panicking_subscriber_harms_nobody() {
    let cache = memory();
    let heard = Arc::new(Mutex::new(Vec::new()));
    cache.subscribe(|_| panic!("as the test wants"));
    let log = Arc::clone(&heard);
    cache.subscribe(move |event| log.lock().expect("no panic under it").push(event.kind));
    assert_eq!(compute(&cache, "k"), 1);
    assert_eq!(compute(&cache, "k"), 1);
    cache.blocking().invalidate("k").expect("valid");
    assert_eq!(cache.blocking().get::<i64>("k").expect("valid"), None);
    use EventKind::{Hit, Invalidated, Led, Stored};
    assert_eq!(
        *heard.lock().expect("no panic under it"),
        [Led, Stored, Hit, Invalidated]
    );
}

#[test]
fn hooks_hear_of_every_invalidation_and_of_nothing_else() -> Result<(), Error> {
    let cache = memory();
    let (sender, heard) = mpsc::channel();
    cache.on_invalidate(move |event| drop(sender.send(event.clone())))?;
    compute(&cache, "k");
    cache.blocking().set("k", &1i64, 60)?;
    cache.blocking().expire("k")?;
    cache.blocking().invalidate("k")?;
    cache.blocking().delete("j")?;
    cache.blocking().invalidate_tag("t")?;
    cache.blocking().clear();
    drop(cache);
    let heard: Vec<_> = heard
        .iter()
        .map(|event| (event.kind.as_str(), event.key))
        .collect();
    let expected = [
        ("invalidated", "k"),
        ("invalidated", "j"),
        ("invalidated", "t"),
        ("cleared", ""),
    ];
    assert_eq!(heard, expected.map(|(kind, key)| (kind, key.to_owned())));
    Ok(())
}

#[test]
fn a_hook_that_blocks_holds_nobody_up_and_loses_what_exceeds_its_queue() {
    const QUEUE: u64 = 1024;
    let (cache, gate) = (memory(), Gate::default());
    let (sender, heard) = mpsc::channel();
    let held = gate.clone();
    let hook = move |event: &Event| {
        held.pass();
        drop(sender.send(event.key.clone()));
    };
    cache.on_invalidate(hook).expect("a thread");
    cache.blocking().invalidate("first").expect("valid");
    gate.await_entered(1);
    for _ in 0..QUEUE + 10 {
        cache.blocking().invalidate("k").expect("valid");
    }
    assert_eq!(cache.dropped_events(), 10);
    gate.open();
    drop(cache);
    assert_eq!(heard.iter().count() as u64, QUEUE + 1);
}

#[test]
fn a_hook_that_panics_loses_that_event_only() {
    let cache = memory();
    let (sender, heard) = mpsc::channel();
    let hook = move |event: &Event| {
        assert_ne!(event.key, "bad", "as the test wants");
        drop(sender.send(event.key.clone()));
    };
    cache.on_invalidate(hook).expect("a thread");
    for key in ["a", "bad", "b"] {
        cache.blocking().invalidate(key).expect("valid");
    }
    let next = || heard.recv_timeout(SOON).expect("the hook is alive");
    assert_eq!((next(), next()), ("a".to_owned(), "b".to_owned()));
}

#[test]
fn a_hook_may_call_the_cache() {
    let cache = memory();
    let (sender, heard) = mpsc::channel();
    let also = cache.clone();
    let hook = move |event: &Event| {
        if event.key == "post" {
            also.blocking().invalidate("page").expect("valid");
        }
        drop(sender.send(event.key.clone()));
    };
    cache.on_invalidate(hook).expect("a thread");
    compute(&cache, "page");
    cache.blocking().invalidate("post").expect("valid");
    let next = || heard.recv_timeout(SOON).expect("the hook is alive");
    assert_eq!((next(), next()), ("post".to_owned(), "page".to_owned()));
    assert!(!cache.blocking().contains("page").expect("valid"));
}
