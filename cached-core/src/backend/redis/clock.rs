//! The server's clock: a sample of `TIME`, carried forward by this host's monotonic clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How old a sample may get: clocks of two hosts part by some parts per million, and this host's
/// monotonic clock stands still while it sleeps.
pub(super) const RESAMPLE: Duration = Duration::from_secs(60);

/// What one connection knows of its server's time.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Sample>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    millis: u64,
    taken: Instant,
}

impl ServerClock {
    /// Takes a sample that was asked for at `asked` and has just arrived.
    pub(super) fn set(&self, millis: u64, asked: Instant) {
        // The server looked at its clock somewhere between; the middle halves the error.
        let taken = asked + asked.elapsed() / 2;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sample { millis, taken });
    }

    /// Milliseconds since the Unix epoch; `None` if the server never told.
    pub(super) fn now(&self) -> Option<u64> {
        let sample = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Sample { millis, taken } = sample?;
        let carried = u64::try_from(taken.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(millis.saturating_add(carried))
    }
}
