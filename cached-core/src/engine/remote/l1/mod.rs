//! The first of two tiers: what was read from a shared backend, kept as values in this process.
//!
//! ```text
//! begin     a moment is taken before the read is sent; until the first one, changes are ignored
//! keep      stamps and value go in, unless one of their names has changed since that moment
//! changed   told by the backend, or done by this process: first the change is noted, then what is
//!           kept goes
//! missed    the backend may have told nothing for a while: all goes, and all reads that are under
//!           way count for nothing
//! ```
//!
//! Entries are in the same table as those of a cache in memory, and are found in the same way. They
//! carry the stamps that they depend on ([`Known`]): one that changes puts all entries with it out
//! of use in one step, and missed changes put out of use whatever was kept before.
//!
//! A value comes in by being read, not by being computed: only a read is watched. What the backend
//! does not watch is kept only where an age is stated, and no longer than that.

mod changes;
#[cfg(all(test, shuttle))]
mod model;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::sync::atomic::Ordering;

use changes::{Changes, Since};

use super::Remote;
use super::look::Raw;
use super::name::{Meaning, Names, StampId};
use super::place::Place;
use super::verbs::Found;
use crate::backend::port::Watcher;
use crate::engine::Engine;
use crate::engine::call::open;
use crate::engine::verbs::Write;
use crate::entry::{Payload, Sealed, Shape, Slot, Times};
use crate::key::Key;
use crate::registry::{Near, Site};
use crate::sync::AtomicBool;
use crate::tag::{Known, Stamps};
use crate::time::{Clock, Lifetime, Millis};

/// What a process knows of the changes in its backend, and how long it keeps what it read.
#[derive(Debug, Default)]
pub(in crate::engine) struct L1 {
    /// What holds for functions that say nothing of it; `None`: they keep nothing.
    usual: Option<Keep>,
    /// Whether anything was read that may be kept. Before that changes are nobody's matter.
    in_use: AtomicBool,
    changes: Changes,
    known: Known,
}

/// For how long something is kept at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep {
    lifetime: Lifetime,
    /// Whether it may be kept although nobody tells of its changes.
    unwatched: bool,
    /// How old the memory of having found nothing may be for the reader that keeps it.
    absent: Lifetime,
}

/// How long what is watched is kept if nothing is said, in milliseconds.
const BACKSTOP: Millis = 60_000;

impl Keep {
    /// What the backend watches, and nothing else.
    pub(crate) const WATCHED: Self = Self {
        lifetime: Lifetime(BACKSTOP),
        unwatched: false,
        absent: Lifetime::FOREVER,
    };

    /// For so long, watched or not.
    pub(crate) const fn at_most(lifetime: Lifetime) -> Self {
        Self {
            lifetime,
            unwatched: true,
            absent: Lifetime::FOREVER,
        }
    }

    /// Whether it would be old at once, or never.
    pub(crate) fn is_no_age(self) -> bool {
        self.lifetime.is_zero() || self.lifetime == Lifetime::FOREVER
    }

    /// Whether it does without a backend that watches.
    pub(crate) fn is_stated(self) -> bool {
        self.unwatched
    }
}

/// A read that may end in the first tier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    keep: Keep,
    since: Since,
    began: Millis,
}

impl L1 {
    pub(super) fn new(usual: Option<Keep>) -> Self {
        Self {
            usual,
            ..Self::default()
        }
    }

    /// Whether functions that say nothing of it keep what they read.
    pub(in crate::engine) fn is_usual(&self) -> bool {
        self.usual.is_some()
    }

    /// How values are kept of which that is said; `None`: not at all.
    #[inline]
    fn of(&self, said: Near) -> Option<Keep> {
        match said {
            Near::AsTheCache => self.usual,
            Near::Never => None,
            Near::Watched => Some(Keep::WATCHED),
            Near::AtMost(millis) => Some(Keep::at_most(Lifetime(millis))),
        }
    }

    /// To be called before the read is sent.
    pub(super) fn begin(&self, keep: Keep) -> Load {
        Load {
            keep,
            since: self.moment(),
            began: Clock::System.now(),
        }
    }

