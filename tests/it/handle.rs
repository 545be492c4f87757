//! The low-level handle: every operation, for sync and async callers alike.

use std::time::Duration;

use cached_core::{Cache, Delivery, Error, ErrorKind, Ttl};

use crate::support::{Checked, Task, fails, finishes, manual, memory};

/// Runs an operation that waits for nothing.
#[track_caller]
fn now<T>(operation: impl Future<Output = T>) -> T {
    Task::new(operation).ends()
}

#[test]
fn async_operations_do_what_their_names_say() -> Checked {
    let cache = memory();
    assert_eq!(now(cache.get::<i64>("k"))?, None);
    assert_eq!(now(cache.get_or("k", 5i64))?, 5);
    assert!(!now(cache.contains("k"))?, "a default is not stored");
    now(cache.set("k", &1i64, 60))?;
    assert_eq!(now(cache.get("k"))?, Some(1i64));
    assert_eq!(now(cache.get_or("k", 5i64))?, 1);
    assert!(!now(cache.add("k", &2i64, 60))?);
    assert!(now(cache.delete("k"))? && !now(cache.delete("k"))?);
    assert!(now(cache.add("k", &2i64, 60))?);
    assert_eq!(now(cache.get_or_set("k", 60, || async { 3i64 }))?, 2);
    assert!(now(cache.expire("k"))? && !now(cache.expire("k"))? && !now(cache.contains("k"))?);
    assert_eq!(now(cache.get_or_set("k", 60, || async { 3i64 }))?, 3);
    assert_eq!(now(cache.invalidate("k"))?, Delivery::Acknowledged);
    now(cache.set_many([("a", &1i64), ("b", &2)], 60))?;
    assert_eq!(
        now(cache.get_many::<i64>(["a", "x", "b"]))?,
        [Some(1), None, Some(2)]
    );
    assert_eq!(now(cache.delete_many(["a", "x"]))?, 1);
    assert_eq!(
        (now(cache.incr_or("n", 5, 0))?, now(cache.decr("n", 7))?),
        (5, -2)
    );
    assert!(now(cache.touch("n", 60))? && !now(cache.touch("x", 60))?);
    assert_eq!(now(cache.clear())?, Delivery::Acknowledged);
    assert!(cache.is_empty());
    let failing = cache.try_get_or_set("k", 60, || async { Cache::named("x").map(|_| 0i64) });
    fails(now(failing), ErrorKind::UnknownCache, "named `x`");
    let succeeding = cache.try_get_or_set("k", 60, || async { Ok::<i64, Error>(4) });
    assert_eq!(now(succeeding)?, 4);
    assert_eq!(now(cache.get("k"))?, Some(4i64));
    Ok(())
}

#[test]
fn sync_operations_do_what_their_names_say() -> Checked {
    let shared = memory();
    let cache = shared.blocking();
    assert_eq!(cache.get::<i64>("k")?, None);
    assert_eq!(cache.get_or("k", 5i64)?, 5);
    assert!(!cache.contains("k")?, "a default is not stored");
    cache.set("k", &1i64, 60)?;
    assert_eq!((cache.get("k")?, cache.get_or("k", 5i64)?), (Some(1i64), 1));
    assert!(!cache.add("k", &2i64, 60)?);
    assert!(cache.delete("k")? && !cache.delete("k")?);
    assert!(cache.add("k", &2i64, 60)?);
    assert_eq!(cache.get_or_set("k", 60, || 3i64)?, 2);
    assert!(cache.expire("k")? && !cache.expire("k")? && !cache.contains("k")?);
    assert_eq!(cache.get_or_set("k", 60, || 3i64)?, 3);
    assert_eq!(cache.invalidate("k")?, Delivery::Acknowledged);
    cache.set_many([("a", &1i64), ("b", &2)], 60)?;
    assert_eq!(
        cache.get_many::<i64>(["a", "x", "b"])?,
        [Some(1), None, Some(2)]
    );
    assert_eq!(cache.delete_many(["a", "x"])?, 1);
    assert_eq!((cache.incr_or("n", 5, 0)?, cache.decr("n", 7)?), (5, -2));
    assert!(cache.touch("n", 60)? && !cache.touch("x", 60)?);
    cache.clear();
    assert!(shared.is_empty());
    let failing = cache.try_get_or_set("k", 60, || Cache::named("x").map(|_| 0i64));
    fails(failing, ErrorKind::UnknownCache, "named `x`");
    assert_eq!(cache.try_get_or_set("k", 60, || Ok::<i64, Error>(4))?, 4);
    assert_eq!(cache.get("k")?, Some(4i64));
    Ok(())
}

