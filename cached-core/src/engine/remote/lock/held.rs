//! A lock that is held: for how long, who renews it, and who is told that it is over.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

use tokio::task::AbortHandle;

use super::{Terms, millis};
use crate::cell::Token;
use crate::engine::remote::Remote;
use crate::engine::remote::guard::first;
use crate::error::Error;
use crate::sync::wake;
use crate::time::Millis;

/// A lock that this process holds, or has lost. Dropped, it is released in the background.
pub(crate) struct Held {
    tenure: Arc<Tenure>,
    number: u64,
    renewing: Option<AbortHandle>,
    /// Whether the backend has answered that it is not there any more.
    gone: bool,
}

/// What a holder and its renewal share.
struct Tenure {
    remote: Arc<Remote>,
    name: String,
    token: Token,
    terms: Terms,
    /// It is held before this.
    until: AtomicU64,
    /// It is not held, whatever `until` says.
    over: AtomicBool,
    told: Mutex<Vec<Waker>>,
}

impl Held {
    pub(super) fn new(
        remote: &Arc<Remote>,
        name: &str,
        token: Token,
        number: u64,
        until: Millis,
        terms: &Terms,
    ) -> Self {
        let tenure = Arc::new(Tenure {
            remote: Arc::clone(remote),
            name: name.to_owned(),
            token,
            terms: terms.clone(),
            until: AtomicU64::new(until),
            over: AtomicBool::new(false),
            told: Mutex::default(),
        });
        let renews = !terms.renewed_for.is_zero();
        let renewing = renews.then(|| {
            let renewal = Arc::clone(&tenure).keep();
            remote.runtime.spawn(renewal).abort_handle()
        });
        Self {
            tenure,
            number,
            renewing,
            gone: false,
        }
    }

    pub(crate) fn fencing(&self) -> u64 {
        self.number
    }

    pub(crate) fn is_held(&self) -> bool {
        self.tenure.stands()
    }

    /// Renews it now; whether it is still held.
    pub(crate) async fn renew(&self) -> Result<bool, Error> {
        self.tenure.renew().await
    }

    /// Ends when it is not held any more.
    pub(crate) fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        let tenure = Arc::clone(&self.tenure);
        async move { tenure.ended().await }
    }

    /// Gives it back; whether it was still held.
    pub(crate) async fn release(mut self) -> Result<bool, Error> {
        self.stop();
        let Tenure {
            remote,
            name,
            token,
            ..
        } = &*self.tenure;
        let releasing = remote.backend.release(name, *token);
        let released = remote.ask(remote.limits.operation, releasing).await?;
        self.gone = true;
        Ok(released)
    }

    fn stop(&self) {
        if let Some(renewing) = &self.renewing {
            renewing.abort();
        }
        self.tenure.end();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop();
        if !self.gone {
            let Tenure {
                remote,
                name,
                token,
                ..
            } = &*self.tenure;
            remote.release_later(name.clone(), *token);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("name", &self.tenure.name)
            .field("fencing", &self.number)
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}

impl Tenure {
    fn stands(&self) -> bool {
        let now = self.terms.clock.now();
        now < self.until.load(Ordering::Acquire) && !self.over.load(Ordering::Acquire)
    }

    /// Ends it in this process, and tells those that wait for it.
    fn end(&self) {
        self.over.store(true, Ordering::Release);
        let told = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *told)
        };
        told.into_iter().for_each(wake);
    }

    /// Renews it; false, and it is over, if it has ended. What was lost never comes back.
    async fn renew(&self) -> Result<bool, Error> {
        if !self.stands() {
            self.end();
            return Ok(false);
        }
        let sent = self.terms.clock.now();
        let operation = (self.remote.backend).renew(&self.name, self.token, self.terms.lease);
        let limit = self.remote.limits.operation;
        let renewed = self.remote.ask(limit, operation).await?;
        // An answer that comes after the end is too late: others may have been told that it ended.
        if !renewed || !self.stands() {
            self.end();
            return Ok(false);
        }
        self.until.fetch_max(self.terms.end(sent), Ordering::AcqRel);
        Ok(true)
    }

    /// Renews it at a third of its lease, sooner after a fault, until it is lost or the cap is
    /// reached. Then it ends with its lease.
    async fn keep(self: Arc<Self>) {
        let clock = &self.terms.clock;
        let lease = millis(self.terms.lease);
        let cap = clock.now().saturating_add(millis(self.terms.renewed_for));
        let mut pause = lease / 3;
        loop {
            clock.sleep_until(clock.now().saturating_add(pause)).await;
            if clock.now() >= cap {
                return;
            }
            pause = match self.renew().await {
                Ok(true) => lease / 3,
                Ok(false) => return,
                Err(_) => (lease / 20).max(5),
            };
        }
    }

    async fn ended(&self) {
        while self.stands() {
            let until = self.until.load(Ordering::Acquire);
            first(self.rung(), self.terms.clock.sleep_until(until)).await;
        }
    }

    /// Ends when [`end`](Self::end) was called.
    async fn rung(&self) {
        poll_fn(|cx| {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if !told.iter().any(|waker| waker.will_wake(cx.waker())) {
                told.push(cx.waker().clone());
            }
            drop(told);
            // After the registration: an end before it is seen here, one after it wakes.
            match self.over.load(Ordering::Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}
