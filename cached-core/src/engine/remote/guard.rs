//! What stands between the engine and a backend: a time limit on every operation, and a breaker
//! that spares callers the wait while the backend is down.
//!
//! The breaker is the usual one (Nygard, *Release It!*): closed, open after repeated faults, and
//! after a pause half open, where one operation probes. An open breaker costs a load.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use crate::error::{Error, ErrorKind};
use crate::time::{Clock, Millis};

/// Faults in a row that open the breaker.
const THRESHOLD: u64 = 5;
/// How long it stays open before a probe, in milliseconds; up to half as much again at random, so
/// that many processes do not probe at once.
const PAUSE: Millis = 500;

/// Whether the backend is worth asking.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    faults: AtomicU64,
    /// When the next probe may go; 0 while closed.
    retry_at: AtomicU64,
}

impl Breaker {
    /// Lets an operation go now, or not. While open, one per pause goes, as the probe.
    pub(super) fn attempt(&self, now: Millis, limit: Millis) -> Option<Attempt<'_>> {
        let retry_at = self.retry_at.load(Ordering::Acquire);
        let mut probe = None;
        if retry_at != 0 {
            let next = now + pause();
            let taken = now >= retry_at && self.move_retry(retry_at, next);
            probe = Some(taken.then_some(next)?);
        }
        Some(Attempt {
            breaker: self,
            patience: now + limit / 4,
            probe,
            ended: false,
        })
    }

    fn move_retry(&self, from: Millis, to: Millis) -> bool {
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        let moved = self.retry_at.compare_exchange(from, to, success, failure);
        moved.is_ok()
    }

    pub(super) fn is_open(&self) -> bool {
        self.retry_at.load(Ordering::Acquire) != 0
    }

    /// Takes note of how an operation ended.
    pub(super) fn note<T>(&self, answer: &Result<T, Error>) {
        match answer {
            Err(error) if is_outage(error) => self.failed(Clock::System.now()),
            // Also a refusal: the backend is there.
            _ => self.answered(),
        }
    }

    fn answered(&self) {
        // A fault beside this may open it after the count went back to 0.
        if self.faults.load(Ordering::Relaxed) != 0 || self.is_open() {
            self.faults.store(0, Ordering::Relaxed);
            self.retry_at.store(0, Ordering::Release);
        }
    }

    fn failed(&self, now: Millis) {
        if self.faults.fetch_add(1, Ordering::Relaxed) + 1 >= THRESHOLD {
            self.retry_at.store(now + pause(), Ordering::Release);
        }
    }
}

/// An operation on its way.
#[derive(Debug)]
pub(super) struct Attempt<'b> {
    breaker: &'b Breaker,
    /// A caller that leaves after this left because no answer came.
    patience: Millis,
    /// When the next probe goes if this, which is one, does not end.
    probe: Option<Millis>,
    ended: bool,
}

impl Attempt<'_> {
    pub(super) fn end<T>(mut self, answer: &Result<T, Error>) {
        self.ended = true;
        self.breaker.note(answer);
    }

    fn dropped(&self, now: Millis) {
        if now >= self.patience {
            // Callers with less time than the limit would otherwise wait for all of it, each time.
            self.breaker.failed(now);
        } else if let Some(next) = self.probe {
            // The probe said nothing: whoever comes next is one.
            self.breaker.move_retry(next, now.max(1));
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.dropped(Clock::System.now());
        }
    }
}

fn pause() -> Millis {
    PAUSE + crate::tag::fresh_stamp() % (PAUSE / 2)
}

/// Whether the fault says that the backend is down, rather than that it refuses this operation.
pub(super) fn is_outage(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Protocol | ErrorKind::Denied
    )
}

/// Runs `operation`, at most for so many milliseconds of real time. On any runtime or none: the
/// clock of the cache may be one that a test moves, a network's is not.
pub(super) async fn within<T>(
    limit: Millis,
    who: impl FnOnce() -> String,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let clock = Clock::System;
    // The system clock is coarse: never less than asked for.
    let late = clock.sleep_until(clock.now() + limit + 4);
    match first(operation, late).await {
        First::Left(answer) => answer,
        First::Right(()) => Err(Error::new(
            ErrorKind::Timeout,
            format!(
                "{}: no answer within {limit} ms; is it stopped, overloaded or behind a firewall, or \
                 elsewhere than the URL says?",
                who()
            ),
        )),
    }
}

