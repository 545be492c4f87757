//! The memory tier: a sharded table of cells, each with at most one entry and one lease.
//!
//! The seam is [`Store::read`] for hits and [`Store::cell`] for everything else: both run a
//! closure under the shard's lock, so that a decision and its effect are one step. No user code
//! runs inside: displaced entries are handed to a [`Graveyard`] that is dropped after the lock.

mod shard;

use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, PoisonError};

use hashbrown::HashTable;

use self::shard::{Limits, Shard};
use crate::entry::{Slot, SlotKey};
use crate::key::Key;
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::time::Millis;

/// How much a memory tier may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    pub(crate) weight: Option<u64>,
}

/// A bounded table of entries and of the leases `L` of keys that are being computed.
pub(crate) struct Store<L> {
    /// Locked for reading by hits, which go on side by side, and for writing by all else.
    shards: Box<[RwLock<Cells<L>>]>,
    hasher: foldhash::fast::RandomState,
}

struct Cells<L> {
    table: Shard<Slot>,
    leases: HashTable<Leased<L>>,
}

struct Leased<L> {
    hash: u64,
    key: SlotKey,
    lease: Arc<L>,
}

/// Below this many entries a shard would be too small for its replacement policy to see patterns,
/// so a small table has few shards. 32 shards of 100,000 entries cost 0.02 points of hit ratio
/// against one (`benches/hit_ratio.rs`).
const SHARD_ENTRIES: usize = 2048;
/// Below this weight a shard could refuse entries of ordinary size, in bytes.
const SHARD_WEIGHT: u64 = 4 << 20;
const MAX_SHARDS: usize = 64;
/// Entries looked at per insert in search of dead ones, so that a table of `n` is seen whole every
/// `n / 4` inserts.
const SWEEP: usize = 4;

impl Bounds {
    /// How many shards to split the table into: a power of two.
    fn shards(self) -> usize {
        let by_weight = self.weight.map_or(MAX_SHARDS, |weight| {
            usize::try_from(weight / SHARD_WEIGHT).unwrap_or(MAX_SHARDS)
        });
        let most = (self.entries / SHARD_ENTRIES)
            .min(by_weight)
            .clamp(1, MAX_SHARDS);
        1 << most.ilog2()
    }
}

impl<L> Store<L> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let shards = bounds.shards();
        let limits = |index: usize| Limits {
            entries: bounds.entries / shards + usize::from(index < bounds.entries % shards),
            weight: bounds.weight.map(|weight| weight / shards as u64),
        };
        Self {
            shards: (0..shards)
                .map(|index| RwLock::new(Cells::new(limits(index))))
                .collect(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    #[inline]
    fn hash(&self, key: &Key) -> u64 {
        // Not `hash_one`, which adds the length: it tells apart what follows, and nothing does.
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    #[inline]
    fn shard(&self, hash: u64) -> &RwLock<Cells<L>> {
        // hashbrown uses the low bits and the top seven; these are in between.
        let index = (hash >> 40) as usize & (self.shards.len() - 1);
        &self.shards[index]
    }

    /// Reads the entry of a key under its lock, and marks it as used.
    #[inline(always)]
    pub(crate) fn read<R>(&self, key: &Key, read: impl FnOnce(&Slot) -> R) -> Option<R> {
        let hash = self.hash(key);
        let cells = look(self.shard(hash));
        cells.table.get(hash, |slot| slot.is_for(key)).map(read)
    }

    /// Decides and acts on one cell in one step.
    pub(crate) fn cell<R>(&self, key: &Key, act: impl FnOnce(&mut Cell<'_, L>) -> R) -> R {
        let hash = self.hash(key);
        let mut grave = Graveyard::default();
        let mut cells = lock(self.shard(hash));
        let result = act(&mut Cell {
            cells: &mut cells,
            key,
            hash,
            grave: &mut grave,
        });
        drop(cells);
        result
    }

    /// Empties every shard. What was in them is handed back, because dropping it runs user code:
    /// tell the leases first, a value whose `Drop` panics must not keep them.
    pub(crate) fn clear(&self) -> Cleared<L, impl Iterator<Item = Slot> + use<L>> {
        let mut cleared = Cleared {
            leases: Vec::new(),
            dead: Vec::new(),
        };
        for shard in &self.shards {
            let mut cells = lock(shard);
            cleared.dead.push(cells.table.take_all());
            let leased = std::mem::take(&mut cells.leases);
            cleared
                .leases
                .extend(leased.into_iter().map(|leased| leased.lease));
        }
        cleared
    }

    /// The keys of entries that are wanted, and of all computations under way, a shard at a time:
    /// each is locked for as long as it takes to look through it.
    pub(crate) fn keys(
        &self,
        wanted: impl Fn(&Slot) -> bool,
    ) -> impl Iterator<Item = Vec<SlotKey>> {
        self.shards.iter().map(move |shard| {
            let cells = look(shard);
            let kept = cells.table.entries().filter(|slot| wanted(slot));
            let leased = cells.leases.iter().map(|leased| leased.key.clone());
            kept.map(|slot| slot.key().clone()).chain(leased).collect()
        })
    }

    /// The number of entries, expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| look(shard).table.len())
            .sum()
    }

    /// The weight of all entries in bytes.
    pub(crate) fn weight(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| look(shard).table.weight())
            .sum()
    }
}

/// What [`Store::clear`] took out.
pub(crate) struct Cleared<L, D> {
    pub(crate) leases: Vec<Arc<L>>,
    pub(crate) dead: Vec<D>,
}

fn look<L>(shard: &RwLock<Cells<L>>) -> RwLockReadGuard<'_, Cells<L>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn lock<L>(shard: &RwLock<Cells<L>>) -> RwLockWriteGuard<'_, Cells<L>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

impl<L> Cells<L> {
    fn new(limits: Limits) -> Self {
        Self {
            table: Shard::new(limits),
            leases: HashTable::new(),
        }
    }
}

impl<L> std::fmt::Debug for Store<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

/// Entries on their way out; dropped after the lock, because dropping them runs user code.
#[derive(Default)]
struct Graveyard {
    slots: Vec<Slot>,
}

/// One key's cell under its lock.
pub(crate) struct Cell<'a, L> {
    cells: &'a mut Cells<L>,
    key: &'a Key,
    hash: u64,
    grave: &'a mut Graveyard,
}

