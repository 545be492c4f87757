//! Keys of tenants in the low-level operations, and that no two of them meet.

use cached_core::ErrorKind;
use cached_core::backend::Backend;
use proptest::prelude::*;

use super::*;

#[test]
fn every_operation_is_the_tenants() {
    for cache in caches() {
        let cache = cache.blocking();
        of("acme", || {
            cache.set("k", &1u8, 60).expect("set");
            assert_eq!(cache.get("k").expect("get"), Some(1u8));
            assert_eq!(cache.incr_or("n", 1, 0).expect("incr"), 1);
            assert_eq!(cache.get_or_set("r", 60, || 1u8).expect("read"), 1);
        });
        of("globex", || {
            assert_eq!(cache.get::<u8>("k").expect("get"), None);
            assert!(!cache.contains("k").expect("contains"));
            assert!(!cache.touch("k", 60).expect("touch"));
            assert!(!cache.expire("k").expect("expire"));
            assert!(!cache.delete("k").expect("delete"));
            assert_eq!(cache.ttl("k").expect("ttl"), None);
            assert!(cache.incr_version("k", 1).is_err());
            assert!(cache.add("k", &2u8, 60).expect("add"), "its own is free");
            assert_eq!(cache.incr_or("n", 5, 0).expect("incr"), 5);
            assert_eq!(cache.get_or_set("r", 60, || 2u8).expect("read"), 2);
            cache.set_many([("k", &3u8), ("l", &3u8)], 60).expect("set");
            let found = cache.get_many::<u8>(["l", "k"]).expect("get");
            assert_eq!(found, [Some(3), Some(3)]);
            assert_eq!(cache.delete_many(["l", "k", "m"]).expect("delete"), 2);
        });
        of("acme", || {
            assert_eq!(
                cache.get_many::<u8>(["k", "l"]).expect("get"),
                [Some(1), None]
            );
            assert_eq!(cache.incr("n", 1).expect("incr"), 2);
            assert_eq!(cache.incr_version("k", 1).expect("moves"), 2);
            assert_eq!(cache.get::<u8>("k").expect("get"), None);
        });
    }
}

#[test]
fn tools_see_the_keys_of_the_tenant_without_it() {
    let long = format!("post:{}", "x".repeat(300));
    for cache in caches() {
        let set = |key: &str| cache.blocking().set(key, &1u8, 60).expect("set");
        of("acme", || {
            ["post:1", "post:größe", &long, "user:1"].map(set)
        });
        of("acme:post", || set("post:1"));
        of("", || set("post:2"));
        of(&"a".repeat(100), || set("post:3"));
        let keys = |pattern: &str| cache.blocking().keys(pattern).expect("it lists");
        of("acme", || {
            assert_eq!(keys("post:1"), ["post:1"]);
            let posts = keys("post:*");
            assert_eq!(posts.len(), 3, "{posts:?}");
            assert!(
                posts.iter().all(|key| key.starts_with("post:")),
                "{posts:?}"
            );
            assert_eq!(keys("acme*"), [""; 0]);
        });
        assert_eq!(of("acme:post", || keys("*")), ["post:1"]);
        assert_eq!(of("", || keys("*")), ["post:2"]);
        assert_eq!(of(&"a".repeat(100), || keys("*")), ["post:3"]);
        assert_eq!(of("a", || keys("*")), [""; 0]);
        assert_eq!(
            cache
                .for_tenant("acme:post")
                .blocking()
                .keys("*")
                .expect("lists"),
            ["post:1"]
        );
        let delete = |pattern: &str| cache.blocking().delete_matching(pattern).expect("deletes");
        assert_eq!(of("acme", || delete("post:*")), 3);
        assert_eq!(of("acme", || keys("*")), ["user:1"]);
        assert_eq!(of("acme:post", || keys("*")), ["post:1"]);
        assert_eq!(of("", || delete("*")), 1);
        assert_eq!(of("acme", || keys("*")), ["user:1"]);
    }
}

#[test]
fn locks_are_the_tenants() {
    for cache in caches() {
        let take = |name| of(name, || cache.lock("l").blocking().try_acquire()).expect("it asks");
        let held = take("acme").expect("it is free");
        assert!(take("acme").is_none(), "it is held");
        assert!(take("globex").is_some(), "another tenant's is another");
        assert!(
            cache
                .for_tenant("acme")
                .lock("l")
                .blocking()
                .try_acquire()
                .expect("asks")
                .is_none()
        );
        assert!(
            of("globex", || held.release()).expect("it is ours"),
            "wherever it ends"
        );
        assert!(take("acme").is_some());
    }
}

#[test]
fn a_handle_of_a_tenant_is_that_tenant_anywhere() {
    for cache in caches() {
        let acme = cache.for_tenant("acme");
        of("globex", || acme.blocking().set("k", &1u8, 60)).expect("set");
        assert_eq!(
            of("globex", || cache.blocking().get::<u8>("k")).expect("get"),
            None
        );
        assert_eq!(
            of("acme", || cache.blocking().get("k")).expect("get"),
            Some(1u8)
        );
        assert_eq!(
            acme.with_version(2).blocking().get::<u8>("k").expect("get"),
            None
        );
        assert_eq!(
            acme.with_version(1).blocking().get("k").expect("get"),
            Some(1u8)
        );
    }
}

