//! Which entry goes when room is needed, and which comes back in favour.
//!
//! Decides only; [`Slab`] holds the queues and the shard does the moving.

use std::sync::atomic::{AtomicU8, Ordering};

use super::slab::{Queue, Slab};

/// Uses beyond this are not counted, so an entry outlives its popularity by this many turns.
const MOST_USES: u8 = 3;

/// How often an entry was used lately. Atomic because hits count side by side; two that meet may
/// count as one, and a popular entry is not written to any more.
#[derive(Default)]
pub(super) struct Uses(AtomicU8);

impl Uses {
    #[inline]
    pub(super) fn count(&self) {
        let uses = self.0.load(Ordering::Relaxed);
        if uses < MOST_USES {
            self.0.store(uses + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Pays one use; whether there was one.
    fn pay(&mut self) -> bool {
        let uses = self.0.get_mut();
        let any = *uses > 0;
        *uses = uses.saturating_sub(1);
        any
    }
}

/// Used entries that a search passes over before it takes the next one all the same.
pub(super) const MOST_STEPS: usize = 32;

/// New entries have one place in this many, but at least one.
const COLD_SHARE: usize = 50;

/// Slot numbers are 32 bits wide, and so are places in the index.
const MOST_ENTRIES: usize = 1 << 30;

/// How much one shard may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Entries at most; none are stored if this is 0.
    pub(crate) entries: usize,
    /// Total weight at most, if that is bounded.
    pub(crate) weight: Option<u64>,
}

/// The shard's limits and what follows from them.
pub(super) struct Policy {
    limits: Limits,
    hot_entries: usize,
    hot_weight: u128,
}

impl Policy {
    pub(super) fn new(limits: Limits) -> Self {
        let entries = limits.entries.min(MOST_ENTRIES);
        let weight = limits.weight.map_or(u128::MAX, u128::from);
        let cold = (entries / COLD_SHARE).max(1);
        Self {
            limits: Limits { entries, ..limits },
            hot_entries: entries.saturating_sub(cold),
            hot_weight: weight - weight / COLD_SHARE as u128,
        }
    }

    /// The limits as given, except that a shard has at most 2³⁰ entries.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether an entry of this weight fits into the shard at all.
    pub(super) fn admits(&self, weight: u64) -> bool {
        self.limits.entries > 0 && self.limits.weight.is_none_or(|limit| weight <= limit)
    }

    /// Whether one more entry of this weight fits beside the present ones.
    pub(super) fn has_room<E>(&self, slab: &Slab<E>, weight: u64) -> bool {
        slab.len() < self.limits.entries && self.bears(slab.weight() + u128::from(weight))
    }

    /// Whether the shard may weigh this much.
    pub(super) fn bears(&self, weight: u128) -> bool {
        self.limits
            .weight
            .is_none_or(|limit| weight <= u128::from(limit))
    }

    /// The slot to empty next, or `None` if all are empty.
    ///
    /// An entry that was used since its last turn pays one use for another turn among the
    /// hot ones. The search ends after [`MOST_STEPS`] such entries.
    pub(super) fn victim<E>(&self, slab: &mut Slab<E>) -> Option<u32> {
        for _ in 0..MOST_STEPS {
            let number = self.next(slab)?;
            let slot = slab.slot_mut(number);
            if !slot.uses.pay() {
                return Some(number);
            }
            slab.requeue(number, Queue::Hot);
        }
        self.next(slab)
    }

    /// Where an entry starts.
    pub(super) fn entrance(&self, came_back: bool) -> Queue {
        if came_back { Queue::Hot } else { Queue::Cold }
    }

    /// How many departed keys to remember beside `residents` entries.
    pub(super) fn memory(&self, residents: usize) -> usize {
        residents - residents / 5
    }

    fn next<E>(&self, slab: &Slab<E>) -> Option<u32> {
        let hot = slab.list(Queue::Hot);
        let crowded = hot.len > self.hot_entries || hot.weight > self.hot_weight;
        let (first, second) = if crowded {
            (Queue::Hot, Queue::Cold)
        } else {
            (Queue::Cold, Queue::Hot)
        };
        slab.head(first).or_else(|| slab.head(second))
    }
}
