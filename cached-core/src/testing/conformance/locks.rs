//! Locks by name, as processes see them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::caches::done;
use super::stage::{PATIENCE, eventually, fresh, on_threads, sleep, together};
use super::subject::Subject;
use crate::cache::{Cache, Lock, LockGuard};
use crate::error::ErrorKind;
use crate::time::Ttl;

/// A lease that ends after every behaviour.
const LONG: Ttl = Ttl::from_millis(120_000);

/// What `try_acquire` gives where nothing stands in its way.
async fn tried(cache: &Cache, name: &str) -> Option<LockGuard> {
    done(cache.lock(name).ttl(LONG).try_acquire().await)
}

async fn is_free(cache: &Cache, name: &str) -> bool {
    tried(cache, name).await.is_some()
}

/// A lock that is nobody's.
async fn taken(lock: Lock) -> LockGuard {
    done(lock.acquire().await)
}

/// Lets the time pass by which backends and caches go, whichever it is.
async fn pass(subject: &Subject, time: Duration) {
    together(subject.advance(time), sleep(time)).await;
}

/// Lets time pass until the work is done.
pub(super) async fn while_time_passes<T>(subject: &Subject, work: impl Future<Output = T>) -> T {
    let ended = AtomicBool::new(false);
    let working = async {
        let result = work.await;
        ended.store(true, Ordering::SeqCst);
        result
    };
    let passing = async {
        while !ended.load(Ordering::SeqCst) {
            pass(subject, Duration::from_millis(20)).await;
        }
    };
    together(working, passing).await.0
}

/// A lease that a behaviour can wait for, and that a busy machine renews in time.
fn lease(subject: &Subject) -> Duration {
    (subject.short() * 3 / 2).max(Duration::from_millis(1500))
}

/// While one process holds it, no other gets it, and other names are free; given back, it is free.
pub async fn one_process_holds_it(subject: &Subject) {
    let (here, there) = subject.caches();
    let guard = taken(here.lock("x").ttl(LONG)).await;
    assert!(guard.is_held(), "it was just granted");
    for cache in [&here, &there] {
        assert!(!is_free(cache, "x").await, "it is held");
    }
    for other in ["y", "X", "x ", "größe"] {
        assert!(is_free(&there, other).await, "`{other}` is another name");
    }
    assert!(
        done(guard.renew().await),
        "it is held, so it can be renewed"
    );
    assert!(done(guard.release().await), "it was held until now");
    assert!(is_free(&there, "x").await, "it was given back");
}

/// Each holder's number is greater than those of all before, whichever process it is.
pub async fn numbers_grow(subject: &Subject) {
    let (here, there) = subject.caches();
    let mut last = 0;
    for turn in 0..12 {
        let cache = [&here, &there, &there][turn % 3];
        let guard = taken(cache.lock("x").ttl(LONG)).await;
        let number = guard.fencing();
        assert!(number > last, "{number} after {last}");
        assert!(number < 1 << 53, "{number} is more than JSON can tell");
        last = number;
        assert!(done(guard.release().await), "it was held until now");
    }
}

/// A guard that is dropped gives the lock back, long before its lease ends.
pub async fn a_dropped_guard_gives_it_back(subject: &Subject) {
    let (here, there) = subject.caches();
    let guard = taken(here.lock("x").ttl(LONG)).await;
    let lost = guard.lost();
    drop(guard);
    lost.await;
    assert!(
        eventually(|| is_free(&there, "x")).await,
        "it is released in the background"
    );
}

/// A lease that nobody renews ends; then the lock is another's, and its former holder neither
/// renews it nor gives it back.
pub async fn a_former_holder_holds_nothing(subject: &Subject) {
    let (here, there) = subject.caches();
    let lease = lease(subject);
    let lock = here.lock("x").ttl(lease).renewed_for(Duration::ZERO);
    let former = [taken(lock.clone()).await, {
        let other = here.lock("y").ttl(lease).renewed_for(Duration::ZERO);
        taken(other).await
    }];
    assert!(!is_free(&there, "x").await, "its lease has just begun");
    pass(subject, lease).await;
    let mut next = Vec::new();
    for (name, former) in ["x", "y"].into_iter().zip(&former) {
        // Its lease is over, by whatever ticks the backend counts.
        let guard = while_time_passes(subject, taken(there.lock(name).ttl(LONG))).await;
        assert!(guard.fencing() > former.fencing(), "the number grew");
        next.push(guard);
    }
    let [renewing, releasing] = former;
    assert!(!done(renewing.renew().await), "it is another's");
    assert!(!renewing.is_held(), "and it knows that");
    renewing.lost().await;
    assert!(!done(renewing.release().await), "there is nothing of it");
    assert!(!done(releasing.release().await), "nor of the other");
    for (name, guard) in ["x", "y"].into_iter().zip(next) {
        assert!(!is_free(&here, name).await, "the next holder still has it");
        assert!(done(guard.renew().await), "and can renew it");
    }
}

