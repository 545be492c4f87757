//! The operations for sync callers: each does what its async twin does.

use std::time::Duration;

use super::done;
use crate::cache::{BlockingCache, Cache};
use crate::engine::block_on;
use crate::error::{Error, ErrorKind};
use crate::event::{Delivery, Outcome};
use crate::testing::conformance::stage::{eventually, function, on_threads};
use crate::testing::conformance::subject::Subject;
use crate::time::Ttl;

/// What sync callers of two processes do.
type Scene = fn(&Subject, &Cache, &Cache);

/// Plays it on a thread that drives nothing.
async fn play(subject: &Subject, scene: Scene) {
    let (subject, (here, there)) = (subject.clone(), subject.caches());
    on_threads(1, move |_| {
        scene(&subject, &here, &there);
        std::future::ready(())
    })
    .await;
}

/// What was refused, and why.
fn refused<T>(answer: Result<T, Error>) -> Option<ErrorKind> {
    answer.err().map(|error| error.kind())
}

/// Sync callers have the same operations.
pub async fn sync_callers_do_the_same(subject: &Subject) {
    let (here, there) = subject.caches();
    on_threads(1, move |_| {
        operate_blocking(&here);
        std::future::ready(())
    })
    .await;
    let keys = ["a", "b", "c", "n", "through"];
    let found = done(there.get_many::<i64>(keys).await);
    assert_eq!(found, [Some(1), None, Some(3), Some(6), Some(9)]);
    on_threads(1, move |_| {
        there.blocking().clear();
        assert_eq!(done(there.blocking().get::<i64>("a")), None);
        std::future::ready(())
    })
    .await;
}

fn operate_blocking(cache: &Cache) {
    let cache = cache.blocking();
    assert_eq!(done(cache.get::<i64>("a")), None);
    assert_eq!(done(cache.get_or("a", 7i64)), 7);
    done(cache.set("a", &1i64, 60));
    assert_eq!(done(cache.get("a")), Some(1i64));
    assert!(!done(cache.add("a", &2i64, 60)) && done(cache.add("b", &2i64, 60)));
    assert!(done(cache.contains("b")) && done(cache.touch("b", 600)));
    assert!(done(cache.delete("b")) && !done(cache.delete("b")));
    assert_eq!(done(cache.incr_or("n", 5, 0)), 5);
    assert_eq!((done(cache.incr("n", 2)), done(cache.decr("n", 1))), (7, 6));
    done(cache.set_many([("c", &3i64), ("d", &4)], 60));
    let found = done(cache.get_many::<i64>(["c", "none", "d"]));
    assert_eq!(found, [Some(3), None, Some(4)]);
    assert_eq!(done(cache.delete_many(["d", "none"])), 1);
    for computed in [9i64, 10] {
        assert_eq!(done(cache.get_or_set("through", 60, || computed)), 9);
    }
}

/// A sync read-through computes once, keeps no failure, and runs nothing if it is refused.
pub async fn sync_callers_compute_once(subject: &Subject) {
    play(subject, compute).await;
}

fn compute(_: &Subject, here: &Cache, there: &Cache) {
    let (here, there) = (here.blocking(), there.blocking());
    let fails = || Err::<u32, _>(Error::new(ErrorKind::Contended, "no such row"));
    let failed = refused(here.try_get_or_set("k", 60, fails));
    assert_eq!(
        failed,
        Some(ErrorKind::Contended),
        "the body's error is the caller's"
    );
    assert!(!done(there.contains("k")), "an error is no value");
    // The lease is given back in the background; until then nothing can be stored.
    let stored = block_on(eventually(|| {
        let next = there.try_get_or_set("k", 60, || Ok::<_, Error>(2u32));
        assert_eq!(done(next), 2, "the next caller computes");
        std::future::ready(done(here.get::<u32>("k")) == Some(2))
    }));
    assert!(stored, "and soon a value is stored");
    for cache in [here, there] {
        let again = cache.try_get_or_set("k", 60, || Ok::<_, Error>(3u32));
        assert_eq!(done(again), 2, "it is there, so no body runs");
        assert_eq!(done(cache.get_or_set("k", 60, || 3u32)), 2);
    }
    assert_eq!(done(here.get_or_set("none", 60, || None::<u8>)), None);
    assert_eq!(done(there.get_or("none", Some(7u8))), None, "it is stored");
    let never = || -> Result<u32, Error> { unreachable!("it is refused") };
    let negative = there.try_get_or_set("new", -1, never);
    assert_eq!(refused(negative), Some(ErrorKind::Ttl));
    assert_eq!(
        refused(there.try_get_or_set("", 60, never)),
        Some(ErrorKind::Key)
    );
}

