//! Key functions: a text of the cache's own in place of the one that was rendered.

use std::sync::Arc;

use cached_core::ErrorKind;
use cached_core::event::EventKind;

use super::*;
use crate::support::fails;

fn both(key: fn(&str) -> String) -> [Cache; 2] {
    [Cache::memory(), Cache::on(in_process())]
        .map(|builder| builder.key_with(key).build().expect("valid"))
}

fn reversed(key: &str) -> String {
    key.chars().rev().collect()
}

#[test]
fn keys_go_by_the_text_that_the_function_makes() {
    for cache in both(reversed) {
        let runs = Runs::default();
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        cache.subscribe(move |event| {
            if event.kind == EventKind::Invalidated {
                log.lock().expect("no panic").push(event.key.to_string());
            }
        });
        with_cache_blocking(&cache, || {
            plan(&runs, 12);
            assert_eq!(outcome(&runs, 12), Outcome::Hit);
            assert_ne!(outcome(&runs, 21), Outcome::Hit);
            let direct = cache.blocking().get::<String>("tenants:plan:12");
            assert!(
                direct.expect("get").is_some(),
                "the handle's key is placed likewise"
            );
            plan::entry(12).blocking().invalidate();
            assert_ne!(outcome(&runs, 12), Outcome::Hit);
        });
        assert_eq!(*told.lock().expect("no panic"), ["21:nalp:stnanet"]);
    }
}

/// It is the author's to tell keys apart; what gets one text is one entry.
#[test]
fn keys_of_one_text_are_one_entry() {
    for cache in both(|key| key.to_lowercase()) {
        cache.blocking().set("Post:7", &1u8, 60).expect("set");
        assert_eq!(cache.blocking().get("POST:7").expect("get"), Some(1u8));
        assert!(cache.blocking().delete("post:7").expect("delete"));
        assert_eq!(cache.blocking().get::<u8>("Post:7").expect("get"), None);
    }
}

#[test]
fn versions_stay_apart() {
    for cache in both(reversed) {
        cache.blocking().set("k", &1u8, 60).expect("set");
        assert_eq!(
            cache
                .with_version(2)
                .blocking()
                .get::<u8>("k")
                .expect("get"),
            None
        );
        assert_eq!(cache.blocking().incr_version("k", 1).expect("moves"), 2);
        assert_eq!(
            cache.with_version(2).blocking().get("k").expect("get"),
            Some(1u8)
        );
    }
}

#[test]
fn texts_of_any_length_and_bytes_are_told_apart() {
    for cache in both(|key| format!("{} \0ü\n{}", key, "x".repeat(300))) {
        let keys: Vec<String> = ["a", "b", &"a".repeat(190), &"a".repeat(400)]
            .map(str::to_owned)
            .into();
        for key in &keys {
            cache.blocking().set(key, key, 60).expect("set");
        }
        for key in &keys {
            assert_eq!(
                cache.blocking().get::<String>(key).expect("get").as_ref(),
                Some(key)
            );
        }
    }
}

#[test]
fn an_empty_text_is_an_error_of_the_key() {
    for cache in both(|_| String::new()) {
        let runs = Runs::default();
        fails(
            cache.blocking().set("k", &1u8, 60),
            ErrorKind::Key,
            "empty text of `k`",
        );
        fails(cache.blocking().get::<u8>("k"), ErrorKind::Key, "key_with");
        fails(
            cache.lock("l").blocking().try_acquire(),
            ErrorKind::Key,
            "lock",
        );
        with_cache_blocking(&cache, || {
            assert_eq!(plan(&runs, 7), " 7");
            assert_eq!(outcome(&runs, 7), Outcome::Uncached);
            assert!(!plan::entry(7).blocking().put("put".to_owned()));
        });
    }
}

#[test]
fn what_nobody_can_turn_back_is_not_listed() {
    for cache in both(reversed) {
        fails(
            cache.blocking().keys("*"),
            ErrorKind::Unsupported,
            "key_with",
        );
        fails(
            cache.blocking().delete_matching("*"),
            ErrorKind::Unsupported,
            "tag",
        );
    }
}

#[test]
fn locks_go_by_the_text_too() {
    for cache in both(|key| key.to_lowercase()) {
        let held = cache.lock("Job").blocking().try_acquire().expect("asks");
        assert!(held.is_some());
        assert!(
            cache
                .lock("JOB")
                .blocking()
                .try_acquire()
                .expect("asks")
                .is_none()
        );
    }
}

#[test]
fn tenants_stand_before_what_the_function_makes() {
    for builder in [Cache::memory(), Cache::on(in_process())] {
        // It would forge another tenant's key, if the tenant stood in the same text.
        let cache = tenanted(builder.key_with(|key| format!("acme:{key}")));
        of("", || cache.blocking().set("k", &1u8, 60)).expect("set");
        assert_eq!(
            of("acme", || cache.blocking().get::<u8>("k")).expect("get"),
            None
        );
        assert_eq!(
            of("", || cache.blocking().get("k")).expect("get"),
            Some(1u8)
        );
    }
}

#[test]
fn a_key_function_that_panics_leaves_nothing_stuck() {
    let panicky: fn(&str) -> String = |key| {
        assert!(tenant() != "nobody", "as the test wants");
        key.to_owned()
    };
    for cache in both(panicky) {
        let runs = Runs::default();
        with_cache_blocking(&cache, || {
            let panics = of("nobody", || {
                catch_unwind(AssertUnwindSafe(|| plan(&runs, 7)))
            });
            assert!(panics.is_err());
            assert_eq!(runs.count(), 0, "no body ran");
            plan(&runs, 7);
            assert_eq!(outcome(&runs, 7), Outcome::Hit);
        });
    }
}
