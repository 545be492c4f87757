//! When an entry was stored and how long it may be served: pure, the clock is passed in.

use super::Payload;
use crate::time::{Lifetime, Millis};

/// When an entry was stored and until when it was meant to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) created: Millis,
    pub(crate) expires: Millis,
}

impl Times {
    pub(crate) fn starting(now: Millis, lifetime: Lifetime) -> Self {
        Self {
            created: now,
            expires: lifetime.deadline(now),
        }
    }

    /// The times of what is stored now. The memory that nothing was found lives by its own TTL,
    /// whatever the reader states for values: it has no age.
    pub(crate) fn of(payload: &Payload, now: Millis, lifetime: Lifetime) -> Self {
        let times = Self::starting(now, lifetime);
        match payload {
            Payload::Value(_) => times,
            Payload::Absent => Self {
                created: Millis::MAX,
                ..times
            },
        }
    }

    /// Whether the entry may be served at `now` to a reader that states `lifetime`. The reader's
    /// word counts beside the writer's, so that shortening a TTL works at once.
    #[inline]
    pub(crate) fn is_fresh(self, now: Millis, lifetime: Lifetime) -> bool {
        now < self.expires && now.saturating_sub(self.created) < lifetime.0
    }

    /// Whether nobody may be served any more.
    pub(crate) fn is_expired(self, now: Millis) -> bool {
        now >= self.expires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_the_writer_and_the_reader_bound_the_age() {
        let times = Times::starting(100, Lifetime(50));
        assert!(times.is_fresh(149, Lifetime(1000)));
        assert!(!times.is_fresh(150, Lifetime(1000)));
        assert!(times.is_fresh(109, Lifetime(10)));
        assert!(!times.is_fresh(110, Lifetime(10)));
    }

    #[test]
    fn forever_outlives_any_instant_but_a_reader_may_still_limit_it() {
        let times = Times::starting(0, Lifetime::FOREVER);
        assert!(times.is_fresh(u64::MAX - 1, Lifetime::FOREVER));
        assert!(!times.is_fresh(10, Lifetime(10)));
    }
}
