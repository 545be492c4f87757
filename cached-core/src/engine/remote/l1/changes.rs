//! Which names have changed since when: the fence between a read that is under way and the first
//! tier.
//!
//! Every change has a number. Names share a few thousand places, each with the number of the last
//! change of any of its names: two that share one make a read be thrown away for nothing, never the
//! other way round.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;

use crate::sync::AtomicU64;

/// Few in a model, which pays for each.
const PLACES: usize = if cfg!(shuttle) { 4 } else { 4096 };

/// The numbers of changes.
#[derive(Debug)]
pub(super) struct Changes {
    last: AtomicU64,
    places: Box<[AtomicU64]>,
    /// The last time that everything may have changed.
    all: AtomicU64,
    hasher: RandomState,
}

/// A moment, before which changes are of no interest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(u64);

impl Default for Changes {
    fn default() -> Self {
        Self {
            last: AtomicU64::new(0),
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            all: AtomicU64::new(0),
            hasher: RandomState::new(),
        }
    }
}

impl Changes {
    /// Now; to be asked for before a read is sent.
    pub(super) fn now(&self) -> Since {
        Since(self.last.load(Ordering::Acquire))
    }

    /// The name has changed. The caller then removes what is kept under it, under the lock under
    /// which whoever keeps something asks [`is_unchanged`](Self::is_unchanged).
    pub(super) fn note(&self, name: &str) {
        self.place(name).fetch_max(self.next(), Ordering::AcqRel);
    }

    /// Everything may have changed.
    pub(super) fn note_all(&self) {
        self.all.fetch_max(self.next(), Ordering::AcqRel);
    }

    /// Whether nothing became known of this name since.
    pub(super) fn is_unchanged(&self, name: &str, since: Since) -> bool {
        let last = self.place(name).load(Ordering::Acquire);
        last.max(self.all.load(Ordering::Acquire)) <= since.0
    }

    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn place(&self, name: &str) -> &AtomicU64 {
        &self.places[self.hasher.hash_one(name) as usize % PLACES]
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_against_what_began_before_it() {
        let changes = Changes::default();
        let before = changes.now();
        changes.note("a");
        let after = changes.now();
        assert!(!changes.is_unchanged("a", before));
        assert!(changes.is_unchanged("a", after));
        // One name in a few thousand shares its place.
        let others = (0..100).filter(|n| changes.is_unchanged(&n.to_string(), before));
        assert!(others.count() > 90);
        changes.note_all();
        assert!(!changes.is_unchanged("b", after));
        assert!(changes.is_unchanged("b", changes.now()));
    }
}
