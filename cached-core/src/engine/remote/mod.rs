//! The shared tier: the same read-through, flights and invalidations, on a backend that other
//! processes use too.
//!
//! One call, top to bottom: [`call`] asks the backend ([`look`]); a miss leads or joins a flight of
//! this process, whose leader claims the cell ([`claim`]) and, when the body ends, fills it
//! ([`settle`]). Where a miss is likely ([`odds`]) the flight comes first, and its claim is the
//! question. Names are in [`name`], time limits and the breaker in [`guard`], what was not
//! delivered in [`journal`]. Whoever leaves a claim on its way leaves it to [`landing`].
//!
//! # Why joiners are never given an old value
//!
//! A joiner attaches to a flight before the flight's fill is *sent* (the flight leaves the table
//! first). The fill is accepted only if the lease still stands, so no invalidation of the key had
//! completed when the joiner began; the stamps are read again after the last joiner attached, so
//! none of a tag had. Any other end makes those start over who came after it
//! began; for the others what it came to is new enough ([`Arrival`](super::flight::Arrival)).

mod acquire;
mod batch;
mod bulk;
mod call;
mod claim;
mod cost;
mod delivery;
mod fills;
mod guard;
mod guess;
mod incarnation;
mod journal;
mod l1;
mod landing;
mod lock;
mod look;
mod name;
mod odds;
mod pace;
mod place;
mod release;
mod renewals;
mod said;
mod settings;
mod settle;
mod stamps;
mod tools;
mod turns;
mod unlanded;
mod verbs;
mod vouched;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod within;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use tokio::runtime::Handle;

pub(super) use bulk::{Bulk, Claim as BulkClaim, Computed, Lead, Leased, Left, Outset};
pub(crate) use call::{Basis, Caller, run};
pub(crate) use claim::{Claim, Start};
pub(crate) use l1::Keep;
use l1::L1;
pub(crate) use lock::{Held, LockName, Terms};
pub(crate) use look::Raw;
pub(crate) use name::{DEFAULT_PREFIX, StampId, is_prefix};
pub(crate) use place::Place;
#[cfg(feature = "redis")]
pub(crate) use runtime::handle as runtime;
pub(crate) use settings::Settings;
pub(crate) use verbs::{Found, Incoming};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) use within::elsewhere;

use self::cost::Costs;
use self::guard::Breaker;
use self::guess::Guesses;
use self::incarnation::Incarnation;
use self::journal::Journal;
use self::name::{Names, Stamped};
use self::odds::Odds;
use self::release::{Ended, Released};
use self::renewals::Renewals;
use self::said::Said;
use self::stamps::LastSeen;
use self::turns::Turns;
use self::unlanded::Unlanded;
use self::vouched::Vouched;
use crate::backend::port::{AnyBackend, Watched, Watcher};
use crate::backend::runtime;
use crate::cell::Cell;
use crate::codec::Codec;
use crate::error::{Error, ErrorKind};
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
    /// For a page of names.
    pub(crate) scan: Millis,
}

impl Limits {
    /// Every operation may take so long, and an invalidation no less.
    pub(crate) fn set_operation(&mut self, millis: Millis) {
        self.operation = millis.max(1);
        self.invalidation = self.invalidation.max(millis);
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operation: 100,
            invalidation: 250,
            lease: 10_000,
            lock_cap: 60_000,
            scan: 5_000,
        }
    }
}

/// The clock is asked for again after so long, in milliseconds.
const CLOCK_AGE: Millis = 60_000;

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
    /// Leases that are being given back.
    released: Released,
    unlanded: Unlanded,
    /// Values that were overtaken before they landed.
    overtaken: Released,
    /// Leases whose computations have ended.
    ended: Ended,
    costs: Costs,
    odds: Odds,
    guesses: Guesses,
    last_seen: LastSeen,
    renewals: Renewals,
    turns: Turns,
    /// The backend's clock less the local one, in milliseconds, and when it was sampled.
    offset: AtomicI64,
    sampled: AtomicU64,
    incarnation: Incarnation,
    /// The greatest fencing number that this process gave.
    numbered: AtomicU64,
    said: Said,
    vouched: Vouched,
    pub(super) l1: L1,
    /// The engine that keeps what was read.
    keeper: OnceLock<Weak<dyn Watcher>>,
}

