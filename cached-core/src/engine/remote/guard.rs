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
    /// Whether an operation may go now. While open, one caller per pause may, as the probe.
    pub(super) fn admits(&self, now: Millis) -> bool {
        let retry_at = self.retry_at.load(Ordering::Acquire);
        retry_at == 0
            || (now >= retry_at
                && self
                    .retry_at
                    .compare_exchange(retry_at, now + pause(), Ordering::AcqRel, Ordering::Acquire)
                    .is_ok())
    }

    pub(super) fn is_open(&self) -> bool {
        self.retry_at.load(Ordering::Acquire) != 0
    }

    /// Takes note of an answer, whatever it says: the backend is there.
    pub(super) fn answered(&self) {
        if self.faults.load(Ordering::Relaxed) != 0 {
            self.faults.store(0, Ordering::Relaxed);
            self.retry_at.store(0, Ordering::Release);
        }
    }

    /// Takes note of a fault.
    pub(super) fn failed(&self, now: Millis) {
        if self.faults.fetch_add(1, Ordering::Relaxed) + 1 >= THRESHOLD {
            self.retry_at.store(now + pause(), Ordering::Release);
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
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let clock = Clock::System;
    // The system clock is coarse: never less than asked for.
    let late = clock.sleep_until(clock.now() + limit + 4);
    match first(operation, late).await {
        First::Left(answer) => answer,
        First::Right(()) => Err(Error::new(
            ErrorKind::Timeout,
            format!("no answer within {limit} ms; the cache goes on without this backend"),
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

/// Waits for all, side by side; their results in order.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures
        .into_iter()
        .map(|future| (Some(Box::pin(future)), None))
        .collect();
    std::future::poll_fn(move |cx| {
        for (future, output) in &mut waiting {
            let polled = future.as_mut().map(|future| future.as_mut().poll(cx));
            if let Some(Poll::Ready(value)) = polled {
                (*future, *output) = (None, Some(value));
            }
        }
        if waiting.iter().any(|(future, _)| future.is_some()) {
            return Poll::Pending;
        }
        let outputs = std::mem::take(&mut waiting);
        Poll::Ready(
            outputs
                .into_iter()
                .filter_map(|(_, output)| output)
                .collect(),
        )
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::block_on;
    use std::future::{pending, ready};

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
        assert!(breaker.admits(0), "an answer came in between");
        breaker.failed(0);
        assert!(breaker.is_open() && !breaker.admits(PAUSE - 1));
        let later = PAUSE * 2;
        assert!(breaker.admits(later), "the probe");
        assert!(!breaker.admits(later), "only one");
        breaker.answered();
        assert!(!breaker.is_open() && breaker.admits(later));
    }

    #[test]
    fn an_operation_that_does_not_answer_is_given_up() {
        let late = block_on(within(10, pending::<Result<(), Error>>()));
        assert_eq!(late.expect_err("it never ends").kind(), ErrorKind::Timeout);
        assert!(block_on(within(10, ready(Ok(())))).is_ok());
    }

    #[test]
    fn both_ends_with_the_last() {
        assert_eq!(block_on(both(ready(1), ready("a"))), (1, "a"));
    }
}