#[test]
fn a_handle_of_a_tenant_meets_no_key_of_a_cache_without_tenants() {
    for cache in [Cache::memory(), Cache::on(in_process())] {
        let cache = cache.build().expect("valid");
        let acme = cache.for_tenant("acme");
        acme.blocking().set("k", &1u8, 60).expect("set");
        for forged in ["k", "acme:k", "@acme:k", "1@acme:k"] {
            assert_eq!(
                cache.blocking().get::<u8>(forged).expect("get"),
                None,
                "{forged}"
            );
        }
        assert_eq!(cache.blocking().keys("*").expect("lists"), [""; 0]);
        assert_eq!(acme.blocking().keys("*").expect("lists"), ["k"]);
    }
}

#[test]
fn an_empty_key_is_one_for_tenants_too() {
    for cache in caches() {
        let set = of("acme", || cache.blocking().set("", &1u8, 60));
        assert_eq!(set.map_err(|error| error.kind()), Err(ErrorKind::Key));
    }
}

/// Texts that could be taken for each other: separators, encodings, marks, lengths at the bounds.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        ":",
        "@",
        "#",
        "*",
        "%",
        "%3A",
        "/",
        "ü",
        " ",
        "\0",
        "acme",
        "1",
        "0123456789abcdef0123456789abcdef",
    ]);
    let short = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    let repeated = (
        short.clone(),
        prop::sample::select(vec![1usize, 1, 1, 30, 60, 99, 250]),
    );
    repeated.prop_map(|(text, times)| text.repeat(times))
}

/// Of what two pairs have in common, everything may be the same but the pair.
fn pairs() -> impl Strategy<Value = [(String, String); 2]> {
    let texts = || texts().prop_filter("keys are not empty", |text| !text.is_empty());
    let free = (super::keys::texts(), texts(), super::keys::texts(), texts());
    let free = free.prop_map(|(a, k, b, l)| [(a, k), (b, l)]);
    // One text, parted in two places.
    let parted = (
        texts(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    let parted = parted.prop_map(|(text, one, other)| {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        [one, other].map(|index| {
            let at = starts[index.index(starts.len())];
            (text[..at].to_owned(), text[at..].to_owned())
        })
    });
    // A key that tries to look like another tenant's.
    let forged = (super::keys::texts(), super::keys::texts(), texts());
    let forged = forged.prop_map(|(a, b, key)| {
        let longer = format!("{b}:{key}");
        [(a.clone(), longer), (format!("{a}:{b}"), key)]
    });
    prop_oneof![free, parted, forged]
}

/// What is under the key of a tenant is what was put there by that pair.
fn never_meet(cache: &Cache, [one, other]: &[(String, String); 2]) {
    let handle = |name: &str| cache.for_tenant(name);
    handle(&one.0)
        .blocking()
        .set(&one.1, &1u8, 60)
        .expect("set");
    let found = handle(&other.0)
        .blocking()
        .get::<u8>(&other.1)
        .expect("get");
    let same = one == other;
    assert_eq!(found.is_some(), same, "{one:?} {other:?}");
    let asked = of(&other.0, || {
        cache.blocking().get::<u8>(&other.1).expect("get")
    });
    assert_eq!(asked.is_some(), same, "{one:?} {other:?}");
    assert_eq!(
        handle(&one.0).blocking().get(&one.1).expect("get"),
        Some(1u8)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn different_pairs_never_meet(pairs in pairs()) {
        for cache in caches() {
            never_meet(&cache, &pairs);
        }
    }
}

/// Hit by hit of the digits: a key of 200 bytes, one byte less and more, beside each tenant.
#[test]
fn keys_at_the_bounds_are_told_apart() {
    for cache in caches() {
        let tenants = [
            "",
            "a",
            &"a".repeat(63),
            &"a".repeat(64),
            &"a".repeat(65),
            &"a".repeat(99),
        ];
        let keys: Vec<String> = (130..=205).map(|len| "k".repeat(len)).collect();
        let value = |tenant: &str, key: &str| format!("{} {}", tenant.len(), key.len());
        for tenant in tenants {
            for key in &keys {
                let handle = cache.for_tenant(tenant);
                handle
                    .blocking()
                    .set(key, &value(tenant, key), 60)
                    .expect("set");
            }
        }
        for tenant in tenants {
            let handle = cache.for_tenant(tenant);
            for key in &keys {
                let found = handle.blocking().get::<String>(key).expect("get");
                assert_eq!(found, Some(value(tenant, key)));
            }
        }
    }
}

#[test]
fn names_on_a_backend_say_whose_they_are() {
    let store = in_process();
    let cache = tenanted(Cache::on(store.clone()).prefix("app"));
    of("a:b", || cache.blocking().set("post:7", &1u8, 60)).expect("set");
    let page = Task::new(store.scan("app:1", None))
        .ends()
        .expect("it lists");
    assert_eq!(page.names, ["app:1@a%3Ab:post:7"]);
}