impl Remote {
    fn new(
        backend: Arc<dyn AnyBackend>,
        codec: Codec,
        prefix: &str,
        limits: Limits,
        l1: Option<Keep>,
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
            released: Released::default(),
            unlanded: Unlanded::default(),
            overtaken: Released::default(),
            ended: Ended::default(),
            costs: Costs::default(),
            odds: Odds::default(),
            guesses: Guesses::default(),
            last_seen: LastSeen::default(),
            renewals: Renewals::default(),
            turns: Turns::default(),
            offset: AtomicI64::new(0),
            sampled: AtomicU64::new(0),
            incarnation: Incarnation::default(),
            numbered: AtomicU64::new(0),
            said: Said::default(),
            vouched: Vouched::default(),
            l1: L1::new(l1),
            keeper: OnceLock::new(),
        })
    }

    /// Runs an operation of the backend under its time limit, unless the breaker is open.
    async fn ask<T>(
        &self,
        limit: Millis,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(attempt) = self.breaker.attempt(Clock::System.now(), limit) else {
            return Err(self.resting());
        };
        let answer = self.within(limit, operation).await;
        self.report_fault(&answer);
        attempt.end(&answer);
        answer
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

    /// How long an operation on so many keys may take: as long again for every thousand. A limit
    /// for one key would turn every large batch into a fault.
    fn limit_for(&self, keys: usize) -> Millis {
        self.limits
            .operation
            .saturating_mul(1 + keys as Millis / 1000)
    }

    /// The same for writes, which a database takes in many statements, each for a few dozens.
    fn limit_for_writes(&self, keys: usize) -> Millis {
        self.limits
            .operation
            .saturating_mul(1 + keys as Millis / 128)
    }

    /// Asks the backend about these names, unless what is there may be older than this process
    /// knows.
    async fn question<T>(
        self: &Arc<Self>,
        names: &[&str],
        asking: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        // Before the look into the journal: see `incarnation`.
        let known = self.incarnation.known();
        self.owes_none_of(names)?;
        let answer = self.ask(self.limit_for(names.len()), asking).await?;
        self.same_since(known)?;
        Ok(answer)
    }

    /// The cells under the names.
    async fn read(self: &Arc<Self>, names: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        Ok(self.read_for(names, false).await?.cells)
    }

    /// The cells under the names, watched from then on if the backend can and it is wanted.
    async fn read_for(self: &Arc<Self>, names: &[&str], watched: bool) -> Result<Watched, Error> {
        let reading = async {
            match watched {
                true => self.backend.read_watched(names).await,
                false => {
                    let cells = self.backend.read(names).await?;
                    Ok(Watched { cells, told: false })
                }
            }
        };
        let read = self.question(names, reading).await?;
        if read.cells.len() == names.len() {
            return Ok(read);
        }
        let message = format!("{} cells came for {} keys", read.cells.len(), names.len());
        Err(Error::new(ErrorKind::Protocol, message))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn backend_name(&self) -> &str {
        self.backend.name()
    }

    pub(crate) fn key_name(&self, key: &Key) -> String {
        self.names.key(key).into_string()
    }

    pub(crate) fn stamp_of_tag(tag: &str) -> StampId {
        Stamped::Tag(tag).id()
    }

    pub(crate) fn stamp_of_function(site: &'static Site) -> StampId {
        site.stamp(|path| Stamped::Function(path).id())
    }

    pub(crate) fn tag_name(&self, tag: &str) -> String {
        self.names.stamp(Self::stamp_of_tag(tag))
    }

    pub(crate) fn namespace_name(&self) -> String {
        self.names.stamp(self.namespace)
    }

    pub(crate) fn function_name(&self, site: &'static Site) -> String {
        self.names.stamp(Self::stamp_of_function(site))
    }

    /// `key` under this cache's prefix, for what users keep there by other means.
    #[cfg(feature = "redis")]
    pub(crate) fn raw_key(&self, key: &str) -> String {
        self.names.raw(key)
    }

    /// Whether an invalidation would be delivered now: the backend answers, and nothing is owed.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let answer = match self.journal.len() {
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
        self.within(limit, self.backend.check()).await
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
