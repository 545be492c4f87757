//! Which stamps this process has renewed lately.
//!
//! The stamp of a tag lives for weeks, and a renewal is a change of it to every process that keeps entries with
//! it in memory: none of them is served until the stamp has been read anew. So a process renews one
//! now and then, not as often as it captures it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stamps::stamp_of;
use crate::cell::Token;
use crate::time::Millis;

/// A stamp is renewed no sooner than this after it was made or renewed here, in milliseconds.
const APART: Millis = 3600 * 1000;

/// So many are known at a time; beyond it all are forgotten, and some are renewed too soon.
const MOST: usize = 4096;

/// When each stamp was made or renewed.
#[derive(Debug, Default)]
pub(super) struct Renewals(Mutex<HashMap<u64, Millis>>);

impl Renewals {
    /// Takes note of a stamp that was made now.
    pub(super) fn note(&self, token: Token, now: Millis) {
        note(&mut self.lock(), stamp_of(&token), now);
    }

    /// Whether it is time to renew a stamp; whoever is told so does it.
    pub(super) fn is_due(&self, token: Token, now: Millis) -> bool {
        let (mut known, stamp) = (self.lock(), stamp_of(&token));
        let last = known.get(&stamp);
        let due = last.is_none_or(|last| now.saturating_sub(*last) >= APART);
        if due {
            note(&mut known, stamp, now);
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Millis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(known: &mut HashMap<u64, Millis>, stamp: u64, now: Millis) {
    if known.len() >= MOST {
        known.retain(|_, last| now.saturating_sub(*last) < APART);
        if known.len() >= MOST {
            known.clear();
        }
    }
    known.insert(stamp, now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_due_once_an_hour() {
        let (renewals, token) = (Renewals::default(), Token::random());
        for hour in 1..4 {
            assert!(renewals.is_due(token, hour * APART));
            assert!(!renewals.is_due(token, hour * APART));
            assert!(!renewals.is_due(token, (hour + 1) * APART - 1));
        }
    }

    #[test]
    fn a_stamp_that_was_made_here_is_due_an_hour_later() {
        let (renewals, token) = (Renewals::default(), Token::random());
        renewals.note(token, 5);
        assert!(!renewals.is_due(token, APART));
        assert!(renewals.is_due(Token::random(), APART), "another one");
        assert!(renewals.is_due(token, APART + 5));
    }

    #[test]
    fn no_more_than_so_many_are_known() {
        let renewals = Renewals::default();
        for _ in 0..3 * MOST {
            renewals.note(Token::random(), 0);
        }
        assert!((1..=MOST).contains(&renewals.lock().len()));
    }
}
