//! Invalidations on their way to the backend: sent, owed where nobody acknowledged them, repeated
//! until somebody does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Remote;
use super::journal::Sending;
use crate::error::{Error, ErrorKind};
use crate::event::Delivery;
use crate::time::{Clock, Millis};

/// How many names one repeated invalidation carries.
const BATCH: usize = 512;

impl Remote {
    /// Fails if an invalidation of one of these names is still to be delivered.
    pub(super) fn owes_none_of(
        &self,
        names: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<(), Error> {
        if self.journal.blocks(names) {
            let message = "an invalidation of this is not delivered yet, so it is not read";
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        Ok(())
    }

    /// [`invalidate`](Self::invalidate), and how far that got.
    pub(crate) async fn deliver(self: &Arc<Self>, names: Vec<String>) -> Delivery {
        let all = names.clone();
        match self.invalidate(names).await {
            // Asked once more: the caller of a write may have left meanwhile.
            Ok(_) if !self.overtake(all.iter().map(String::as_str)) => Delivery::Acknowledged,
            _ => Delivery::Queued,
        }
    }

    /// Owes the removal of what is under the names, and sees to it in the background.
    pub(crate) fn owe(self: &Arc<Self>, names: Vec<String>) {
        self.overtake(names.iter().map(String::as_str));
        let sending = self.journal.owe(names, &self.namespace_name());
        self.journal.failed(&sending);
        self.tell_changed(sending.names());
        self.replay();
    }

    /// Removes what is under the names, or owes it: what is not acknowledged is repeated until it
    /// is, and not read until then. Dropping the future owes it.
    pub(crate) async fn invalidate(self: &Arc<Self>, names: Vec<String>) -> Result<u64, Error> {
        self.overtake(names.iter().map(String::as_str));
        let sending = self.journal.owe(names, &self.namespace_name());
        let mut delivery = Delivering {
            remote: self,
            sending: Some(sending),
        };
        let removed = self.send(delivery.sending.as_ref()).await;
        if removed.is_ok()
            && let Some(sending) = delivery.sending.take()
        {
            self.tell_changed(sending.names());
            self.journal.paid(&sending);
        }
        removed
    }

    /// Sees to it that no write from before, which may still land, outlives what is sent next. Whether
    /// there are such.
    pub(super) fn overtake<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        let tell = |token| self.overtaken.add(token);
        self.unlanded.overtake(names, tell)
    }

    async fn send(&self, sending: Option<&Sending>) -> Result<u64, Error> {
        let names = sending.map(Sending::names).unwrap_or_default();
        let operation = self.backend.invalidate(&names);
        self.ask(self.limits.invalidation, operation).await
    }

    /// Sees to it that what is owed is repeated in the background.
    fn replay(self: &Arc<Self>) {
        if !self.replaying.swap(true, Ordering::AcqRel) {
            let remote = Arc::clone(self);
            self.runtime.spawn(async move { remote.repeat().await });
        }
    }

    async fn repeat(self: Arc<Self>) {
        loop {
            let mut pause = 50;
            while let Some(sending) = self.journal.take(BATCH) {
                let names = sending.names();
                self.overtake(names.iter().copied());
                // Not through the breaker: this is the probe that never gives up.
                let invalidating = self.backend.invalidate(&names);
                let answer = self.within(self.limits.invalidation, invalidating).await;
                self.report_fault(&answer);
                self.breaker.note(&answer);
                if answer.is_ok() {
                    self.journal.paid(&sending);
                    pause = 50;
                } else {
                    self.journal.failed(&sending);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    pause = (pause * 2).min(1000);
                }
            }
            self.replaying.store(false, Ordering::Release);
            // Something may have been owed between the last look and the line above.
            if self.journal.is_idle() || self.replaying.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }

    /// Waits until nothing is owed any more, at most for so long; how many names still are.
    pub(crate) async fn flush(self: &Arc<Self>, deadline: Duration) -> usize {
        let limit = Millis::try_from(deadline.as_millis()).unwrap_or(Millis::MAX / 2);
        let until = Clock::System.now().saturating_add(limit);
        while self.undelivered() > 0 && Clock::System.now() < until {
            self.replay();
            let next = (Clock::System.now() + 10).min(until);
            Clock::System.sleep_until(next).await;
        }
        self.undelivered()
    }

    /// How many invalidations are owed, or may be undone by a write that has not landed.
    pub(crate) fn undelivered(&self) -> usize {
        self.journal.len() + self.unlanded.overtaken_now()
    }
}

/// An invalidation on its way: owed until it is acknowledged, however its future ends.
struct Delivering<'r> {
    remote: &'r Arc<Remote>,
    sending: Option<Sending>,
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take() {
            self.remote.tell_changed(sending.names());
            self.remote.journal.failed(&sending);
            self.remote.replay();
        }
    }
}