#[test]
fn a_ttl_is_seconds_a_duration_the_default_or_forever() -> Checked {
    let forms: [(Ttl, Option<u64>); 7] = [
        (10u64.into(), Some(10)),
        (10u32.into(), Some(10)),
        (10i64.into(), Some(10)),
        (Duration::from_secs(10).into(), Some(10)),
        (Some(Duration::from_secs(10)).into(), Some(10)),
        (Ttl::DEFAULT, Some(300)),
        (Ttl::FOREVER, None),
    ];
    for (ttl, seconds) in forms {
        let (cache, clock) = manual();
        cache.blocking().set("k", &1i64, ttl)?;
        clock.advance(Duration::from_secs(seconds.unwrap_or(1_000_000_000)) - TICK);
        assert_eq!(cache.blocking().get("k")?, Some(1i64), "{ttl}");
        clock.advance(TICK);
        let left = cache.blocking().get::<i64>("k")?;
        assert_eq!(left.is_some(), seconds.is_none(), "{ttl}");
    }
    Ok(())
}

const TICK: Duration = Duration::from_millis(1);

#[test]
fn the_builder_sets_the_default_ttl() -> Checked {
    let clock = cached_core::time::ManualClock::new();
    let cache = Cache::memory()
        .default_ttl(5)
        .clock(clock.clone())
        .build()?;
    cache.blocking().set("k", &1i64, Ttl::DEFAULT)?;
    clock.advance(Duration::from_secs(5) - TICK);
    assert!(cache.blocking().contains("k")?);
    clock.advance(TICK);
    assert!(!cache.blocking().contains("k")?);
    Ok(())
}

#[test]
fn a_zero_ttl_expires_at_once() -> Checked {
    let cache = memory();
    cache.blocking().set("k", &1i64, 60)?;
    cache.blocking().set("k", &2i64, 0)?;
    assert_eq!(
        cache.blocking().get::<i64>("k")?,
        None,
        "the value before is gone too"
    );
    assert!(cache.blocking().add("k", &2i64, Duration::ZERO)?);
    assert!(!cache.blocking().contains("k")?, "over at once");
    assert_eq!(cache.blocking().get_or_set("k", 0, || 3i64)?, 3);
    assert!(!cache.blocking().contains("k")?);
    cache.blocking().set("k", &1i64, 60)?;
    assert!(cache.blocking().touch("k", 0)?);
    assert!(!cache.blocking().contains("k")?);
    Ok(())
}

#[test]
fn a_reader_that_states_a_shorter_ttl_is_believed() -> Checked {
    let (cache, clock) = manual();
    cache.blocking().set("k", &1i64, Ttl::FOREVER)?;
    clock.advance(Duration::from_secs(10));
    assert_eq!(cache.blocking().get_or_set("k", 11, || 2i64)?, 1);
    assert_eq!(cache.blocking().get_or_set("k", 10, || 2i64)?, 2);
    Ok(())
}

#[test]
fn touch_counts_from_now() -> Checked {
    let (cache, clock) = manual();
    cache.blocking().set("k", &1i64, 10)?;
    clock.advance(Duration::from_secs(9));
    assert!(cache.blocking().touch("k", 10)?);
    clock.advance(Duration::from_secs(9));
    assert_eq!(cache.blocking().get("k")?, Some(1i64));
    clock.advance(Duration::from_secs(1));
    assert!(
        !cache.blocking().touch("k", 10)?,
        "what expired does not come back"
    );
    assert_eq!(cache.blocking().get::<i64>("k")?, None);
    Ok(())
}

#[test]
fn versions_of_a_key_are_strangers() -> Checked {
    let cache = memory();
    let second = cache.with_version(2);
    cache.blocking().set("k", &1i64, 60)?;
    assert_eq!(second.blocking().get::<i64>("k")?, None);
    second.blocking().set("k", &2i64, 60)?;
    cache.blocking().invalidate("k")?;
    assert_eq!(second.blocking().get("k")?, Some(2i64));
    assert_eq!(cache.with_version(2).blocking().get("k")?, Some(2i64));
    second.blocking().clear();
    assert!(cache.is_empty(), "a cache is cleared as a whole");
    Ok(())
}