    /// The moment of a read that is not sent yet.
    fn moment(&self) -> Since {
        // First of all: a change that still finds it unset has ended, and is noted nowhere; the
        // read, which is sent after this, finds what came of it.
        if !self.is_in_use() {
            self.in_use.store(true, Ordering::SeqCst);
        }
        self.changes.now()
    }

    /// To be asked when a change has ended.
    fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::SeqCst)
    }

    /// Takes note of the stamps that an entry was read with, unless its name or one of theirs has
    /// changed since.
    fn learn(
        &self,
        name: &str,
        read: &[(StampId, u64)],
        names: &Names,
        since: Since,
    ) -> Option<Stamps> {
        self.known.learn(read, || {
            let mut stamps = read.iter().map(|(id, _)| names.stamp(*id));
            stamps.all(|stamp| self.changes.is_unchanged(&stamp, since))
                && self.changes.is_unchanged(name, since)
        })
    }

    /// Whether what was read may still be kept: asked under the lock of its place.
    fn may_keep(&self, name: &str, since: Since) -> bool {
        self.changes.is_unchanged(name, since)
    }

    /// The cell under the name has changed. What is kept of it is removed after this.
    fn note(&self, name: &str) {
        self.changes.note(name);
    }

    fn forget_stamp(&self, id: StampId, name: &str) {
        self.known.forget(id, || self.changes.note(name));
    }

    /// Whatever was read is of no use any more.
    pub(super) fn forget_all(&self) {
        self.known.forget_all(|| self.changes.note_all());
    }
}

impl Remote {
    /// The engine that keeps what was read here.
    pub(crate) fn attach(&self, engine: Weak<dyn Watcher>) {
        self.backend.watch(engine.clone());
        // An engine is attached once, to the backend that it was built with.
        let _ = self.keeper.set(engine);
    }

    /// Tells this process of a change of its own when it is dropped: when the change has ended,
    /// however it ended.
    pub(super) fn telling<'n, N>(&self, names: N) -> Telling<'_, N::IntoIter>
    where
        N: IntoIterator<Item = &'n str>,
    {
        Telling {
            remote: self,
            names: names.into_iter(),
        }
    }

    pub(super) fn tell_changed<'n>(&self, names: impl IntoIterator<Item = &'n str>) {
        drop(self.telling(names));
    }
}

/// See [`Remote::telling`].
pub(super) struct Telling<'r, N: Iterator<Item: AsRef<str>>> {
    remote: &'r Remote,
    names: N,
}

impl<N: Iterator<Item: AsRef<str>>> Drop for Telling<'_, N> {
    fn drop(&mut self) {
        // Now, not when the change began: the first read that may be kept may have come since.
        if !self.remote.l1.is_in_use() {
            return;
        }
        if let Some(engine) = self.remote.keeper.get().and_then(Weak::upgrade) {
            let names = self.names.by_ref();
            names.for_each(|name| engine.changed(name.as_ref()));
        }
    }
}

impl Engine {
    /// Whether values of this shape, as this function wants them, may be in this process in front
    /// of the backend that they are shared in.
    #[inline]
    pub(crate) fn keeps_near<S: Shape + ?Sized>(&self, site: &Site, shape: &S) -> bool {
        shape.travels() && self.said_of(site).is_some()
    }

    /// How what a function, or the handle, reads is kept.
    pub(crate) fn keep_of(&self, site: &Site) -> Option<Keep> {
        let absent = self.oldest_absence(site);
        let said = self.said_of(site)?;
        Some(Keep { absent, ..said })
    }

    #[inline]
    fn said_of(&self, site: &Site) -> Option<Keep> {
        let said = self.overrides.l1(site, site.policy.l1);
        self.remote().and_then(|remote| remote.l1.of(said))
    }

    /// The value that this process has of what is shared in a backend.
    pub(crate) fn near<S: Shape + ?Sized>(
        &self,
        key: &Key,
        site: &Site,
        shape: &S,
        lifetime: Lifetime,
    ) -> Option<S::Return> {
        if !self.keeps_near(site, shape) {
            return None;
        }
        open(shape, self.lookup(key, lifetime, shape)?)
    }

