//! The explicit operations: what the low-level handle does to one key, and what invalidation is.
//!
//! Whatever replaces or removes a value other than by a fill goes through [`Engine::bump`] (or
//! [`Engine::clear`], for all of them): it destroys the lease together with the value, so no
//! computation under way can overtake it.

#[cfg(feature = "remote")]
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Engine;
use super::flight::{Flight, Verdict};
use crate::backend::memory::Cell;
use crate::entry::{Payload, Shape, Slot, Taken, Times};
use crate::event::{Event, EventKind};
use crate::key::Key;
use crate::tag::{Stamps, TagId};
use crate::time::{Lifetime, Millis};

/// An entry ready to be put, with its whole weight.
#[derive(Debug)]
pub(crate) struct Write {
    slot: Slot,
    weight: u64,
    now: Millis,
}

impl Write {
    /// A value of this weight.
    pub(super) fn new(slot: Slot, weight: u64, now: Millis) -> Self {
        let weight = weight.saturating_add(slot.overhead());
        Self { slot, weight, now }
    }

    /// Whether it leaves what is there as it is: a live value of its type.
    pub(super) fn yields_to(&self, slot: &Slot) -> bool {
        slot.is_live(self.now) && !slot.payload.is_of_another_type(&self.slot.payload)
    }

    /// Whether the entry was put; an entry heavier than the bound is not.
    pub(super) fn apply(self, cell: &mut Cell<'_, Flight>) -> bool {
        cell.put(self.slot, self.weight, self.now)
    }
}

impl Engine {
    /// Reads a fresh entry under its lock.
    #[inline(always)]
    pub(super) fn lookup<S: Shape + ?Sized>(
        &self,
        key: &Key,
        lifetime: Lifetime,
        shape: &S,
    ) -> Option<Taken<S::Return>> {
        let now = self.clock.now();
        let take = |slot: &Slot| take_fresh(slot, shape, now, lifetime);
        self.store.read(key, take).flatten()
    }

    /// Reads a fresh entry, unless it is one that must not be read now.
    pub(super) fn lookup_unless<S: Shape + ?Sized>(
        &self,
        key: &Key,
        lifetime: Lifetime,
        shape: &S,
        forbidden: impl Fn(&Slot) -> bool,
    ) -> Option<Taken<S::Return>> {
        let now = self.clock.now();
        let take = |slot: &Slot| match forbidden(slot) {
            true => None,
            false => take_fresh(slot, shape, now, lifetime),
        };
        self.store.read(key, take).flatten()
    }

    pub(super) fn fresh<S: Shape + ?Sized>(
        &self,
        cell: &mut Cell<'_, Flight>,
        shape: &S,
        now: Millis,
        lifetime: Lifetime,
    ) -> Option<Taken<S::Return>> {
        take_fresh(cell.peek()?, shape, now, lifetime)
    }

