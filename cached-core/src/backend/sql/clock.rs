//! The database's clock: a sample, carried forward by this host's monotonic clock.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How old a sample may get: clocks of two hosts part by some parts per million, and this host's
/// monotonic clock stands still while it sleeps.
const RESAMPLE: Duration = Duration::from_secs(60);

/// What is known of the database's time.
#[derive(Debug, Default)]
pub(super) struct DatabaseClock(Mutex<Option<Sample>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    millis: u64,
    taken: Instant,
}

impl DatabaseClock {
    /// Takes a sample: the database said this at about that moment.
    pub(super) fn set(&self, millis: u64, taken: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sample { millis, taken });
    }

    /// Asks anew the next time.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Milliseconds since the Unix epoch; `None` if there is no sample that is new enough.
    pub(super) fn now(&self) -> Option<u64> {
        let sample = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Sample { millis, taken } = sample?;
        let carried = taken.elapsed();
        let carried = (carried < RESAMPLE).then_some(carried)?;
        Some(millis.saturating_add(u64::try_from(carried.as_millis()).unwrap_or(u64::MAX)))
    }
}
