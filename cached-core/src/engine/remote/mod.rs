//! The shared tier: the same read-through, flights and invalidations, on a backend that other
//! processes use too.
//!
//! One call, top to bottom: [`call`] asks the backend ([`look`]); a miss leads or joins a flight of
//! this process, whose leader claims the cell ([`claim`]) and, when the body ends, fills it
//! ([`settle`]). Names are in [`name`], time limits and the breaker in [`guard`], what was not
//! delivered in [`journal`].
//!
//! # Why joiners are never given an old value
//!
//! A joiner attaches to a flight before the flight's fill is *sent* (the flight leaves the table
//! first). The fill is accepted only if the lease still stands, so no invalidation of the key had
//! completed when the joiner began; the stamps are read again after the last joiner attached, so
//! none of a tag had. Any other end makes joiners start over.

mod acquire;
mod call;
mod claim;
mod guard;
mod journal;
mod look;
mod name;
mod runtime;
mod settings;
mod settle;
mod verbs;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

pub(crate) use call::{Basis, Caller, run};
pub(crate) use claim::Claim;
pub(crate) use guard::all;
pub(crate) use name::DEFAULT_PREFIX;
#[cfg(feature = "redis")]
pub(crate) use runtime::handle as runtime;
pub(crate) use settings::Settings;
pub(crate) use verbs::Incoming;

use self::guard::{Breaker, is_outage, within};
use self::journal::{Journal, Sending};
use self::name::{Names, StampId, Stamped};
use crate::backend::port::AnyBackend;
use crate::cell::{Cell, Token};
use crate::codec::Codec;
use crate::error::{Error, ErrorKind};
use crate::event::{Delivery, report};
use crate::key::Key;
use crate::registry::Site;
use crate::time::{Clock, Millis};

/// How long a backend may take, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For everything but invalidations.
    pub(crate) operation: Millis,
    /// For an invalidation: its caller waits for the acknowledgement, and is told if it is missing.
    pub(crate) invalidation: Millis,
    /// A lease that its holder no longer renews ends after so long.
    pub(crate) lease: Millis,
    /// A lease is renewed no longer than this.
    pub(crate) lock_cap: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operation: 100,
            invalidation: 250,
            lease: 10_000,
            lock_cap: 60_000,
        }
    }
}

/// The clock is asked for again after so long, in milliseconds.
const CLOCK_AGE: Millis = 60_000;
/// How many names one repeated invalidation carries.
const BATCH: usize = 512;
/// A stamp that nobody captured for so long may go; its entries are computed anew then.
const STAMP_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// A shared backend, and what the engine knows of it.
pub(crate) struct Remote {
    backend: Arc<dyn AnyBackend>,
    /// The same, for what only Redis can do.
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<crate::backend::redis::Redis>,
    pub(crate) codec: Codec,
    names: Names,
    namespace: StampId,
    limits: Limits,
    runtime: Handle,
    breaker: Breaker,
    journal: Journal,
    /// Whether a task repeats what the journal holds.
    replaying: AtomicBool,
    /// The backend's clock less the local one, in milliseconds, and when it was sampled.
    offset: AtomicI64,
    sampled: AtomicU64,
    reported: AtomicBool,
}

impl Remote {
    fn new(
        backend: Arc<dyn AnyBackend>,
        codec: Codec,
        prefix: &str,
        limits: Limits,
    ) -> Result<Self, Error> {
        Ok(Self {
            backend,
            #[cfg(feature = "redis")]
            redis: None,
            codec,
            names: Names::new(prefix)?,
            namespace: Stamped::Namespace.id(),
            limits,
            runtime: runtime::handle()?,
            breaker: Breaker::default(),
            journal: Journal::default(),
            replaying: AtomicBool::new(false),
            offset: AtomicI64::new(0),
            sampled: AtomicU64::new(0),
            reported: AtomicBool::new(false),
        })
    }

    /// Runs an operation of the backend under its time limit, unless the breaker is open.
    async fn ask<T>(
        &self,
        limit: Millis,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if !self.breaker.admits(Clock::System.now()) {
            return Err(self.resting());
        }
        let answer = within(limit, operation).await;
        self.note(&answer);
        answer
    }

    fn resting(&self) -> Error {
        let message = format!(
            "{} did not answer and is left alone for a moment; calls compute without it meanwhile",
            self.backend.name()
        );
        Error::new(ErrorKind::Unavailable, message)
    }