    /// Whether a fresh value of any type is there.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        let now = self.clock.now();
        self.store.read(key, |slot| slot.holds_value(now)) == Some(true)
    }

    /// Whether a fresh entry is there: a value, or the memory of having found none.
    pub(crate) fn remembers(&self, key: &Key) -> bool {
        let now = self.clock.now();
        self.store.read(key, |slot| slot.is_live(now)) == Some(true)
    }

    /// Decides and changes one cell and destroys its lease, all in one step. `act` says what comes
    /// in place of the entry, and what to answer.
    pub(super) fn bump<R>(
        &self,
        key: &Key,
        act: impl FnOnce(Option<&mut Slot>) -> (Change, R),
    ) -> (bool, R) {
        let now = self.clock.now();
        let watched = self.subscribers.any();
        let (done, lease, evicted, answer) = self.store.cell(key, |cell| {
            let live = cell.peek_mut().filter(|slot| slot.holds_value(now));
            let (change, answer) = act(live);
            let puts = matches!(change, Change::Put(_));
            let (done, lease) = match change {
                Change::Keep => (false, None),
                Change::Remove => (
                    cell.remove(|slot| slot.holds_value(now)) == Some(true),
                    cell.revoke(),
                ),
                Change::Put(write) => (write.apply(cell), cell.revoke()),
            };
            let lease = lease.map(|flight| (flight, puts && done));
            (done, lease, cell.evicted(watched), answer)
        });
        match lease {
            // There is a newer value for everybody.
            Some((flight, true)) => flight.publish(Verdict::StartOver),
            Some((flight, false)) => flight.overtake(),
            None => {}
        }
        self.tell_evicted(evicted);
        (done, answer)
    }

    /// Destroys the value and the lease, and what is pinned under the key. Whether a live value was
    /// there.
    pub(crate) fn invalidate(&self, key: &Key, function: Option<&'static str>) -> bool {
        #[cfg(feature = "remote")]
        self.invalidate_pinned(key);
        let (was_there, ()) = self.bump(key, |_| (Change::Remove, ()));
        self.tell_invalidated(function, key.text());
        was_there
    }

    /// [`invalidate`](Self::invalidate) for what functions keep under the key beside a shared
    /// backend. A value whose `Drop` panics saves nothing else from being invalidated.
    #[cfg(feature = "remote")]
    fn invalidate_pinned(&self, key: &Key) {
        if self.remote.is_some() {
            let pinned = key.pinned(true);
            let removing = || self.bump(&pinned, |_| (Change::Remove, ()));
            let _ = catch_unwind(AssertUnwindSafe(removing));
        }
    }

    /// Takes the lease of a computation under way, because the shared backend is given another value,
    /// of which those know nothing that keep theirs in this process.
    #[cfg(feature = "remote")]
    pub(crate) fn detach(&self, key: &Key) {
        self.invalidate_pinned(key);
        let lease = self.store.cell(key, |cell| cell.revoke());
        if let Some(flight) = lease {
            flight.overtake();
        }
    }

    /// Outdates every entry and every computation under way that carries the tag.
    pub(crate) fn invalidate_tag(&self, tag: &str, function: Option<&'static str>) {
        self.tags.invalidate(&TagId::Named(tag.into()));
        self.tell_invalidated(function, tag);
    }

    /// [`invalidate_tag`](Self::invalidate_tag) by the tag of a function's entries of one tenant.
    pub(crate) fn invalidate_all_of(&self, tag: &str, name: &str, function: Option<&'static str>) {
        self.tags.invalidate(&TagId::Named(tag.into()));
        self.tell_invalidated(function, name);
    }

    /// Outdates every entry, and every computation under way, of the reader with that number.
    pub(crate) fn invalidate_all(&self, site: u32, name: &str, function: Option<&'static str>) {
        self.tags.invalidate(&TagId::Function(site));
        self.tell_invalidated(function, name);
    }

    /// Replaces whatever is there. False if the cache keeps nothing or the value is too heavy.
    pub(crate) fn set(&self, key: &Key, new: New) -> bool {
        let write = self.prepare(key, new);
        let (done, ()) = self.bump(key, |_| (Change::to(write), ()));
        self.tell(EventKind::Written, None, key);
        done
    }

    /// Puts the value only where no live one is; `None` where one is, else as [`set`](Self::set).
    pub(crate) fn add(&self, key: &Key, new: New) -> Option<bool> {
        // Not moved into the step below: a value that is not put is dropped after the lock.
        let mut write = self.prepare(key, new);
        let (done, free) = self.bump(key, |live| match live {
            Some(_) => (Change::Keep, false),
            None => (Change::to(write.take()), true),
        });
        if done && free {
            self.tell(EventKind::Written, None, key);
        }
        free.then_some(done)
    }

    /// Computes a new value from the live one in one step; whether it was put, and the answer.
    /// `update` must run no user code.
    pub(crate) fn update<R>(
        &self,
        key: &Key,
        update: impl FnOnce(Option<&Payload>) -> Result<(New, R), R>,
    ) -> (bool, R) {
        let (done, answer) = self.bump(key, |live| {
            let kept = live.as_ref().map(|slot| (slot.times, slot.stamps.clone()));
            match update(live.as_deref().map(|slot| &slot.payload)) {
                Err(answer) => (Change::Keep, answer),
                Ok((mut new, answer)) => {
                    new.keeps = kept;
                    (Change::to(self.prepare(key, new)), answer)
                }
            }
        });
        if done {
            self.tell(EventKind::Written, None, key);
        }
        (done, answer)
    }

    /// The entry to put; `None` if nothing is to be kept.
    pub(super) fn prepare(&self, key: &Key, new: New) -> Option<Write> {
        if !self.stores || new.lifetime.is_zero() {
            return None;
        }
        let now = self.clock.now();
        let (times, stamps) = new
            .keeps
            .unwrap_or_else(|| (Times::of(&new.payload, now, new.lifetime), new.stamps));
        let slot = Slot::new(key, new.payload, times, stamps);
        Some(Write::new(slot, new.weight, now))
    }

    /// Gives a live entry a new lifetime from now. Whether there was one.
    pub(crate) fn touch(&self, key: &Key, lifetime: Lifetime) -> bool {
        let now = self.clock.now();
        let renewed = |slot: &mut Slot| {
            let live = slot.holds_value(now);
            if live {
                slot.times = Times::starting(now, lifetime);
            }
            live
        };
        self.store
            .cell(key, |cell| cell.slot().is_some_and(renewed))
    }

    /// Makes a live entry stale. Whether there was one.
    pub(crate) fn expire(&self, key: &Key) -> bool {
        let now = self.clock.now();
        let expired = |slot: &mut Slot| {
            let live = slot.holds_value(now);
            slot.times.expires = slot.times.expires.min(now);
            live
        };
        let was_live = self
            .store
            .cell(key, |cell| cell.peek_mut().is_some_and(expired));
        self.tell(EventKind::Expired, None, key);
        was_live
    }

    /// Drops every entry and detaches every computation under way.
    pub(crate) fn clear(&self) {
        let cleared = self.store.clear();
        for flight in cleared.leases {
            flight.overtake();
        }
        let event = || Event::new(EventKind::Cleared, None, "");
        self.subscribers.tell(event);
        self.hooks.tell(event);
        drop(cleared.dead);
    }

    /// The stamps an explicit write of a function's entry carries.
    pub(crate) fn stamps(&self, function: Option<u32>, tags: &[Box<str>]) -> Stamps {
        self.tags.capture(function, tags)
    }

    pub(crate) fn default_ttl(&self) -> Lifetime {
        self.default_ttl
    }

    /// Whether values have to be measured before they are written.
    pub(crate) fn is_weighed(&self) -> bool {
        self.weighed
    }
}

/// A value on its way in by an explicit write.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) payload: Payload,
    pub(crate) weight: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) stamps: Stamps,
    /// The times and stamps of the entry it continues.
    pub(crate) keeps: Option<(Times, Stamps)>,
}

pub(super) enum Change {
    Keep,
    Remove,
    Put(Write),
}

impl Change {
    fn to(write: Option<Write>) -> Self {
        write.map_or(Self::Remove, Self::Put)
    }
}

#[inline(always)]
fn take_fresh<S: Shape + ?Sized>(
    slot: &Slot,
    shape: &S,
    now: Millis,
    lifetime: Lifetime,
) -> Option<Taken<S::Return>> {
    if slot.times.is_fresh(now, lifetime) && slot.stamps.are_current() {
        shape.take(&slot.payload)
    } else {
        None
    }
}
