//! What tools and migrations ask of entries in memory: how long they live, which there are, and
//! the same under another key.
//!
//! They look at live values only, count no use, and take one shard's lock at a time: what comes or
//! goes meanwhile may be seen or not.

use super::Engine;
use super::verbs::{Change, New, Write};
use crate::entry::{Slot, SlotKey};
use crate::event::EventKind;
use crate::key::pattern::Pattern;
use crate::key::{Key, Tenant};
use crate::time::{Millis, Ttl};

/// Whose keys are meant.
#[derive(Debug, Clone)]
pub(crate) struct Whose {
    pub(crate) version: u32,
    pub(crate) tenant: Option<Tenant>,
}

impl Whose {
    pub(super) fn tenant(&self) -> Option<&str> {
        self.tenant.as_ref().map(Tenant::as_str)
    }
}

impl Engine {
    /// How long a live value still has; `None` if there is none.
    pub(crate) fn ttl(&self, key: &Key) -> Option<Ttl> {
        let now = self.clock.now();
        let expires = |slot: &Slot| slot.holds_value(now).then_some(slot.times.expires);
        let expires = self.store.cell(key, |cell| cell.peek().and_then(expires))?;
        Some(left(expires, now))
    }

    /// Moves a live value to another key, with what it depends on and the time it has left. `None`
    /// if there is none; whether it fits there.
    pub(crate) fn relocate(&self, from: &Key, to: &Key) -> Option<bool> {
        if from == to {
            return self.contains(from).then_some(true);
        }
        let now = self.clock.now();
        let (slot, weight) = self.store.cell(from, |cell| {
            let slot = cell.peek().filter(|slot| slot.holds_value(now))?;
            let weight = cell.weight().saturating_sub(slot.overhead());
            let moved = Slot::new(to, slot.payload.clone(), slot.times, slot.stamps.clone());
            Some((moved, weight))
        })?;
        let write = Write::new(slot, weight, now);
        let (put, ()) = self.bump(to, |_| (Change::Put(write), ()));
        self.tell(EventKind::Written, None, to);
        self.invalidate(from, None);
        Some(put)
    }

    /// Puts a value where no live one of its type is and nobody computes one. Whether it was put.
    pub(crate) fn warm(&self, key: &Key, new: New) -> bool {
        let mut write = self.prepare(key, new);
        let watched = self.subscribers.any();
        let (put, evicted) = self.store.cell(key, |cell| {
            let taken = |write: &Write| {
                cell.lease().is_some() || cell.peek().is_some_and(|slot| write.yields_to(slot))
            };
            let write = write.take_if(|write| !taken(write));
            let put = write.is_some_and(|write| write.apply(cell));
            (put, cell.evicted(watched))
        });
        self.tell_evicted(evicted);
        if put {
            self.tell(EventKind::Written, None, key);
        }
        put
    }

    /// The texts of live values that match, of one version and tenant.
    pub(crate) fn keys(&self, whose: &Whose, pattern: &Pattern) -> Vec<String> {
        let now = self.clock.now();
        let live = |slot: &Slot| slot.holds_value(now);
        let mut texts: Vec<String> = self
            .matching(whose, pattern, live, |text| pattern.matches(text))
            .filter(|key| self.contains(key))
            .map(|key| key.parts().1.to_owned())
            .collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    /// Invalidates every key that matches, what is being computed too. How many held a live value.
    /// A key whose text was cut goes if it may match.
    pub(crate) fn delete_matching(&self, whose: &Whose, pattern: &Pattern) -> usize {
        let all = |_: &Slot| true;
        self.matching(whose, pattern, all, |start| pattern.may_match(start))
            .filter(|key| self.invalidate(key, None))
            .count()
    }

    /// The keys that match; `cut` decides on the text of one that was too long, up to its digest.
    fn matching<'e>(
        &'e self,
        whose: &'e Whose,
        pattern: &'e Pattern,
        wanted: impl Fn(&Slot) -> bool + 'e,
        cut: impl Fn(&str) -> bool + 'e,
    ) -> impl Iterator<Item = Key> + 'e {
        let matches = move |key: &SlotKey| {
            let (tenant, text) = key.parts();
            key.version() == whose.version
                && tenant == whose.tenant()
                && match key.is_digest() {
                    true => cut(text.rsplit_once('#').map_or("", |(start, _)| start)),
                    false => pattern.matches(text),
                }
        };
        let shards = self.store.keys(wanted);
        shards.flatten().filter(matches).map(|key| key.to_key())
    }
}

/// The time between now and then.
fn left(expires: Millis, now: Millis) -> Ttl {
    match expires {
        Millis::MAX => Ttl::FOREVER,
        expires => Ttl::from_millis(expires.saturating_sub(now)),
    }
}