#[test]
fn caches_are_strangers_and_clones_share() -> Checked {
    let (one, other) = (memory(), memory());
    one.blocking().set("k", &1i64, 60)?;
    assert_eq!(other.blocking().get::<i64>("k")?, None);
    assert_eq!(one.clone().blocking().get("k")?, Some(1i64));
    other.blocking().clear();
    assert!(one.blocking().contains("k")?);
    Ok(())
}

#[test]
fn low_level_keys_are_taken_byte_for_byte() -> Checked {
    let cache = memory();
    let keys = [
        "a:b", "a%3Ab", "A:B", "a:b ", "\u{e4}", "a\u{308}", "\0", "a b",
    ];
    let long: Vec<String> = (0..4)
        .map(|end| format!("{}{end}", "x".repeat(500)))
        .collect();
    for (value, key) in keys
        .iter()
        .copied()
        .chain(long.iter().map(String::as_str))
        .enumerate()
    {
        cache.blocking().set(key, &value, 60)?;
    }
    assert_eq!(cache.len(), keys.len() + long.len());
    assert_eq!(cache.blocking().get(keys[1])?, Some(1usize));
    assert_eq!(
        cache.blocking().get(long[3].as_str())?,
        Some(keys.len() + 3)
    );
    Ok(())
}

#[test]
fn a_weight_bound_holds_and_says_what_is_too_large() -> Checked {
    let cache = Cache::memory().weight(10_000).build()?;
    for key in 0..100 {
        cache
            .blocking()
            .set(format!("k{key}"), &"x".repeat(500), 60)?;
        assert!(cache.weight() <= 10_000);
    }
    assert!(!cache.is_empty());
    cache.blocking().set("big", &1i64, 60)?;
    let too_large = "x".repeat(20_000);
    fails(
        cache.blocking().set("big", &too_large, 60),
        ErrorKind::TooLarge,
        "weight",
    );
    assert!(
        !cache.blocking().contains("big")?,
        "the value before is gone"
    );
    fails(
        cache.blocking().add("big", &too_large, 60),
        ErrorKind::TooLarge,
        "weight",
    );
    assert_eq!(
        cache
            .blocking()
            .get_or_set("big", 60, || too_large.clone())?,
        too_large
    );
    assert!(!cache.blocking().contains("big")?);
    cache.blocking().set("big", &1i64, 60)?;
    assert!(
        !cache.blocking().add("big", &too_large, 60)?,
        "it is there already"
    );
    Ok(())
}

#[test]
fn an_entry_bound_holds() -> Checked {
    let cache = Cache::memory().capacity(50).build()?;
    for key in 0..1000 {
        cache
            .blocking()
            .set(format!("k{key}"), &1i64, Ttl::FOREVER)?;
        assert!(cache.len() <= 50);
    }
    Ok(())
}

/// A value whose `Clone` and `Drop` call the cache that holds it.
#[derive(serde::Serialize, serde::Deserialize, Default)]
struct Nosy {
    #[serde(skip)]
    cache: Option<Cache>,
}

impl Nosy {
    fn look(&self) {
        if let Some(cache) = &self.cache {
            cache.blocking().get::<i64>("k").expect("valid");
        }
    }
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        self.look();
        Self {
            cache: self.cache.clone(),
        }
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

#[test]
fn values_may_call_the_cache_when_they_are_cloned_or_dropped() {
    finishes(|| -> Checked {
        let caches = [
            memory(),
            Cache::dummy().build()?,
            Cache::memory().capacity(1).build()?,
            Cache::memory().weight(1).build()?,
        ];
        for cache in caches {
            let value = Nosy {
                cache: Some(cache.clone()),
            };
            let c = cache.blocking();
            let _ = c.set("k", &value, 60);
            let _ = c.set("k", &value, 60);
            let _ = c.set("k", &value, 0);
            let _ = c.add("k", &value, 60);
            let _ = c.add("k", &value, 60);
            let _ = c.add("k", &value, 0);
            c.get::<Nosy>("k")?;
            let _ = c.incr_or("k", 1, 0);
            c.get_or_set("k", 60, || value.clone())?;
            c.get_or_set("k", 0, || value.clone())?;
            c.get_or_set("other", 60, || value.clone())?;
            c.get_or_set("k", 60, || {
                let _ = c.invalidate("k");
                value.clone()
            })?;
            c.delete("k")?;
            let _ = c.set("k", &value, 60);
            c.clear();
        }
        Ok(())
    })
    .expect("valid");
}
