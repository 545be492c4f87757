//! Locks by name: one holder at a time, for a time, with numbers that grow.

#[cfg(feature = "servers")]
mod servers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cached_core::backend::Backend;
use cached_core::testing::{self, Fault, Faulty, ManualClock, Op};
use cached_core::{Cache, ErrorKind, LockGuard, Ttl};

use crate::support::{Task, fails, finishes, memory, sendable, until};

const LEASE: Duration = Duration::from_secs(9);

/// Two processes' caches on one store, whose time and whose faults the test decides.
struct Scene {
    here: Cache,
    there: Cache,
    clock: ManualClock,
    faulty: Arc<dyn Fn(Op) -> usize + Send + Sync>,
}

fn scene() -> (Scene, Faulty<impl Backend + Clone>) {
    let clock = ManualClock::new();
    let faulty = Faulty::new(testing::in_process_at(clock.clone()));
    let open = || {
        let builder = Cache::on(faulty.clone()).clock(clock.clone());
        builder.build().expect("the defaults are valid")
    };
    let calls = faulty.clone();
    let scene = Scene {
        here: open(),
        there: open(),
        clock,
        faulty: Arc::new(move |op| calls.calls(op)),
    };
    (scene, faulty)
}

impl Scene {
    /// Moves the time until a guard holds nothing any more: its next renewal says so at the latest,
    /// or its lease ends.
    fn until_lost(&self, guard: &LockGuard) {
        until("it is told", || {
            self.clock.advance(LEASE / 30);
            !guard.is_held()
        });
    }

    /// Moves the time, and waits for the renewal that is due.
    fn pass_a_third(&self) {
        let before = (self.faulty)(Op::Renew);
        // The renewal sets its alarm on a thread of its own, which may not have come so far.
        until("it is renewed", || {
            self.clock.advance(LEASE / 30);
            (self.faulty)(Op::Renew) > before
        });
    }
}

#[tokio::test]
async fn one_holds_it_and_the_next_has_a_greater_number() {
    let (scene, _) = scene();
    let first = scene.here.lock("a b").acquire().await.expect("it is free");
    assert!(first.is_held() && first.fencing() > 0);
    let second = scene.there.lock("a b").try_acquire().await;
    assert!(second.expect("the backend answers").is_none());
    let other = scene.there.lock("a?b").try_acquire().await;
    assert!(
        other.expect("the backend answers").is_some(),
        "another name"
    );
    let number = first.fencing();
    assert!(first.release().await.expect("the backend answers"));
    let second = scene.there.lock("a b").try_acquire().await;
    let second = second.expect("the backend answers").expect("it is free");
    assert!(second.fencing() > number);
}

#[tokio::test]
async fn a_lease_ends_and_its_holder_gives_back_nothing_of_the_next() {
    let (scene, _) = scene();
    let lock = |cache: &Cache| cache.lock("x").ttl(LEASE).renewed_for(Duration::ZERO);
    let first = lock(&scene.here).acquire().await.expect("it is free");
    let lost = tokio::spawn(sendable(first.lost()));
    scene.clock.advance(LEASE);
    lost.await.expect("it does not panic");
    assert!(!first.is_held());
    let second = lock(&scene.there).try_acquire().await;
    let second = second.expect("the backend answers").expect("it has ended");
    assert!(second.fencing() > first.fencing());
    assert!(!first.renew().await.expect("nobody is asked"));
    assert!(!first.release().await.expect("the backend answers"));
    assert!(second.renew().await.expect("the backend answers"));
}

#[tokio::test]
async fn it_is_renewed_in_the_background_up_to_the_cap() {
    let (scene, _) = scene();
    let lock = scene.here.lock("x").ttl(LEASE).renewed_for(LEASE * 3);
    let guard = lock.acquire().await.expect("it is free");
    for _ in 0..6 {
        scene.pass_a_third();
        let other = scene.there.lock("x").try_acquire().await;
        assert!(other.expect("the backend answers").is_none());
        assert!(guard.is_held());
    }
    // Past the cap it ends with its lease.
    scene.until_lost(&guard);
    guard.lost().await;
}

#[tokio::test]
async fn a_waiter_gets_it_when_it_is_given_back_or_is_told_that_it_waited_in_vain() {
    let (scene, _) = scene();
    let guard = scene.here.lock("x").acquire().await.expect("it is free");
    let mut patient = Task::waiting(scene.there.lock("x").acquire());
    let short = scene.there.lock("x").wait(Duration::from_millis(200));
    let mut hasty = Task::waiting(short.acquire());
    scene.clock.advance(Duration::from_millis(250));
    let error = hasty.ends_woken();
    fails(error, ErrorKind::Locked, "the lock `x` was held");
    patient.waits();
    let number = guard.fencing();
    assert!(guard.release().await.expect("the backend answers"));
    scene.clock.advance(Duration::from_millis(250));
    let next = patient.ends_woken().expect("it is free");
    assert!(next.fencing() > number);
}

