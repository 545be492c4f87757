//! The slots of a shard, and the queues that run through them.
//!
//! Slots are numbered places in one vector, reused through a free list, so an entry never
//! moves while it lives. A queue is a doubly linked list of slot numbers: entries leave from
//! the middle in constant time when they are invalidated.

use super::index::Tag;
use super::policy::Uses;

/// No slot: the end of a list.
const NONE: u32 = u32::MAX;

/// The first allocation.
const FEWEST: usize = 8;

/// Which queue an entry waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// New entries, on probation.
    Cold = 0,
    /// Entries that were used, or came back soon after they left.
    Hot = 1,
}

/// One place for an entry.
pub(super) struct Slot<E> {
    /// `None` while the slot is on the free list.
    pub(super) entry: Option<E>,
    pub(super) weight: u64,
    pub(super) tag: Tag,
    pub(super) queue: Queue,
    /// How often the entry was used lately, up to the policy's bound.
    pub(super) uses: Uses,
    prev: u32,
    next: u32,
}

/// Ends and totals of one queue.
#[derive(Clone, Copy)]
pub(super) struct List {
    head: u32,
    tail: u32,
    pub(super) len: usize,
    /// Wide enough for any number of slots of any weight.
    pub(super) weight: u128,
}

const NOTHING: List = List {
    head: NONE,
    tail: NONE,
    len: 0,
    weight: 0,
};

/// All slots of a shard.
pub(super) struct Slab<E> {
    slots: Vec<Slot<E>>,
    most: usize,
    /// The first slot of the free list, which runs through `next`.
    free: u32,
    lists: [List; 2],
}

impl<E> Slab<E> {
    /// No slots yet, and room for `most` in the end.
    pub(super) fn new(most: usize) -> Self {
        Self {
            slots: Vec::new(),
            most,
            free: NONE,
            lists: [NOTHING; 2],
        }
    }

    #[inline]
    pub(super) fn slot(&self, number: u32) -> &Slot<E> {
        &self.slots[number as usize]
    }

    #[inline]
    pub(super) fn slot_mut(&mut self, number: u32) -> &mut Slot<E> {
        &mut self.slots[number as usize]
    }

    /// How many slots there are, empty ones included.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.slots.capacity()
    }

    pub(super) fn list(&self, queue: Queue) -> &List {
        &self.lists[queue as usize]
    }

    /// The slot whose turn in `queue` is next.
    pub(super) fn head(&self, queue: Queue) -> Option<u32> {
        Some(self.list(queue).head).filter(|&head| head != NONE)
    }

    pub(super) fn len(&self) -> usize {
        self.lists.iter().map(|list| list.len).sum()
    }

    pub(super) fn weight(&self) -> u128 {
        self.lists.iter().map(|list| list.weight).sum()
    }

    /// Puts an unused entry at the end of `queue`; the slot's number.
    pub(super) fn add(&mut self, queue: Queue, tag: Tag, entry: E, weight: u64) -> u32 {
        let slot = Slot {
            entry: Some(entry),
            weight,
            tag,
            queue,
            uses: Uses::default(),
            prev: NONE,
            next: NONE,
        };
        let number = self.occupy(slot);
        self.link(number, queue);
        number
    }

    /// Empties a slot.
    pub(super) fn take(&mut self, number: u32) -> Option<E> {
        self.unlink(number);
        let free = self.free;
        let slot = self.slot_mut(number);
        slot.next = free;
        let entry = slot.entry.take();
        self.free = number;
        entry
    }

    /// Moves a slot to the end of `queue`.
    pub(super) fn requeue(&mut self, number: u32, queue: Queue) {
        self.unlink(number);
        self.link(number, queue);
    }

    /// Takes a slot out of its queue; to be followed by [`link`](Self::link).
    pub(super) fn unlink(&mut self, number: u32) {
        let Slot {
            queue,
            weight,
            prev,
            next,
            ..
        } = *self.slot(number);
        let list = &mut self.lists[queue as usize];
        list.len -= 1;
        list.weight -= u128::from(weight);
        match prev {
            NONE => list.head = next,
            prev => self.slots[prev as usize].next = next,
        }
        match next {
            NONE => list.tail = prev,
            next => self.slots[next as usize].prev = prev,
        }
    }

    /// Appends an unlinked slot to `queue`.
    pub(super) fn link(&mut self, number: u32, queue: Queue) {
        let tail = self.list(queue).tail;
        let slot = self.slot_mut(number);
        slot.queue = queue;
        slot.prev = tail;
        slot.next = NONE;
        let weight = slot.weight;
        let list = &mut self.lists[queue as usize];
        list.len += 1;
        list.weight += u128::from(weight);
        list.tail = number;
        match tail {
            NONE => list.head = number,
            tail => self.slots[tail as usize].next = number,
        }
    }

    /// Changes the weight of a linked slot.
    pub(super) fn reweigh(&mut self, number: u32, weight: u64) {
        let slot = self.slot_mut(number);
        let before = std::mem::replace(&mut slot.weight, weight);
        let queue = slot.queue;
        let list = &mut self.lists[queue as usize];
        list.weight = list.weight - u128::from(before) + u128::from(weight);
    }

    /// All entries, in no particular order.
    pub(super) fn into_entries(self) -> impl Iterator<Item = E> + use<E> {
        self.slots.into_iter().filter_map(|slot| slot.entry)
    }

    fn occupy(&mut self, slot: Slot<E>) -> u32 {
        let number = self.free;
        if number == NONE {
            self.grow();
            self.slots.push(slot);
            return (self.slots.len() - 1) as u32;
        }
        self.free = self.slot(number).next;
        *self.slot_mut(number) = slot;
        number
    }

    /// Makes a quarter more room, but not beyond what will ever be used: doubled, as `Vec` does,
    /// nearly half of it could stay empty for good where weight is the bound.
    fn grow(&mut self) {
        let len = self.slots.len();
        if len == self.slots.capacity() {
            let left = self.most.saturating_sub(len);
            self.slots.reserve_exact(left.min((len / 4).max(FEWEST)));
        }
    }
}