    /// [`keep`](Self::keep) for what was found under a key.
    pub(crate) fn keep_found<S: Shape + ?Sized>(
        &self,
        key: &Key,
        shape: &S,
        found: Found<S::Return>,
    ) -> S::Return {
        self.keep(key, shape, (&found.place, &found.raw), found.value)
    }

    /// Keeps a value that was read, where it may be kept, and gives it back.
    pub(crate) fn keep<S: Shape + ?Sized>(
        &self,
        key: &Key,
        shape: &S,
        (place, raw): (&Place, &Raw),
        returned: S::Return,
    ) -> S::Return {
        let reading = self.remote().zip(raw.load).filter(|_| self.stores);
        let vouched = reading.filter(|(remote, load)| remote.may_stay(load.keep, raw.told));
        let Some((remote, load)) = vouched else {
            return returned;
        };
        let (sealed, returned) = shape.seal(returned, self.weighed);
        let (payload, weight) = match sealed {
            Sealed::Value(value, weight) => (Payload::Value(value), weight),
            Sealed::Absent => (Payload::Absent, Some(0)),
            Sealed::Failed(_) => return returned,
        };
        let weight = if self.weighed { weight } else { Some(0) };
        if let Some(weight) = weight {
            self.keep_payload(key, remote, (place, raw, load), payload, weight as u64);
        }
        returned
    }

    /// What stands under a name of this cache: where it makes other keys of those that are rendered,
    /// no name tells them.
    fn meaning(&self, remote: &Remote, name: &str) -> Option<Meaning> {
        match remote.names.meaning(name)? {
            Meaning::Key(_) if self.identity.is_some() => Some(Names::odd(name)),
            meaning => Some(meaning),
        }
    }

    fn keep_payload(
        &self,
        key: &Key,
        remote: &Remote,
        (place, raw, load): (&Place, &Raw, Load),
        payload: Payload,
        weight: u64,
    ) -> Option<()> {
        let (age, left) = raw.times()?;
        let meaning = self.meaning(remote, &place.name)?;
        let read = raw.depends_on(&meaning)?;
        let (l1, name) = (&remote.l1, &place.name);
        let stamps = l1.learn(name, &read, &remote.names, load.since)?;
        let left = match payload {
            Payload::Value(_) => left,
            // Nobody asks for its age in this process.
            Payload::Absent => left.min(load.keep.absent.0.saturating_sub(age)),
        };
        // The times were told before the read, so what it took counts.
        let took = Clock::System.now().saturating_sub(load.began);
        let (age, left) = (age.saturating_add(took), left.saturating_sub(took));
        let now = self.clock.now();
        let times = Times {
            created: match payload {
                Payload::Value(_) => now.saturating_sub(age),
                Payload::Absent => Millis::MAX,
            },
            expires: now.saturating_add(left.min(load.keep.lifetime.0)),
        };
        let write = Write::new(Slot::new(key, payload, times, stamps), weight, now);
        let watched = self.subscribers.any();
        let evicted = self.store.cell(key, |cell| {
            // Under the lock under which a change removes what is kept.
            if l1.may_keep(name, load.since) {
                write.apply(cell);
            }
            cell.evicted(watched)
        });
        self.tell_evicted(evicted);
        Some(())
    }
}

impl Watcher for Engine {
    fn changed(&self, name: &str) {
        let Some(remote) = self.remote().filter(|remote| remote.l1.is_in_use()) else {
            return;
        };
        match self.meaning(remote, name) {
            Some(Meaning::Key(key)) => {
                remote.l1.note(name);
                // A value whose `Drop` panics must neither stop an invalidation half-way nor end
                // the task that brings the news.
                let removing = || self.store.cell(&key, |cell| cell.remove(|_| ()));
                let _ = catch_unwind(AssertUnwindSafe(removing));
            }
            Some(Meaning::Stamp(id) | Meaning::Odd(id)) => remote.l1.forget_stamp(id, name),
            None => {}
        }
    }

    fn missed(&self) {
        if let Some(remote) = self.remote() {
            remote.l1.forget_all();
        }
    }
}
