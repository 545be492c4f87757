//! What was said about a backend lately: a fault is worth one line per episode, not one per call.

use std::sync::{Mutex, PoisonError};

use super::Remote;
use super::guard::within;
use crate::error::{Error, ErrorKind};
use crate::event::report;
use crate::time::{Clock, Millis};

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

impl Remote {
    /// [`within`], whose fault says who did not answer.
    pub(super) async fn within<T>(
        &self,
        limit: Millis,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        within(limit, || self.who(), operation).await
    }

    /// The backend and where it is.
    fn who(&self) -> String {
        let name = self.backend.name();
        match self.backend.place() {
            Some(place) => format!("{name} at {place}"),
            None => name.to_owned(),
        }
    }

    pub(super) fn resting(&self) -> Error {
        let message = format!(
            "{} did not answer and is left alone for a moment; calls compute without it meanwhile",
            self.who()
        );
        Error::new(ErrorKind::Unavailable, message)
    }

    /// Says what is wrong, once per kind of fault and episode.
    pub(super) fn report_fault<T>(&self, answer: &Result<T, Error>) {
        let Err(error) = answer else {
            return;
        };
        let consequence = match error.kind() {
            // The caller is told, and it is nothing that another call would meet.
            ErrorKind::Unsupported | ErrorKind::Key => return,
            ErrorKind::TooLarge => "what is too large is computed at each call",
            ErrorKind::Full => "nothing is stored until it takes writes again",
            _ => "cached functions run without it until it answers again",
        };
        if self.said.is_news(error.kind(), Clock::System.now()) {
            let (name, said) = (self.backend.name(), error.to_string());
            // Most of them say themselves who they are of.
            let who = match said.starts_with(name) {
                true => String::new(),
                false => format!("{name}: "),
            };
            report(&format!("{who}{said}; {consequence}"));
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
