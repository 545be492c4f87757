//! Giving leases back.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Remote;
use super::claim::{Claim, Hold};
use crate::cell::Token;
use crate::key::Key;

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

impl Remote {
    /// Gives back what a claim holds, but for what a fill has used up.
    pub(crate) fn give_back(self: &Arc<Self>, key: &Key, claim: &Claim) {
        if let Hold::Lease(_) | Hold::Asked = claim.end() {
            self.release_later(self.names.key(key), claim.token);
        }
    }

    /// Gives a lease back, in the background: whoever held it is gone or has no more use for it.
    pub(super) fn release_later(self: &Arc<Self>, name: String, token: Token) {
        self.released.lock().insert(token);
        let remote = Arc::clone(self);
        self.runtime.spawn(async move {
            let operation = remote.backend.release(&name, token);
            // If it fails, the lease ends by itself.
            let _ = remote.ask(remote.limits.operation, operation).await;
            remote.released.lock().remove(&token);
        });
    }
}