/// What ends a value overtakes the computation of a sync caller, too.
pub async fn sync_callers_overtake(subject: &Subject) {
    play(subject, overtake).await;
}

fn overtake(subject: &Subject, here: &Cache, there: &Cache) {
    type End = fn(&BlockingCache<'_>, &str);
    let ends: [(&str, End); 5] = [
        ("invalidate", |cache, key| {
            assert_eq!(done(cache.invalidate(key)), Delivery::Acknowledged);
        }),
        ("delete", |cache, key| assert!(!done(cache.delete(key)))),
        ("delete_many", |cache, key| {
            assert_eq!(done(cache.delete_many([key])), 0);
        }),
        ("zero", |cache, key| done(cache.set(key, &0u32, 0))),
        ("clear", |cache, _| {
            assert_eq!(cache.clear(), Delivery::Acknowledged);
        }),
    ];
    let (here, there) = (here.blocking(), there.blocking());
    for (key, end) in ends {
        let computed = here.get_or_set(key, 60, || {
            end(&there, key);
            1u32
        });
        assert_eq!(done(computed), 1, "the caller gets what its body returned");
        block_on(subject.seen());
        assert_eq!(done(here.get::<u32>(key)), None, "by {key}");
    }
    let computed = here.get_or_set("set", 60, || {
        done(there.set("set", &2u32, 60));
        1u32
    });
    assert_eq!(done(computed), 1);
    block_on(subject.seen());
    assert_eq!(done(here.get::<u32>("set")), Some(2), "what was set stays");
}

/// A sync caller ends values one by one, by tag, by function, and all at once.
pub async fn sync_callers_end_values(subject: &Subject) {
    play(subject, end_values).await;
}

fn end_values(subject: &Subject, here: &Cache, there: &Cache) {
    let (at, from) = (here.blocking(), there.blocking());
    for key in ["a", "b", "c"] {
        done(at.set(key, &1u8, 60));
    }
    assert_eq!(done(from.invalidate("a")), Delivery::Acknowledged);
    assert_eq!(done(at.get::<u8>("a")), None, "it is invalidated");
    assert!(done(from.expire("b")), "it was live");
    assert!(!done(from.expire("b")), "it is stale");
    assert_eq!(done(from.get::<u8>("b")), None);
    let function = function!("sync ends");
    let read = |value: u8| function.call_blocking(here, "f", &["t"], || value);
    assert_eq!(read(1), (1, Outcome::Stored));
    let known = function.call_blocking(there, "f", &["t"], || 2u8);
    assert_eq!(known, (1, Outcome::Hit), "another process stored it");
    assert_eq!(done(from.invalidate_tag("t")), Delivery::Acknowledged);
    block_on(subject.seen());
    assert_eq!(read(3).0, 3, "it carries the tag");
    let ended = function.all(there).blocking().invalidate();
    assert_eq!(ended, Delivery::Acknowledged);
    block_on(subject.seen());
    assert_eq!(read(4).0, 4, "it is the function's");
    assert_eq!(done(from.get::<u8>("c")), Some(1), "nobody ended it");
    assert_eq!(from.clear(), Delivery::Acknowledged);
    assert_eq!(done(at.get::<u8>("c")), None, "it was cleared");
    done(from.close(Duration::from_secs(5)));
    done(from.set("c", &2u8, 60));
    assert_eq!(done(at.get::<u8>("c")), Some(2), "it can still be used");
}

/// A sync caller is told how long a value has, and gives it another time.
pub async fn sync_callers_tell_the_time(subject: &Subject) {
    play(subject, tell_the_time).await;
}

fn tell_the_time(subject: &Subject, here: &Cache, there: &Cache) {
    let (here, there) = (here.blocking(), there.blocking());
    assert_eq!(done(here.ttl("k")), None, "nothing is there");
    assert!(!done(here.touch("k", 60)), "nor has it a time");
    done(here.set("k", &1u8, 600));
    let left = done(there.ttl("k")).and_then(Ttl::as_duration);
    let left = left.expect("a time is left");
    let about = Duration::from_secs(500)..Duration::from_secs(606);
    assert!(about.contains(&left), "ten minutes at first, not {left:?}");
    assert!(done(there.touch("k", Ttl::FOREVER)), "it is there");
    assert_eq!(done(here.ttl("k")), Some(Ttl::FOREVER));
    done(here.set("short", &1u8, subject.short()));
    block_on(subject.advance(subject.short()));
    assert_eq!(done(there.get::<u8>("short")), None, "its time is over");
    assert_eq!(done(there.ttl("short")), None);
}

/// A sync caller moves a value to another version and back.
pub async fn sync_callers_move_versions(subject: &Subject) {
    play(subject, move_versions).await;
}

fn move_versions(_: &Subject, here: &Cache, there: &Cache) {
    let (first, third) = (here.blocking(), there.with_version(3));
    let third = third.blocking();
    let missing = refused(first.incr_version("k", 1));
    assert_eq!(missing, Some(ErrorKind::NotFound), "nothing is there");
    done(first.set("k", &7u8, 600));
    assert_eq!(done(first.incr_version("k", 2)), 3);
    assert_eq!(done(first.get::<u8>("k")), None, "it is no longer there");
    assert_eq!(done(third.get("k")), Some(7u8));
    let left = done(third.ttl("k")).and_then(Ttl::as_duration);
    let enough = left.is_some_and(|left| left > Duration::from_secs(500));
    assert!(enough, "{left:?} of ten minutes");
    assert_eq!(done(third.decr_version("k", 1)), 2);
    assert_eq!(done(third.get::<u8>("k")), None, "it is no longer there");
    let second = here.with_version(2);
    let second = second.blocking();
    assert_eq!(done(second.get("k")), Some(7u8));
    let beyond = refused(second.decr_version("k", 3));
    assert_eq!(beyond, Some(ErrorKind::Overflow), "there is no version -1");
}

/// A sync caller stores values where no live one is.
pub async fn sync_callers_warm(subject: &Subject) {
    play(subject, warm).await;
}

fn warm(_: &Subject, here: &Cache, there: &Cache) {
    let (here, there) = (here.blocking(), there.blocking());
    done(here.set("live", &1u32, 60));
    done(here.set("stale", &1u32, 60));
    assert!(done(here.expire("stale")), "it was live");
    let values = ["new", "live", "stale"].map(|key| (key, 2u32));
    // By the same clock as it was expired.
    assert_eq!(done(here.warm(values, 60)), 2, "one was there");
    let found = done(there.get_many::<u32>(["new", "live", "stale"]));
    assert_eq!(found, [Some(2), Some(1), Some(2)]);
    let many = (0..600u32).map(|number| (format!("n:{number}"), number));
    assert_eq!(done(there.warm(many, 60)), 600);
    assert_eq!(done(here.get("n:599")), Some(599u32));
}

/// A sync caller lists and deletes keys by a pattern, or is told what to do where nobody can.
pub async fn sync_callers_list_keys(subject: &Subject) {
    play(subject, list_keys).await;
}

fn list_keys(subject: &Subject, here: &Cache, there: &Cache) {
    let (here, there) = (here.blocking(), there.blocking());
    for key in ["post:1", "post:20", "user:1"] {
        done(here.set(key, &1u8, 60));
    }
    let posts = there.keys("post:*");
    let unsupported = |error: &Error| error.kind() == ErrorKind::Unsupported;
    if posts.as_ref().is_err_and(unsupported) {
        let deleted = there.delete_matching("post:*");
        for refusal in [posts.map(drop), deleted.map(drop)] {
            let said = refusal.map_err(|error| error.to_string());
            let helps = said.as_ref().is_err_and(|said| said.contains("a tag"));
            assert!(helps, "what to do instead is said: {said:?}");
        }
        assert_eq!(done(here.get("post:1")), Some(1u8), "nothing is changed");
        subject.lacks("scans");
        return;
    }
    assert_eq!(done(posts), ["post:1", "post:20"]);
    assert_eq!(done(there.delete_matching("post:*")), 2);
    assert_eq!(done(here.keys("*")), ["user:1"]);
    assert_eq!(done(here.get::<u8>("post:1")), None, "it is deleted");
}

/// A sync caller has the entries of functions.
pub async fn sync_callers_have_entries(subject: &Subject) {
    play(subject, have_entries).await;
}

fn have_entries(subject: &Subject, here: &Cache, there: &Cache) {
    let function = function!("sync entries");
    let [here, there] = [here, there].map(|cache| function.entry(cache, "k").blocking());
    assert_eq!(here.key(), "k");
    assert!(!here.contains() && here.get().is_none(), "nothing is there");
    assert!(here.put("put".to_owned()), "it is stored");
    assert!(there.contains() && there.get().as_deref() == Some("put"));
    assert!(there.expire() && !there.expire(), "it was live once");
    assert_eq!(there.get(), None, "it is stale");
    let refreshed = there.refresh(|| "refreshed".to_owned());
    assert_eq!(refreshed, "refreshed");
    assert_eq!(here.get(), Some(refreshed), "it is stored");
    assert_eq!(there.invalidate(), Delivery::Acknowledged);
    block_on(subject.seen());
    assert!(
        !here.contains() && here.get().is_none(),
        "it is invalidated"
    );
}

/// A sync caller is refused what an async one is, and nothing changes.
pub async fn sync_callers_are_refused_the_same(subject: &Subject) {
    play(subject, refuse).await;
}

fn refuse(_: &Subject, here: &Cache, there: &Cache) {
    let (here, there) = (here.blocking(), there.blocking());
    assert_eq!(refused(here.incr("n", 1)), Some(ErrorKind::NotFound));
    assert_eq!(refused(here.decr("n", 1)), Some(ErrorKind::NotFound));
    assert_eq!(done(here.incr_or("n", 5, i64::MAX - 5)), i64::MAX);
    assert_eq!(refused(there.incr("n", 1)), Some(ErrorKind::Overflow));
    done(here.set("text", &"1".to_owned(), 60));
    assert_eq!(refused(there.incr("text", 1)), Some(ErrorKind::WrongType));
    assert_eq!(done(there.get("n")), Some(i64::MAX), "nothing is changed");
    let one = &1u8;
    let empty = [
        here.get::<u8>("").map(drop),
        here.get_or("", 1u8).map(drop),
        here.get_or_set("", 60, || 1u8).map(drop),
        here.set("", one, 60),
        here.add("", one, 60).map(drop),
        here.touch("", 60).map(drop),
        here.contains("").map(drop),
        here.ttl("").map(drop),
        here.incr_or("", 1, 0).map(drop),
        here.expire("").map(drop),
        here.delete("").map(drop),
        here.invalidate("").map(drop),
        here.invalidate_tag("").map(drop),
        here.incr_version("", 1).map(drop),
        here.get_many::<u8>(["k", ""]).map(drop),
        here.set_many([("k", one), ("", one)], 60),
        here.delete_many(["text", ""]).map(drop),
        here.warm([("", 1u8)], 60).map(drop),
    ];
    for (at, refusal) in empty.into_iter().enumerate() {
        assert_eq!(refused(refusal), Some(ErrorKind::Key), "operation {at}");
    }
    let negative = [
        here.get_or_set("k", -1, || 1u8).map(drop),
        here.set("k", one, -1),
        here.add("k", one, -1).map(drop),
        here.touch("text", -1).map(drop),
        here.set_many([("k", one)], -1),
        here.warm([("k", 1u8)], -1).map(drop),
    ];
    for (at, refusal) in negative.into_iter().enumerate() {
        assert_eq!(refused(refusal), Some(ErrorKind::Ttl), "operation {at}");
    }
    assert!(!done(there.contains("k")), "nothing was stored");
}
