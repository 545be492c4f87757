//! Questions that put leases, carried to their end whoever waits for the answer.
//!
//! What was sent may be carried out although nobody waits for it any more, and after what was sent
//! later: a busy database has the claim on its way over one connection while the release comes over
//! another. Such a lease would stand for its whole time, with nobody to fill it. So a question that
//! is left goes on in the background: whatever it has put there when the answer comes is given back
//! once more. Where no answer comes, or one that leaves open what happened, it is looked for a few
//! times.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::Remote;
use super::carried::{Aftermath, Carried, LAST, Question};
use super::guard::is_outage;
use crate::cell::Token;
use crate::error::Error;

/// The pauses between looks for what may have been put there without an answer.
const LOOKS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
];

/// The names of leases, and their tokens.
pub(super) type Leases = Vec<(String, Token)>;

/// A question that puts leases.
pub(super) type Landing<T> = Carried<T, Claims>;

impl<T: Send + 'static> Landing<T> {
    /// Nothing is asked before the first poll.
    pub(super) fn new(
        remote: &Arc<Remote>,
        leases: Leases,
        question: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Self {
        let claims = Claims {
            remote: Arc::clone(remote),
            leases,
        };
        Self::of(claims, question)
    }
}

/// Leases that are asked for.
pub(super) struct Claims {
    remote: Arc<Remote>,
    leases: Leases,
}

impl Aftermath for Claims {
    fn answered<T>(self, answer: &Result<T, Error>) {
        if leaves_open(answer) {
            let strays = Strays::new(&self.remote, self.leases);
            self.remote.runtime.spawn(strays.look_for());
        }
    }

    fn left<T: Send + 'static>(self, question: Question<T>) {
        let strays = Strays::new(&self.remote, self.leases);
        self.remote.runtime.spawn(strays.see_off(question));
    }
}

/// Whether nobody can say if it was carried out, or is yet to be.
fn leaves_open<T>(answer: &Result<T, Error>) -> bool {
    answer.as_ref().is_err_and(is_outage)
}

/// Leases that may be put there with nobody to fill them. As long as this is there, whoever of this
/// process meets one takes it over.
struct Strays {
    remote: Weak<Remote>,
    leases: Leases,
}

impl Strays {
    fn new(remote: &Arc<Remote>, leases: Leases) -> Self {
        leases
            .iter()
            .for_each(|(_, token)| remote.released.add(*token));
        Self {
            remote: Arc::downgrade(remote),
            leases,
        }
    }

    /// Waits for the answer, and gives back what was asked for.
    async fn see_off<T>(self, question: Question<T>) {
        match timeout(LAST, question).await {
            Ok(answer) if !leaves_open(&answer) => _ = self.release().await,
            _ => self.look_for().await,
        }
    }

    /// Gives back what is put there late. What comes later still ends by itself.
    async fn look_for(self) {
        for pause in LOOKS {
            sleep(pause).await;
            if self.release().await {
                return;
            }
        }
    }

    /// Whether all of them were there, or whoever asked for them is gone.
    async fn release(&self) -> bool {
        let Some(remote) = self.remote.upgrade() else {
            return true;
        };
        let releasing = self.leases.iter().map(|(name, token)| {
            let operation = remote.backend.release(name, *token);
            remote.ask(remote.limits.operation, operation)
        });
        let released = join_all(releasing).await;
        released.iter().all(|released| matches!(released, Ok(true)))
    }
}

impl Drop for Strays {
    fn drop(&mut self) {
        if let Some(remote) = self.remote.upgrade() {
            let tokens = self.leases.iter().map(|(_, token)| *token);
            tokens.for_each(|token| remote.has_released(token));
        }
    }
}
