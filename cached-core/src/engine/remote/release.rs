//! Leases that this process has no more use for: given back, or used up by a fill.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Remote;
use super::claim::{Claim, Hold};
use crate::cell::Token;
use crate::key::Key;
use crate::time::{Clock, Millis};

/// After how long a lease that was not there is looked for again, in milliseconds; twice as long
/// after each further look.
const FIRST_WAIT: Millis = 5;

/// Leases of this process that nobody needs any more and that the backend may still hold. Whoever
/// meets one takes it over instead of waiting for its end.
#[derive(Debug, Default)]
pub(super) struct Released(Mutex<HashSet<Token>>);

impl Released {
    pub(super) fn contains(&self, token: Token) -> bool {
        self.lock().contains(&token)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leases of this process whose computation has ended lately. Whoever was told of one, by an answer
/// that was under way meanwhile, asks again: the value is there by now, or on its way. Without this
/// it would take its own process for another one, and compute.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<VecDeque<Token>>);

impl Ended {
    /// An answer that comes after so many further computations costs one in vain.
    const MOST: usize = 1024;

    pub(super) fn note(&self, token: Token) {
        let mut ended = self.lock();
        if ended.len() == Self::MOST {
            ended.pop_front();
        }
        ended.push_back(token);
    }

    pub(super) fn contains(&self, token: Token) -> bool {
        self.lock().contains(&token)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote {
    /// Gives back what a claim holds, but for what a fill has used up.
    pub(crate) fn give_back(self: &Arc<Self>, key: &Key, claim: &Claim) {
        match claim.end() {
            Hold::Lease(_) => self.release_later(self.names.key(key), claim.token),
            Hold::Asked => self.release_asked(self.names.key(key), claim.token),
            _ => {}
        }
    }

    /// Gives a lease back, in the background: whoever held it is gone or has no more use for it.
    pub(super) fn release_later(self: &Arc<Self>, name: String, token: Token) {
        self.release_within(name, token, 0);
    }

    /// The same for one that was asked for without an answer. It may still be on its way, and is
    /// looked for until it must have come.
    pub(super) fn release_asked(self: &Arc<Self>, name: String, token: Token) {
        self.release_within(name, token, self.limits.operation);
    }

    fn release_within(self: &Arc<Self>, name: String, token: Token, within: Millis) {
        self.released.lock().insert(token);
        let remote = Arc::clone(self);
        self.runtime.spawn(async move {
            let (clock, mut wait) = (Clock::System, FIRST_WAIT);
            let end = clock.now().saturating_add(within);
            loop {
                let looks = clock.now() < end;
                let operation = remote.backend.release(&name, token);
                // If it fails, the lease ends by itself.
                let released = remote.ask(remote.limits.operation, operation).await;
                if !looks || !matches!(released, Ok(false)) {
                    break;
                }
                clock.sleep_until(clock.now().saturating_add(wait)).await;
                wait *= 2;
            }
            remote.released.lock().remove(&token);
        });
    }
}
