//! What was said about a backend lately: a fault is worth one line per episode, not one per call.

use std::sync::{Mutex, PoisonError};

use crate::error::ErrorKind;
use crate::time::Millis;

/// Faults of one kind that are no further apart than this, in milliseconds, are one episode.
const QUIET: Millis = 60_000;

/// When each kind of fault was last met.
#[derive(Debug, Default)]
pub(super) struct Said(Mutex<Vec<(ErrorKind, Millis)>>);

impl Said {
    /// Whether a fault that is met now begins an episode.
    pub(super) fn is_news(&self, kind: ErrorKind, now: Millis) -> bool {
        // A server that hangs is first late, then gone.
        let kind = match kind {
            ErrorKind::Timeout => ErrorKind::Unavailable,
            kind => kind,
        };
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match met.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, last)) => now.saturating_sub(std::mem::replace(last, now)) > QUIET,
            None => {
                met.push((kind, now));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_said_once_however_many_answers_come_between() {
        let said = Said::default();
        assert!(said.is_news(ErrorKind::Full, 0));
        for now in [1, QUIET, 2 * QUIET] {
            assert!(!said.is_news(ErrorKind::Full, now));
        }
        assert!(said.is_news(ErrorKind::Full, 3 * QUIET + 1), "a new one");
    }

    #[test]
    fn kinds_are_told_apart_but_for_late_and_gone() {
        let said = Said::default();
        assert!(said.is_news(ErrorKind::Timeout, 0));
        assert!(!said.is_news(ErrorKind::Unavailable, 0));
        assert!(said.is_news(ErrorKind::Denied, 0));
    }
}
