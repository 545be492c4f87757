//! The shard itself: puts index, slots, ghosts and policy together.

use super::ghosts::Ghosts;
use super::index::{Index, Tag};
use super::policy::{Limits, Policy};
use super::slab::{Queue, Slab};

/// A bounded map from 64-bit hashes and the caller's notion of equality to entries.
pub(crate) struct Shard<E> {
    policy: Policy,
    index: Index,
    slab: Slab<E>,
    ghosts: Ghosts,
    /// Where the next sweep goes on.
    cursor: usize,
}

impl<E> Shard<E> {
    /// An empty shard; memory is taken as entries come.
    pub(crate) fn new(limits: Limits) -> Self {
        let policy = Policy::new(limits);
        let slab = Slab::new(policy.limits().entries);
        Self {
            policy,
            index: Index::default(),
            slab,
            ghosts: Ghosts::default(),
            cursor: 0,
        }
    }

    /// The entry of a key, whose use is counted.
    #[inline(always)]
    pub(crate) fn get(&self, hash: u64, eq: impl FnMut(&E) -> bool) -> Option<&E> {
        let number = self.find(Tag::of(hash), eq)?;
        let slot = self.slab.slot(number);
        slot.uses.count();
        slot.entry.as_ref()
    }

    /// [`get`](Self::get), to change the entry.
    pub(crate) fn get_mut(&mut self, hash: u64, eq: impl FnMut(&E) -> bool) -> Option<&mut E> {
        let number = self.find(Tag::of(hash), eq)?;
        let slot = self.slab.slot_mut(number);
        slot.uses.count();
        slot.entry.as_mut()
    }

    /// The entry of a key, without counting a use.
    pub(crate) fn peek(&self, hash: u64, eq: impl FnMut(&E) -> bool) -> Option<&E> {
        let number = self.find(Tag::of(hash), eq)?;
        self.slab.slot(number).entry.as_ref()
    }

    /// The weight that the entry of a key was put with; 0 if there is none.
    pub(crate) fn weight_of(&self, hash: u64, eq: impl FnMut(&E) -> bool) -> u64 {
        let number = self.find(Tag::of(hash), eq);
        number.map_or(0, |number| self.slab.slot(number).weight)
    }

    /// All entries, in no order, without counting a use.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &E> {
        (0..self.slab.slots()).filter_map(|number| self.slab.slot(number as u32).entry.as_ref())
    }

    /// [`peek`](Self::peek), to change the entry.
    pub(crate) fn peek_mut(&mut self, hash: u64, eq: impl FnMut(&E) -> bool) -> Option<&mut E> {
        let number = self.find(Tag::of(hash), eq)?;
        self.slab.slot_mut(number).entry.as_mut()
    }

    /// Stores an entry in place of the key's old one, whose uses it inherits.
    ///
    /// Every entry that has to go is pushed to `out`: the replaced one, evicted ones, and
    /// `entry` itself if it exceeds the limits alone. Then the answer is `false`, and the
    /// key has no entry any more, since its old one is outdated.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        eq: impl FnMut(&E) -> bool,
        entry: E,
        weight: u64,
        out: &mut Vec<E>,
    ) -> bool {
        let tag = Tag::of(hash);
        let held = self.find(tag, eq);
        if !self.policy.admits(weight) {
            out.extend(held.and_then(|number| self.take(number)));
            out.push(entry);
            return false;
        }
        match held {
            Some(number) => self.replace(number, entry, weight, out),
            None => self.add(tag, entry, weight, out),
        }
        true
    }

    /// Takes a key's entry out.
    ///
    /// If it was in use, the key is remembered: what is computed next for it starts hot.
    pub(crate) fn remove(&mut self, hash: u64, eq: impl FnMut(&E) -> bool) -> Option<E> {
        let tag = Tag::of(hash);
        let number = self.find(tag, eq)?;
        let slot = self.slab.slot(number);
        if slot.queue == Queue::Hot || slot.uses.any() {
            self.remember(tag);
        }
        self.take(number)
    }

    /// Takes everything out in one step, the work being left to whoever drops the result.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = E> + use<E> {
        let old = std::mem::replace(self, Self::new(self.policy.limits()));
        old.slab.into_entries()
    }

    /// Looks at the next `budget` slots, in a circle over all calls, and takes out what is
    /// `dead`, so that entries nobody can use any more do not crowd out live ones.
    pub(crate) fn sweep(
        &mut self,
        budget: usize,
        mut dead: impl FnMut(&E) -> bool,
        out: &mut Vec<E>,
    ) {
        for _ in 0..budget.min(self.slab.slots()) {
            let number = self.cursor % self.slab.slots();
            self.cursor = number + 1;
            let number = number as u32;
            if self.slab.slot(number).entry.as_ref().is_some_and(&mut dead) {
                out.extend(self.take(number));
            }
        }
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// The weight of all entries; `u64::MAX` stands for more.
    pub(crate) fn weight(&self) -> u64 {
        u64::try_from(self.slab.weight()).unwrap_or(u64::MAX)
    }

    /// Places for entries, for their index and for ghosts.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> (usize, usize, usize) {
        (self.slab.room(), self.index.size(), self.ghosts.size())
    }

    #[inline(always)]
    fn find(&self, tag: Tag, mut eq: impl FnMut(&E) -> bool) -> Option<u32> {
        self.index.find(tag, |number| {
            self.slab.slot(number).entry.as_ref().is_some_and(&mut eq)
        })
    }

    fn add(&mut self, tag: Tag, entry: E, weight: u64, out: &mut Vec<E>) {
        let queue = self.policy.entrance(self.ghosts.recall(tag));
        self.make_room(weight, out);
        let number = self.slab.add(queue, tag, entry, weight);
        self.index.add(tag, number);
    }

    fn replace(&mut self, number: u32, entry: E, weight: u64, out: &mut Vec<E>) {
        let slot = self.slab.slot_mut(number);
        out.extend(slot.entry.replace(entry));
        let (queue, before) = (slot.queue, slot.weight);
        let others = self.slab.weight() - u128::from(before);
        if self.policy.bears(others + u128::from(weight)) {
            self.slab.reweigh(number, weight);
        } else {
            // Out of its queue it cannot be chosen to make room for itself.
            self.slab.unlink(number);
            self.make_room(weight, out);
            self.slab.slot_mut(number).weight = weight;
            self.slab.link(number, queue);
        }
    }

    fn make_room(&mut self, weight: u64, out: &mut Vec<E>) {
        while !self.policy.has_room(&self.slab, weight) {
            let Some(number) = self.policy.victim(&mut self.slab) else {
                break;
            };
            self.remember(self.slab.slot(number).tag);
            out.extend(self.take(number));
        }
    }

    fn remember(&mut self, tag: Tag) {
        self.ghosts
            .remember(tag, self.policy.memory(self.slab.len()));
    }

    fn take(&mut self, number: u32) -> Option<E> {
        self.index.remove(self.slab.slot(number).tag, number);
        self.slab.take(number)
    }
}
