//! Leases that this process has no more use for: given back, or used up by a fill.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Remote;
use super::claim::{Claim, Hold};
use crate::cell::Token;
use crate::key::Key;

/// Cells of this process that count for nothing, and that the backend may still hold, or come to hold:
/// leases that nobody needs any more, values of writes that were overtaken. With the number of tasks
/// that see to each. Whoever meets one takes its place instead of waiting for its end.
#[derive(Debug, Default)]
pub(super) struct Released {
    tokens: Mutex<HashMap<Token, usize>>,
    /// The length of `tokens`, for a look without the lock.
    len: AtomicUsize,
}

impl Released {
    pub(super) fn contains(&self, token: Token) -> bool {
        self.len.load(Ordering::Acquire) != 0 && self.lock().contains_key(&token)
    }

    pub(super) fn add(&self, token: Token) {
        let mut tokens = self.lock();
        *tokens.entry(token).or_default() += 1;
        self.len.store(tokens.len(), Ordering::Release);
    }

    pub(super) fn remove(&self, token: Token) {
        let mut tokens = self.lock();
        if let Entry::Occupied(mut tasks) = tokens.entry(token) {
            *tasks.get_mut() -= 1;
            if *tasks.get() == 0 {
                tasks.remove();
            }
        }
        self.len.store(tokens.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Token, usize>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leases of this process whose computation has ended lately, or that were given back. Whoever is
/// told of one asks again, once what was to be stored in its place has been: without this it would
/// take its own process for another one, and compute.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<VecDeque<(Token, Arc<UnderWay>)>>);

/// Locked for as long as the fill is.
type UnderWay = tokio::sync::Mutex<()>;

/// A fill that is under way.
pub(super) type Filling = tokio::sync::OwnedMutexGuard<()>;

impl Ended {
    /// An answer that comes after so many further computations costs one in vain.
    const MOST: usize = 1024;

    /// Takes note of a lease, with which nothing is to be done until what comes back is dropped.
    pub(super) fn note(&self, token: Token) -> Option<Filling> {
        let under_way = Arc::<UnderWay>::default();
        let filling = Arc::clone(&under_way).try_lock_owned().ok();
        let mut ended = self.lock();
        if ended.len() == Self::MOST {
            ended.pop_front();
        }
        ended.push_back((token, under_way));
        filling
    }

    /// Whether the lease has ended; if so, when its fill has, however that ended.
    pub(super) async fn has(&self, token: Token) -> bool {
        let known = |(ended, under_way): &(Token, Arc<UnderWay>)| {
            (*ended == token).then(|| Arc::clone(under_way))
        };
        let Some(under_way) = self.lock().iter().find_map(known) else {
            return false;
        };
        drop(under_way.lock().await);
        true
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Token, Arc<UnderWay>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote {
    /// Gives back what a claim holds, but for what a fill has used up.
    pub(crate) fn give_back(self: &Arc<Self>, key: &Key, claim: &Claim) {
        if let Hold::Lease(_) | Hold::Asked = claim.end() {
            self.release_later(self.key_name(key), claim.token());
        }
    }

    /// Gives a lease back, in the background: whoever held it is gone or has no more use for it. One
    /// that is still on its way is seen to by its [`Landing`](super::landing::Landing).
    pub(super) fn release_later(self: &Arc<Self>, name: String, token: Token) {
        self.released.add(token);
        let remote = Arc::clone(self);
        self.runtime.spawn(async move {
            let operation = remote.backend.release(&name, token);
            // If it fails, the lease ends by itself.
            let _ = remote.ask(remote.limits.operation, operation).await;
            remote.has_released(token);
        });
    }

    /// Nobody sees to the lease any more. Whoever was told of it before asks again.
    pub(super) fn has_released(&self, token: Token) {
        drop(self.ended.note(token));
        self.released.remove(token);
    }
}
