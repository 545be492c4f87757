//! Stamps: how one name drops many entries in O(1).
//!
//! A tag (and a cached function as a whole) is a random 64-bit *stamp*. An entry keeps the stamps
//! that were current before its computation began; a tag is invalidated by giving it a new stamp,
//! and an entry whose stamps are no longer current is a miss. There is no member list to keep,
//! to race with, or to bound.

#[cfg(feature = "remote")]
mod known;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

#[cfg(feature = "remote")]
pub(crate) use known::Known;

use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::weigh::block;

/// What a stamp belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TagId {
    /// Every entry of one cached function, by its site's number.
    Function(u32),
    /// A tag that readers declare and mutators name.
    Named(Box<str>),
}

/// The current stamp of one tag, shared by the tag table and every entry that carries the tag.
#[derive(Debug)]
struct Cell(AtomicU64);

/// A tag as it was at some instant.
#[derive(Debug, Clone)]
struct Stamp {
    cell: Arc<Cell>,
    seen: u64,
}

impl Stamp {
    #[inline]
    fn is_current(&self) -> bool {
        self.cell.0.load(Ordering::Acquire) == self.seen
    }
}

/// What a tag takes in bytes: its cell, its place in the table and its name, and a quarter more,
/// as those that nobody carries any more stay for a while.
const CELL: usize = (32 + 48 + 48) / 4 * 5;

/// About how many carry a tag: all but the table and the flight that is just filling.
fn carriers(cell: &Arc<Cell>) -> usize {
    Arc::strong_count(cell).saturating_sub(2).max(1)
}

/// The stamps an entry or a flight depends on, as they were before its computation began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stamps {
    function: Option<Stamp>,
    tags: Box<[Stamp]>,
}

impl Stamps {
    /// Whether nothing this depends on was invalidated since the stamps were taken.
    #[inline]
    pub(crate) fn are_current(&self) -> bool {
        self.function.as_ref().is_none_or(Stamp::is_current)
            && (self.tags.is_empty() || self.tags.iter().all(Stamp::is_current))
    }

    /// What it takes beside the entry that holds it, in bytes. Those who carry a tag share what it
    /// costs: the more there are, the less the next one adds.
    pub(crate) fn weight(&self) -> u64 {
        let shares = self.cells().map(|cell| CELL / carriers(cell));
        let own = match self.tags.len() {
            0 => 0,
            _ => block(size_of_val(&*self.tags)),
        };
        (own + shares.sum::<usize>()) as u64
    }

    /// Whether this depends on one of the tags that `other` depends on.
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        self.cells()
            .any(|mine| other.cells().any(|theirs| Arc::ptr_eq(mine, theirs)))
    }

    fn cells(&self) -> impl Iterator<Item = &Arc<Cell>> {
        self.function
            .iter()
            .chain(&self.tags)
            .map(|stamp| &stamp.cell)
    }
}

/// The tags of one cache. A name is kept only while an entry or a flight carries it, so the table
/// is bounded by what is cached.
#[derive(Debug, Default)]
pub(crate) struct Tags {
    table: Mutex<Table<TagId>>,
}

#[derive(Debug)]
struct Table<I> {
    cells: HashMap<I, Arc<Cell>>,
    /// Size at which names that nobody carries any more are looked for.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 1024;

impl Tags {
    /// The present stamps of a function and of the named tags.
    pub(crate) fn capture(&self, function: Option<u32>, names: &[Box<str>]) -> Stamps {
        let mut table = self.lock();
        Stamps {
            function: function.map(|site| table.stamp(TagId::Function(site))),
            tags: names
                .iter()
                .map(|name| table.stamp(TagId::Named(name.clone())))
                .collect(),
        }
    }

    /// Makes every entry and flight that carries the tag outdated.
    pub(crate) fn invalidate(&self, tag: &TagId) {
        if let Some(cell) = self.lock().cells.get(tag) {
            cell.0.store(fresh_stamp(), Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table<TagId>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Default for Table<I> {
    fn default() -> Self {
        Self {
            cells: HashMap::new(),
            sweep_at: 0,
        }
    }
}

impl<I: Eq + Hash> Table<I> {
    /// The cell of a name; a new one holds what `first` says.
    fn cell(&mut self, id: I, first: impl FnOnce() -> u64) -> &Arc<Cell> {
        if self.cells.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.cells.retain(|_, cell| Arc::strong_count(cell) > 1);
            self.sweep_at = self.cells.len() / 2 * 3;
        }
        let cell = self.cells.entry(id);
        cell.or_insert_with(|| Arc::new(Cell(AtomicU64::new(first()))))
    }
}

impl Table<TagId> {
    fn stamp(&mut self, tag: TagId) -> Stamp {
        let cell = self.cell(tag, fresh_stamp);
        Stamp {
            cell: Arc::clone(cell),
            seen: cell.0.load(Ordering::Acquire),
        }
    }
}

/// 64 random bits: std's per-process SipHash key over a counter, so no two are alike in practice
/// and none can be guessed.
pub(crate) fn fresh_stamp() -> u64 {
    static STATE: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    STATE
        .get_or_init(RandomState::new)
        .hash_one(NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn names(from: usize, to: usize) -> Vec<Box<str>> {
        (from..to)
            .map(|n| format!("tag:{n}").into_boxed_str())
            .collect()
    }

    #[test]
    fn names_that_nobody_carries_are_forgotten() {
        let tags = Tags::default();
        drop(tags.capture(None, &names(0, FIRST_SWEEP)));
        let last = tags.capture(None, &names(FIRST_SWEEP, FIRST_SWEEP + 1));
        assert_eq!(tags.lock().cells.len(), 1);
        assert!(last.are_current());
    }

    #[test]
    fn a_small_table_is_not_swept() {
        let tags = Tags::default();
        drop(tags.capture(None, &names(0, 2)));
        drop(tags.capture(None, &names(2, 3)));
        assert_eq!(tags.lock().cells.len(), 3);
    }

    #[test]
    fn names_that_are_carried_stay_and_the_next_sweep_waits_for_half_as_many_again() {
        let tags = Tags::default();
        let carried = tags.capture(None, &names(0, FIRST_SWEEP));
        let next = tags.capture(None, &names(FIRST_SWEEP, FIRST_SWEEP + 1));
        assert_eq!(tags.lock().cells.len(), FIRST_SWEEP + 1);
        assert_eq!(tags.lock().sweep_at, FIRST_SWEEP / 2 * 3);
        assert!(!carried.shares_with(&next));
        assert!(carried.shares_with(&tags.capture(None, &names(0, 1))));
    }
}