/// A holder that lives keeps the lock past its lease, without a word.
pub async fn a_held_lock_is_renewed(subject: &Subject) {
    let (here, there) = subject.caches();
    let lease = lease(subject);
    let guard = taken(here.lock("x").ttl(lease)).await;
    for _ in 0..15 {
        pass(subject, lease / 6).await;
        assert!(!is_free(&there, "x").await, "its holder lives");
    }
    assert!(guard.is_held(), "it was renewed all the time");
    assert!(done(guard.release().await));
}

/// Whoever waits gets it when it is given back, or is told that it waited in vain.
pub async fn a_waiter_gets_it_or_is_told(subject: &Subject) {
    let (here, there) = subject.caches();
    let guard = taken(here.lock("x").ttl(LONG)).await;
    let (number, short) = (guard.fencing(), Duration::from_millis(300));
    let waiting = taken(there.lock("x").ttl(LONG).wait(PATIENCE));
    let releasing = async {
        // The other one waits by the time that this one has waited in vain.
        let vain = there.lock("x").wait(short).acquire().await;
        let kind = vain.map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Locked), "it is held all the time");
        assert!(done(guard.release().await), "it was held until now");
    };
    let (next, ()) = while_time_passes(subject, together(waiting, releasing)).await;
    assert!(next.fencing() > number && next.is_held());
}

/// However many want it at once, there is one holder at a time, and each has its turn.
pub async fn many_take_turns(subject: &Subject) {
    const TURNS: usize = 3;
    let prefix = fresh();
    let caches: Vec<Cache> = (0..4).map(|_| subject.cache(&prefix)).collect();
    let inside = Arc::new(AtomicBool::new(false));
    let numbers = on_threads(caches.len(), move |at| {
        let (cache, inside) = (caches[at].clone(), Arc::clone(&inside));
        async move {
            let mut numbers = Vec::new();
            for _ in 0..TURNS {
                let guard = taken(cache.lock("room").ttl(LONG).wait(3 * PATIENCE)).await;
                assert!(!inside.swap(true, Ordering::SeqCst), "two at once");
                numbers.push(guard.fencing());
                // Of two at once, one would count in vain.
                let turns: Option<u64> = done(cache.get("turns").await);
                done(cache.set("turns", &(turns.unwrap_or(0) + 1), 600).await);
                inside.store(false, Ordering::SeqCst);
                assert!(done(guard.release().await), "it was held until now");
            }
            numbers
        }
    });
    let numbers = while_time_passes(subject, numbers).await;
    let turns: Option<u64> = done(subject.cache(&prefix).get("turns").await);
    assert_eq!(turns, Some(4 * TURNS as u64), "every turn counts");
    assert!(numbers.iter().all(|each| each.is_sorted_by(|a, b| a < b)));
    let mut all = numbers.concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4 * TURNS, "no number is given twice");
}

/// Locks are those of their cache: another's are others, `clear` lets them be, and keys of the same
/// name are no locks.
pub async fn locks_are_of_their_cache(subject: &Subject) {
    let (here, there) = subject.caches();
    let neighbour = subject.cache(&fresh());
    let guard = taken(here.lock("x").ttl(LONG)).await;
    assert!(is_free(&neighbour, "x").await, "another cache's lock");
    done(there.set("x", &1u8, 60).await);
    done(there.delete("x").await);
    done(there.clear().await);
    assert!(!is_free(&there, "x").await, "it is held all the same");
    assert!(done(guard.release().await), "it was held until now");
}

/// What cannot be a lock is refused by an error that says so.
pub async fn what_is_no_lock_is_refused(subject: &Subject) {
    let (here, _) = subject.caches();
    let refusals = [
        (here.lock(""), ErrorKind::Key),
        (here.lock("x").ttl(0), ErrorKind::Ttl),
        (here.lock("x").ttl(-1), ErrorKind::Ttl),
        (here.lock("x").ttl(Ttl::FOREVER), ErrorKind::Ttl),
    ];
    for (lock, kind) in refusals {
        let refused = lock.try_acquire().await.map(drop);
        assert_eq!(refused.map_err(|error| error.kind()), Err(kind));
    }
    assert!(is_free(&here, "x").await, "nothing was taken");
}

/// Sync callers take part.
pub async fn sync_callers_hold_it_too(subject: &Subject) {
    let (here, there) = subject.caches();
    let guard = taken(here.lock("x").ttl(LONG)).await;
    let number = guard.fencing();
    let blocked = there.clone();
    on_threads(1, move |_| {
        let lock = blocked.lock("x").blocking();
        assert!(
            done(lock.try_acquire()).is_none(),
            "an async caller holds it"
        );
        std::future::ready(())
    })
    .await;
    assert!(done(guard.release().await), "it was held until now");
    on_threads(1, move |_| {
        let guard = done(there.lock("x").ttl(LONG).blocking().acquire());
        assert!(guard.is_held() && guard.fencing() > number);
        assert!(done(guard.renew()) && done(guard.release()));
        std::future::ready(())
    })
    .await;
    assert!(is_free(&here, "x").await, "it was given back");
}
