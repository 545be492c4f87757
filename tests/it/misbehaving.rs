//! Code of users that misbehaves where the cache has to call it: wakers that panic, a standard
//! error nobody reads, subscribers that wait for the cache.

use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use cached_core::testing::with_cache_blocking;
use cached_core::{Ttl, cached, refresh};

use crate::support::{Gate, Task, finishes, manual, memory};

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker whose executor is gone");
    }
}

/// Polls once with a waker that panics when it is woken.
fn polled<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Panics));
    future.as_mut().poll(&mut Context::from_waker(&waker))
}

#[test]
fn a_panicking_waker_keeps_no_other_waiter_from_its_bound() {
    finishes(|| {
        let cache = memory();
        let wait_for_ever = || cache.get_or_set("k", 60, std::future::pending::<i64>);
        let _leader = Task::waiting(wait_for_ever());
        let mut rude = Box::pin(wait_for_ever());
        assert!(polled(&mut rude).is_pending());
        // The system's timer wakes the rude one first, at the bound of five seconds.
        let waited = cache.blocking().get_or_set("k", 60, || 7i64);
        assert_eq!(waited.expect("a valid key and TTL"), 7);
        let again = cache.blocking().get_or_set("k", 60, || 8i64);
        assert_eq!(again.expect("a valid key and TTL"), 8, "the timer lives");
    });
}

#[test]
fn a_panicking_waker_leaves_no_key_without_a_leader() {
    let (cache, gate) = (memory(), Gate::default());
    let slow = || {
        cache.get_or_set("k", 60, || async {
            gate.pass();
            1i64
        })
    };
    let _leader = Task::waiting(cache.get_or_set("k", 60, std::future::pending::<i64>));
    let mut rude = Box::pin(slow());
    assert!(polled(&mut rude).is_pending());
    gate.open();
    let refreshed = Task::new(refresh(slow())).ends();
    assert_eq!(refreshed.expect("a valid key and TTL"), 1);
    let next = Task::new(slow()).ends();
    assert_eq!(
        next.expect("a valid key and TTL"),
        1,
        "nobody is in the way"
    );
}

#[test]
fn a_subscriber_of_a_repeated_invalidation_does_not_hold_the_timer() {
    finishes(|| {
        let (cache, clock) = manual();
        let entered = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&entered);
        cache.subscribe(move |_| told.store(true, Ordering::SeqCst));
        with_cache_blocking(&cache, || {
            #[cached_core::invalidates("k")]
            async fn change() {
                std::future::pending::<()>().await;
            }
            drop(Task::waiting(change()));
        });
        entered.store(false, Ordering::SeqCst);
        clock.advance(Duration::from_secs(5));
        assert!(
            entered.load(Ordering::SeqCst),
            "a clock moved by hand repeats before it returns"
        );
    });
}

#[cached(key = "m:report", ttl = ttl, skip(ttl))]
fn reports(ttl: Ttl) -> u64 {
    let _ = ttl;
    7
}

#[test]
fn child_without_stderr() {
    if std::env::var_os("CACHED_TEST_NO_STDERR").is_some() {
        assert_eq!(reports(Ttl::from(-1i64)), 7);
    }
}

#[test]
fn a_report_that_nobody_can_read_is_no_panic() {
    let mut command = Command::new(std::env::current_exe().expect("the path of this test binary"));
    command.args([
        "--exact",
        "misbehaving::child_without_stderr",
        "--nocapture",
    ]);
    command.env("CACHED_TEST_NO_STDERR", "1");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // The reading end goes: what is written from now on is a broken pipe.
    drop(child.stderr.take());
    assert!(child.wait().expect("it ends").success());
}
