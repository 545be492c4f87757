//! The server's time, and times to live as it counts them.
//!
//! A server tells its time in whole seconds (`stats`), too coarse to judge the age of a value by.
//! In its log of connections, which `watch connevents` sends, it tells microseconds: a clock is
//! read by watching while one more connection is made. Where that is refused (`-W`, versions before
//! 1.6.13) the middle of the second has to do, and two processes may be a second apart.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How old a sample may get: clocks of two hosts part by some parts per million, and this host's
/// monotonic clock stands still while it sleeps.
const RESAMPLE: Duration = Duration::from_secs(60);

/// One look at a server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// Milliseconds since the Unix epoch.
    millis: u64,
    taken: Instant,
}

impl Sample {
    /// What the server said it was at this moment of ours.
    pub(super) fn new(millis: u64, taken: Instant) -> Self {
        Self { millis, taken }
    }

    /// A time in whole seconds, asked for at `asked`, which has just come.
    pub(super) fn of_seconds(seconds: u64, asked: Instant) -> Self {
        // The server looked at its clock somewhere between; the middle halves the error.
        let taken = asked + asked.elapsed() / 2;
        Self::new(seconds.saturating_mul(1000).saturating_add(500), taken)
    }

    /// The server's time now, by the local monotonic clock.
    pub(super) fn now(self) -> u64 {
        let carried = u64::try_from(self.taken.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.saturating_add(carried)
    }

    /// Whether it is too old to be carried forward.
    fn is_old(self) -> bool {
        self.taken.elapsed() >= 2 * RESAMPLE
    }
}

/// The last sample of one server, and when somebody last set out to take one.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<(Option<Sample>, Option<Instant>)>);

impl ServerClock {
    pub(super) fn set(&self, sample: Sample) {
        *self.look() = (Some(sample), Some(Instant::now()));
    }

    /// The last sample, unless it is too old to be carried forward.
    pub(super) fn sample(&self) -> Option<Sample> {
        let (sample, _) = *self.look();
        sample.filter(|sample| !sample.is_old())
    }

    /// Whether it is time for the next sample; then whoever asks takes it.
    pub(super) fn is_due(&self) -> bool {
        let mut state = self.look();
        let due = state.1.is_some_and(|begun| begun.elapsed() >= RESAMPLE);
        if due {
            state.1 = Some(Instant::now());
        }
        due
    }

    fn look(&self) -> MutexGuard<'_, (Option<Sample>, Option<Instant>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds of a line of the server's log, as in `ts=1795741351.752737 gid=2 type=..`.
pub(super) fn millis_of_log(line: &str) -> Option<u64> {
    let (seconds, rest) = line.strip_prefix("ts=")?.split_once('.')?;
    let micros = rest.split(' ').next().filter(|digits| digits.len() == 6)?;
    let (seconds, micros): (u64, u64) = (seconds.parse().ok()?, micros.parse().ok()?);
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}

/// The shortest time to live: an item with one second may be gone at the next tick, at once.
pub(super) const SHORTEST: Duration = Duration::from_secs(2);

/// Beyond this a server takes a time to live for a moment since the Unix epoch.
const LONGEST_RELATIVE: u64 = 30 * 24 * 60 * 60;

/// A time to live as a command states it, 0 for ever: whole seconds, rounded up, and long ones as
/// the second at which they end by the server's clock, which it states as `seconds`. What ends
/// after its 31 bits, in 2038, is forever: what is in the cell ends it.
pub(super) fn expires(ttl: Option<Duration>, seconds: u64) -> u32 {
    let Some(ttl) = ttl else {
        return 0;
    };
    let whole = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0 && ttl.as_secs() < u64::MAX);
    let whole = whole.max(SHORTEST.as_secs());
    if whole <= LONGEST_RELATIVE {
        return u32::try_from(whole).unwrap_or(0);
    }
    match i32::try_from(whole.saturating_add(seconds)) {
        Ok(end) => end.unsigned_abs(),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_are_whole_seconds_and_never_a_moment_of_the_past() {
        let now = 1_800_000_000;
        let of = |ttl| expires(Some(ttl), now);
        assert_eq!(expires(None, now), 0);
        assert_eq!(of(Duration::ZERO), 2);
        assert_eq!(of(Duration::from_millis(2001)), 3);
        let month = Duration::from_secs(30 * 24 * 60 * 60);
        assert_eq!(of(month), 2_592_000);
        assert_eq!(of(month + Duration::from_nanos(1)), 1_802_592_001);
        assert_eq!(of(Duration::from_secs(347_483_647)), i32::MAX as u32);
        assert_eq!(of(Duration::from_secs(347_483_648)), 0);
        assert_eq!(of(Duration::MAX), 0);
    }

    #[test]
    fn a_log_tells_milliseconds() {
        let line = "ts=1795741351.752737 gid=2 type=conn_new rip=127.0.0.1 rport=48616";
        assert_eq!(millis_of_log(line), Some(1_795_741_351_752));
        for line in [
            "",
            "ts=",
            "ts=1",
            "ts=1.5 gid=2",
            "ts=x.000000",
            "ts=1.-00001",
        ] {
            assert_eq!(millis_of_log(line), None, "{line}");
        }
        let line = format!("ts={}.000000", u64::MAX);
        assert_eq!(millis_of_log(&line), None);
    }

    #[test]
    fn a_sample_is_carried_forward() {
        let asked = Instant::now();
        let sample = Sample::of_seconds(10, asked);
        assert!((10_500..11_000).contains(&sample.now()));
        let later = Sample::new(5, asked - Duration::from_secs(1));
        assert!(later.now() >= 1005);
        assert_eq!(Sample::new(u64::MAX, asked).now(), u64::MAX);
    }
}
