//! The newest failover that this process has heard of.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After so long without anybody who knows of it, what most say counts again: they were set up anew,
/// or whoever led the failover was lost before anybody else heard of it.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Its number, and when somebody last named one as high.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Option<(u64, Instant)>>);

/// How many of the sentinels have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) count: usize,
    pub(super) of: usize,
}

impl Answered {
    /// Whether two such groups have somebody in common.
    pub(super) fn are_most(self) -> bool {
        self.count > self.of / 2
    }
}

impl Known {
    /// Takes note of what a sentinel says.
    pub(super) fn note(&self, epoch: u64, now: Instant) {
        let mut known = self.lock();
        if known.is_none_or(|(newest, _)| epoch >= newest) {
            *known = Some((epoch, now));
        }
    }

    /// Whether something newer than this was heard.
    pub(super) fn is_newer_than(&self, epoch: u64) -> bool {
        self.lock().is_some_and(|(newest, _)| epoch < newest)
    }

    /// Whether the best that so many say is to be followed. If it is and is older than what was heard,
    /// that is forgotten.
    pub(super) fn admits(&self, epoch: u64, answered: Answered, now: Instant) -> bool {
        let mut known = self.lock();
        let Some((newest, heard)) = *known else {
            return true;
        };
        let long_ago = now.saturating_duration_since(heard) >= FORGOTTEN;
        let all = answered.count == answered.of;
        if epoch < newest && (all || (long_ago && answered.are_most())) {
            *known = Some((epoch, now));
            return true;
        }
        epoch >= newest
    }

    fn lock(&self) -> MutexGuard<'_, Option<(u64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_word_counts_if_it_is_everybodys_or_that_of_most_for_long() {
        let begun = Instant::now();
        let (soon, late) = (begun + FORGOTTEN / 2, begun + FORGOTTEN);
        let answered = |count| Answered { count, of: 3 };
        for (count, now, admitted) in [
            (1, late, false),
            (2, soon, false),
            (2, late, true),
            (3, soon, true),
        ] {
            let known = Known::default();
            assert!(known.admits(1, answered(1), begun), "nothing else is known");
            known.note(2, begun);
            known.note(1, now);
            assert!(known.is_newer_than(1) && !known.is_newer_than(2));
            assert_eq!(known.admits(1, answered(count), now), admitted, "{count}");
            assert!(known.admits(2, answered(1), now));
            assert_eq!(known.is_newer_than(1), !admitted);
        }
    }
}