#[tokio::test]
async fn a_backend_that_forgets_gives_greater_numbers_and_the_former_holder_is_told() {
    let (scene, faulty) = scene();
    // Both ask for the time while it is the same.
    for cache in [&scene.here, &scene.there] {
        let warm = cache.lock("warm").acquire().await.expect("it is free");
        assert!(warm.release().await.expect("it answers"));
    }
    let mut last = 0;
    for round in 0..4 {
        let guard = scene.here.lock("x").ttl(LEASE).acquire().await;
        let guard = guard.expect("it is free");
        assert!(guard.fencing() > last, "round {round}");
        let forgotten: &[&str] = match round {
            0 => &["cached:l:x", "cached:f:x"],
            1 => &["cached:f:x"],
            _ => &["cached:l:x"],
        };
        let removed = faulty.inner().invalidate(forgotten).await;
        assert_eq!(removed.expect("it answers"), forgotten.len() as u64);
        if round != 1 {
            // Another process's clock may be a tick behind: it says so with each new name.
            let mut names = (0..).map(|number| format!("{round}, {number}"));
            until("it is later there", || {
                let lock = names.next().map(|name| scene.there.lock(name).blocking());
                let probe = lock.expect("they are endless").acquire();
                probe.expect("it is free").fencing() > guard.fencing()
            });
            let next = scene.there.lock("x").try_acquire().await;
            let next = next
                .expect("it answers")
                .expect("nobody knows of the first");
            assert!(next.fencing() > guard.fencing());
            last = next.fencing();
            scene.until_lost(&guard);
            guard.lost().await;
            assert!(next.release().await.expect("it answers"));
        } else {
            last = guard.fencing();
            assert!(guard.release().await.expect("it answers"));
        }
    }
}

#[tokio::test]
async fn a_holder_whose_number_is_overtaken_starts_over() {
    let (scene, faulty) = scene();
    let first = scene.here.lock("x").acquire().await.expect("it is free");
    first.release().await.expect("it answers");
    // Its lock is gone when the number is to be put there, and somebody else has had it.
    faulty.next(Op::Fill, Fault::Delay(Duration::from_millis(60)));
    let (cache, fills) = (scene.here.clone(), faulty.calls(Op::Fill));
    let slow = tokio::spawn(async move { cache.lock("x").acquire().await });
    while faulty.calls(Op::Fill) == fills {
        tokio::task::yield_now().await;
    }
    let taken = faulty.inner().invalidate(&["cached:l:x"]).await;
    assert_eq!(taken.expect("it answers"), 1);
    let other = scene.there.lock("x").try_acquire().await;
    let other = other.expect("it answers").expect("it is free");
    let number = other.fencing();
    other.release().await.expect("it answers");
    let late = slow.await.expect("it does not panic");
    let late = late.expect("it is free again");
    assert!(late.fencing() > number && late.is_held());
}

#[tokio::test]
async fn a_backend_that_is_down_grants_nothing() {
    let (scene, faulty) = scene();
    for op in [Op::Acquire, Op::Read, Op::Fill, Op::Now] {
        // What the one before left is released in the background, while the time stands still.
        let guard = loop {
            let taken = scene.there.lock("warm").try_acquire().await;
            match taken.expect("it answers") {
                Some(guard) => break guard,
                None => tokio::task::yield_now().await,
            }
        };
        assert!(guard.release().await.expect("it answers"));
        faulty.always(op, Fault::Error(ErrorKind::Unavailable));
        let fresh = Cache::on(faulty.clone()).build().expect("valid");
        let taken = fresh.lock("warm").try_acquire().await;
        fails(taken, ErrorKind::Unavailable, "a test wants it");
        faulty.clear();
    }
    // What a lost answer left is released in the background.
    faulty.next(Op::Acquire, Fault::LoseReply);
    assert!(scene.here.lock("y").acquire().await.is_err());
    let next = scene.here.lock("y").try_acquire().await;
    assert!(next.expect("it answers").is_some());
}

