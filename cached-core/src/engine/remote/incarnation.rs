//! A backend that may have gone back in time.
//!
//! A server that restarts from a snapshot brings back values that were invalidated since, and
//! leases that were revoked. Adapters give each run of a server keys of its own where they can
//! tell runs apart. Where they cannot, [`Backend::incarnation`] grows with every connection, and
//! with it all that was there goes: the namespace's stamp is owed an invalidation, and nothing is
//! read before that is delivered.
//!
//! An answer counts only if the incarnation is the one that was known before the question. The
//! debt is entered before the new incarnation is, so a question that knows the new one finds the
//! debt, and one that does not is thrown away.
//!
//! The first connection is taken as it is: this process promised nothing before.
//!
//! [`Backend::incarnation`]: crate::backend::port::Backend::incarnation

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Remote;
use crate::error::{Error, ErrorKind};

/// The first incarnation, and the only one of a backend that never goes back.
const FIRST: u64 = 1;

/// The incarnation that was met last.
#[derive(Debug)]
pub(super) struct Incarnation(AtomicU64);

impl Default for Incarnation {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl Incarnation {
    pub(super) fn known(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl Remote {
    /// Fails where the backend is not the one that was known before the question.
    pub(super) fn same_since(self: &Arc<Self>, known: u64) -> Result<(), Error> {
        let current = self.backend.incarnation().unwrap_or(FIRST).max(FIRST);
        if current == known {
            return Ok(());
        }
        if current != self.incarnation.known() {
            self.owe(vec![self.namespace_name()]);
            self.incarnation.0.store(current, Ordering::Release);
            // Another server may have another clock.
            self.sampled.store(0, Ordering::Release);
            self.l1.forget_all();
        }
        let message = "the connection is a new one, and the server does not tell whether it was \
             restarted from a snapshot, so everything is computed anew; a user with `+info` keeps \
             its entries over reconnects";
        Err(Error::new(ErrorKind::Unavailable, message))
    }
}
