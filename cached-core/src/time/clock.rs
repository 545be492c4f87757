//! What time it is: the system's coarse monotonic clock, or one that tests move by hand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use super::Millis;
use super::timer::{Alarm, Alarms, Sleep, ThreadedAlarms};

/// The clock of a cache.
///
/// The system clock is the OS's coarse monotonic clock where there is one (Linux: up to 4 ms
/// behind, a few nanoseconds to read), the precise one elsewhere. No thread ticks for it.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's monotonic clock.
    #[default]
    System,
    /// A clock that only moves when told; for tests.
    Manual(ManualClock),
}

impl Clock {
    /// Milliseconds since an origin that means nothing.
    #[inline]
    pub(crate) fn now(&self) -> Millis {
        match self {
            Self::System => system_now(),
            Self::Manual(clock) => clock.0.now.load(Ordering::Acquire),
        }
    }

    /// Arranges for `waker` to be woken at `deadline`, until the returned alarm is dropped.
    pub(crate) fn alarm(&self, deadline: Millis, waker: Waker) -> Alarm {
        match self {
            Self::System => system_alarms().set(deadline, waker),
            Self::Manual(clock) => Alarm::set(&clock.0.alarms, deadline, waker),
        }
    }

    /// A future that is ready at `deadline`, on any runtime or none.
    pub(crate) fn sleep_until(&self, deadline: Millis) -> Sleep {
        Sleep::new(self.clone(), deadline)
    }
}

#[inline]
fn system_now() -> Millis {
    // Not `now`, which also writes a word that all threads share.
    let ticks = coarsetime::Instant::now_without_cache_update().as_ticks();
    // coarsetime counts 2^-32 seconds.
    ((u128::from(ticks) * 1000) >> 32) as Millis
}

fn system_alarms() -> &'static Arc<ThreadedAlarms> {
    static ALARMS: OnceLock<Arc<ThreadedAlarms>> = OnceLock::new();
    ALARMS.get_or_init(|| ThreadedAlarms::new(system_now))
}

/// A clock that stands still until a test advances it. Clones share one time.
///
/// ```
/// use cached_core::{Cache, time::ManualClock};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let clock = ManualClock::new();
/// let cache = Cache::memory().clock(clock.clone()).build()?;
/// cache.blocking().set("k", &1u32, 60)?;
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(cache.blocking().get::<u32>("k")?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Manual>);

#[derive(Debug)]
struct Manual {
    now: AtomicU64,
    alarms: Arc<Alarms>,
}

impl ManualClock {
    /// A clock at some arbitrary instant.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Manual {
            now: AtomicU64::new(1_000_000),
            alarms: Arc::default(),
        }))
    }

    /// Moves the time forward and fires everything that is due before it returns.
    pub fn advance(&self, by: Duration) {
        let by = Millis::try_from(by.as_millis()).unwrap_or(Millis::MAX / 2);
        let before = self
            .0
            .now
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
                Some(now.saturating_add(by))
            });
        let (Ok(before) | Err(before)) = before;
        self.0.alarms.fire(before.saturating_add(by));
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self::Manual(clock)
    }
}