#[tokio::test]
async fn a_holder_without_its_backend_holds_it_until_its_lease_ends() {
    let (scene, faulty) = scene();
    let guard = scene.here.lock("x").ttl(LEASE).acquire().await;
    let guard = guard.expect("it is free");
    faulty.always(Op::ALL, Fault::Error(ErrorKind::Unavailable));
    fails(guard.renew().await, ErrorKind::Unavailable, "");
    assert!(guard.is_held());
    let lost = tokio::spawn(guard.lost());
    scene.clock.advance(LEASE);
    lost.await.expect("it does not panic");
    assert!(!guard.is_held());
    faulty.clear();
    assert!(!guard.renew().await.expect("nobody is asked"), "for good");
}

#[test]
fn futures_that_are_dropped_leave_the_lock_free() {
    let (_, faulty) = scene();
    let open = || Cache::on(faulty.clone()).build().expect("valid");
    let (here, there) = (open(), open());
    for polls in 1..12 {
        faulty.always(Op::ALL, Fault::Delay(Duration::from_millis(1)));
        let mut taking = Task::new(here.lock("x").acquire());
        for _ in 0..polls {
            if let std::task::Poll::Ready(taken) = taking.poll() {
                drop(taken);
                break;
            }
            until("it goes on", || taking.take_wakes() > 0);
        }
        drop(taking);
        faulty.clear();
        let next = there.lock("x").blocking().acquire();
        let next = next.expect("it is free in far less than its lease");
        let mut releasing = Task::new(async { there.lock("y").try_acquire().await });
        let _ = releasing.poll();
        drop(releasing);
        drop(next);
    }
}

/// What two holders at once would show.
#[derive(Default)]
struct Room {
    inside: AtomicBool,
    numbers: Mutex<Vec<u64>>,
}

/// Threads that all want one lock, half of them of each cache.
fn exclude(caches: [Cache; 2], threads: usize, turns: usize) {
    let room = Room::default();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (cache, room) = (&caches[thread % 2], &room);
            scope.spawn(move || {
                for _ in 0..turns {
                    let lock = cache.lock("room").ttl(30).wait(Duration::from_secs(60));
                    let guard = lock.blocking().acquire().expect("its turn comes");
                    assert!(!room.inside.swap(true, Ordering::SeqCst), "two at once");
                    room.numbers.lock().expect("no panic").push(guard.fencing());
                    std::thread::yield_now();
                    assert!(guard.is_held());
                    room.inside.store(false, Ordering::SeqCst);
                    assert!(guard.release().expect("it answers"));
                }
            });
        }
    });
    let numbers = room.numbers.into_inner().expect("no panic");
    assert_eq!(numbers.len(), threads * turns);
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn threads_exclude_each_other() {
    finishes(|| {
        let store = testing::in_process();
        let open = || Cache::on(store.clone()).build().expect("valid");
        exclude([open(), open()], 6, 20);
        let cache = memory();
        exclude([cache.clone(), cache], 6, 20);
    });
}

#[test]
fn a_cache_in_memory_has_locks_of_its_own() {
    let (cache, clock) = crate::support::manual();
    let lock = |cache: &Cache| cache.lock("x").blocking().try_acquire().expect("no fault");
    let guard = lock(&cache).expect("it is free");
    assert!(lock(&cache.clone()).is_none());
    assert!(lock(&memory()).is_some());
    clock.advance(Duration::from_secs(80));
    until("nobody renews it", || !guard.is_held());
    assert!(lock(&cache).expect("it has ended").fencing() > guard.fencing());
    // A guard that is dropped is given back at once to whoever asks in this process.
    assert!(lock(&cache).is_some());
}

#[test]
fn what_cannot_be_a_lock_is_refused() {
    let cache = memory();
    let blocking = |name: &str, ttl: Ttl| cache.lock(name).ttl(ttl).blocking().try_acquire();
    fails(blocking("", Ttl::DEFAULT), ErrorKind::Key, "name");
    for ttl in [Ttl::from(0), Ttl::from(-1), Ttl::FOREVER] {
        fails(blocking("x", ttl), ErrorKind::Ttl, "");
    }
}

#[tokio::test]
async fn foreign_bytes_under_a_lock_are_an_error() {
    let (scene, faulty) = scene();
    for name in ["cached:l:x", "cached:f:x"] {
        let garbage = cached_core::backend::Cell::from_bytes(b"garbage".to_vec());
        let written = faulty.inner().write(name, &garbage, None).await;
        written.expect("it answers");
        fails(
            scene.here.lock("x").acquire().await,
            ErrorKind::Protocol,
            name,
        );
        let removed = faulty.inner().invalidate(&[name]).await;
        removed.expect("it answers");
    }
    assert!(scene.here.lock("x").acquire().await.is_ok());
}