impl<L> Cell<'_, L> {
    /// The entry, looked at without marking it as used.
    pub(crate) fn peek(&self) -> Option<&Slot> {
        self.cells
            .table
            .peek(self.hash, |slot| slot.is_for(self.key))
    }

    /// What the entry weighs in the table; 0 if there is none.
    pub(crate) fn weight(&self) -> u64 {
        self.cells
            .table
            .weight_of(self.hash, |slot| slot.is_for(self.key))
    }

    /// [`peek`](Self::peek), to change it.
    pub(crate) fn peek_mut(&mut self) -> Option<&mut Slot> {
        let key = self.key;
        self.cells
            .table
            .peek_mut(self.hash, |slot| slot.is_for(key))
    }

    /// The entry, marked as used.
    pub(crate) fn slot(&mut self) -> Option<&mut Slot> {
        let key = self.key;
        self.cells.table.get_mut(self.hash, |slot| slot.is_for(key))
    }

    /// The lease of the computation under way.
    pub(crate) fn lease(&self) -> Option<&Arc<L>> {
        let leases = &self.cells.leases;
        let leased = leases.find(self.hash, |leased| leased.key.is(self.key))?;
        Some(&leased.lease)
    }

    /// Whether `lease` is the one in force.
    pub(crate) fn is_held_by(&self, lease: &Arc<L>) -> bool {
        self.lease().is_some_and(|held| Arc::ptr_eq(held, lease))
    }

    /// Makes `lease` the one in force. The caller has revoked the one before.
    pub(crate) fn grant(&mut self, lease: Arc<L>) {
        let leased = Leased {
            hash: self.hash,
            key: SlotKey::new(self.key),
            lease,
        };
        self.cells
            .leases
            .insert_unique(self.hash, leased, |leased| leased.hash);
    }

    /// Takes the lease away; whoever computes under it can no longer fill.
    pub(crate) fn revoke(&mut self) -> Option<Arc<L>> {
        let key = self.key;
        let leases = &mut self.cells.leases;
        let entry = leases
            .find_entry(self.hash, |leased| leased.key.is(key))
            .ok()?;
        Some(entry.remove().0.lease)
    }

    /// Puts an entry in place of the one before; false if it alone is heavier than the bound.
    pub(crate) fn put(&mut self, slot: Slot, weight: u64, now: Millis) -> bool {
        let key = self.key;
        let out = &mut self.grave.slots;
        let table = &mut self.cells.table;
        table.sweep(SWEEP, |slot| !slot.is_live(now), out);
        table.insert(self.hash, |slot| slot.is_for(key), slot, weight, out)
    }

    /// Removes the entry; whether there was one, and a look at it.
    pub(crate) fn remove<R>(&mut self, look: impl FnOnce(&Slot) -> R) -> Option<R> {
        let key = self.key;
        let slot = self
            .cells
            .table
            .remove(self.hash, |slot| slot.is_for(key))?;
        let seen = look(&slot);
        self.grave.slots.push(slot);
        Some(seen)
    }

    /// The keys displaced so far, but for the cell's own; built only where somebody `watched`.
    pub(crate) fn evicted(&self, watched: bool) -> Vec<String> {
        let displaced = self.grave.slots.iter().filter(|_| watched);
        displaced
            .filter(|slot| !slot.is_for(self.key))
            .map(|slot| slot.text().to_owned())
            .collect()
    }
}