    fn note<T>(&self, answer: &Result<T, Error>) {
        match answer {
            Err(error) if is_outage(error) => {
                self.breaker.failed(Clock::System.now());
                self.report_once(error);
            }
            Err(error) => self.report_once(error),
            Ok(_) => {
                self.breaker.answered();
                self.reported.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Says what is wrong, once per outage.
    fn report_once(&self, error: &Error) {
        if !self.reported.swap(true, Ordering::Relaxed) {
            let name = self.backend.name();
            report(&format!(
                "{name}: {error}; cached functions run without it until it answers again"
            ));
        }
    }

    /// What the backend's clock says now. Asked once a minute, carried by the local clock between.
    async fn now(&self) -> Result<Millis, Error> {
        let local = Clock::System.now();
        let sampled = self.sampled.load(Ordering::Acquire);
        if sampled == 0 || local.saturating_sub(sampled) > CLOCK_AGE {
            let theirs = self.ask(self.limits.operation, self.backend.now()).await?;
            // Halfway between question and answer would be closer; a coarse tick is not.
            let ours = Clock::System.now();
            self.offset
                .store(theirs.cast_signed() - ours.cast_signed(), Ordering::Release);
            self.sampled.store(ours.max(1), Ordering::Release);
        }
        let offset = self.offset.load(Ordering::Acquire);
        Ok((Clock::System.now().cast_signed() + offset)
            .max(0)
            .cast_unsigned())
    }

    async fn read(&self, names: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        if self.journal.blocks(names.iter().copied()) {
            let message = "an invalidation of this is not delivered yet, so it is not read";
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        let cells = self
            .ask(self.limits.operation, self.backend.read(names))
            .await?;
        if cells.len() == names.len() {
            return Ok(cells);
        }
        let message = format!("{} cells came for {} keys", cells.len(), names.len());
        Err(Error::new(ErrorKind::Protocol, message))
    }

    pub(crate) fn backend_name(&self) -> &str {
        self.backend.name()
    }

    pub(crate) fn key_name(&self, key: &Key) -> String {
        self.names.key(key)
    }

    pub(crate) fn tag_name(&self, tag: &str) -> String {
        self.names.stamp(Stamped::Tag(tag).id())
    }

    pub(crate) fn namespace_name(&self) -> String {
        self.names.stamp(self.namespace)
    }

    pub(crate) fn function_name(&self, site: &'static Site) -> String {
        let id = site.stamp(|path| Stamped::Function(path).id());
        self.names.stamp(id)
    }

    /// [`invalidate`](Self::invalidate), and how far that got.
    pub(crate) async fn deliver(self: &Arc<Self>, names: Vec<String>) -> Delivery {
        match self.invalidate(names).await {
            Ok(_) => Delivery::Acknowledged,
            Err(_) => Delivery::Queued,
        }
    }

    /// Owes the removal of what is under the names, and sees to it in the background.
    pub(crate) fn owe(self: &Arc<Self>, names: Vec<String>) {
        let sending = self.journal.owe(names, &self.namespace_name());
        self.journal.failed(&sending);
        self.replay();
    }

    /// Removes what is under the names, or owes it: what is not acknowledged is repeated until it
    /// is, and not read until then. Dropping the future owes it.
    pub(crate) async fn invalidate(self: &Arc<Self>, names: Vec<String>) -> Result<u64, Error> {
        let sending = self.journal.owe(names, &self.namespace_name());
        let mut delivery = Delivering {
            remote: self,
            sending: Some(sending),
        };
        let removed = self.send(delivery.sending.as_ref()).await;
        if removed.is_ok()
            && let Some(sending) = delivery.sending.take()
        {
            self.journal.paid(&sending);
        }
        removed
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
                // Not through the breaker: this is the probe that never gives up.
                let answer =
                    within(self.limits.invalidation, self.backend.invalidate(&names)).await;
                self.note(&answer);
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
        while self.journal.len() > 0 && Clock::System.now() < until {
            self.replay();
            let next = (Clock::System.now() + 10).min(until);
            Clock::System.sleep_until(next).await;
        }
        self.journal.len()
    }

    /// Gives a lease back, in the background: whoever holds it is gone or has no more use for it.
    fn release_later(self: &Arc<Self>, name: String, token: Token) {
        let remote = Arc::clone(self);
        self.runtime.spawn(async move {
            let operation = remote.backend.release(&name, token);
            // If it fails, the lease ends by itself.
            let _ = remote.ask(remote.limits.operation, operation).await;
        });
    }

    /// How many names are owed.
    pub(crate) fn undelivered(&self) -> usize {
        self.journal.len()
    }

    /// `key` under this cache's prefix, for what users keep there by other means.
    pub(crate) fn raw_key(&self, key: &str) -> String {
        self.names.raw(key)
    }

    /// Whether an invalidation would be delivered now: the backend answers, and nothing is owed.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let answer = match self.undelivered() {
            0 => {
                self.ask(self.limits.invalidation, self.backend.check())
                    .await
            }
            owed => Err(Error::new(
                ErrorKind::Unavailable,
                format!("{owed} earlier invalidations are not delivered yet"),
            )),
        };
        answer.map_err(|error| {
            let message = format!(
                "{}: what this would change could not be invalidated, so nothing was changed",
                self.backend.name()
            );
            Error::new(error.kind(), message).caused_by(error)
        })
    }

    /// Asks whether the backend is there.
    pub(crate) async fn check(&self, limit: Millis) -> Result<(), Error> {
        within(limit, self.backend.check()).await
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
            self.remote.journal.failed(&sending);
            self.remote.replay();
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("backend", &self.backend.name())
            .field("names", &self.names)
            .field("undelivered", &self.undelivered())
            .field("resting", &self.breaker.is_open())
            .finish_non_exhaustive()
    }
}