/// Which of two futures ended first.
pub(super) enum First<A, B> {
    Left(A),
    Right(B),
}

/// Waits for either; the left one is looked at first.
pub(super) async fn first<A, B>(
    left: impl Future<Output = A>,
    right: impl Future<Output = B>,
) -> First<A, B> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    std::future::poll_fn(|cx| match left.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(First::Left(value)),
        Poll::Pending => right.as_mut().poll(cx).map(First::Right),
    })
    .await
}

/// Waits for both.
pub(super) async fn both<A, B>(
    left: impl Future<Output = A>,
    right: impl Future<Output = B>,
) -> (A, B) {
    let (mut left, mut right) = (pin!(left), pin!(right));
    let (mut a, mut b) = (None, None);
    std::future::poll_fn(move |cx| {
        if a.is_none()
            && let Poll::Ready(value) = left.as_mut().poll(cx)
        {
            a = Some(value);
        }
        if b.is_none()
            && let Poll::Ready(value) = right.as_mut().poll(cx)
        {
            b = Some(value);
        }
        match (a.take(), b.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (left, right) => {
                (a, b) = (left, right);
                Poll::Pending
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::block_on;
    use std::future::{pending, ready};

    fn admits(breaker: &Breaker, now: Millis) -> bool {
        // Its drop says nothing here.
        breaker.attempt(now, 100).map(std::mem::forget).is_some()
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        (0..THRESHOLD).for_each(|_| breaker.failed(1));
        breaker
    }

    #[test]
    fn the_breaker_opens_after_faults_in_a_row_and_lets_one_probe_through() {
        let breaker = Breaker::default();
        for _ in 1..THRESHOLD {
            breaker.failed(0);
        }
        breaker.answered();
        for _ in 1..THRESHOLD {
            breaker.failed(0);
        }
        assert!(admits(&breaker, 0), "an answer came in between");
        breaker.failed(0);
        assert!(breaker.is_open() && !admits(&breaker, PAUSE - 1));
        let later = PAUSE * 2;
        assert!(admits(&breaker, later), "the probe");
        assert!(!admits(&breaker, later), "only one");
        breaker.answered();
        assert!(!breaker.is_open() && admits(&breaker, later));
    }

    #[test]
    fn a_probe_that_is_dropped_at_once_leaves_the_next_caller_to_probe() {
        let breaker = opened();
        let later = PAUSE * 2;
        let probe = breaker.attempt(later, 100).expect("it is time");
        assert!(!admits(&breaker, later + 1));
        probe.dropped(later + 1);
        std::mem::forget(probe);
        assert!(admits(&breaker, later + 1));
    }

    #[test]
    fn callers_that_leave_before_the_limit_open_the_breaker_too() {
        let breaker = Breaker::default();
        for _ in 0..THRESHOLD {
            let attempt = breaker.attempt(0, 100).expect("it is closed");
            attempt.dropped(25);
            std::mem::forget(attempt);
        }
        assert!(breaker.is_open());
    }

    #[test]
    fn an_answer_beside_the_last_fault_does_not_leave_it_open() {
        let breaker = opened();
        breaker.faults.store(0, Ordering::Relaxed);
        breaker.answered();
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let breaker = opened();
        breaker.note(&Err::<(), _>(Error::new(ErrorKind::Full, "")));
        assert!(!breaker.is_open());
    }

    #[test]
    fn an_operation_that_does_not_answer_is_given_up() {
        let late = block_on(within(10, String::new, pending::<Result<(), Error>>()));
        assert_eq!(late.expect_err("it never ends").kind(), ErrorKind::Timeout);
        assert!(block_on(within(10, String::new, ready(Ok(())))).is_ok());
    }

    #[test]
    fn both_ends_with_the_last() {
        assert_eq!(block_on(both(ready(1), ready("a"))), (1, "a"));
    }
}
