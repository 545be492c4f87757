//! Stamps of a shared backend, as far as this process knows them.
//!
//! An entry that was read from the backend is kept with the stamps that it depends on. While they
//! are watched, their cells hold what the backend has; one that may have changed is *unknown*, and
//! every entry that carries it is out of use until somebody has read it anew. If it turns out to be
//! what it was, they are in use again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::{Stamp, Stamps, Table};
use crate::sync::{Mutex, MutexGuard};

/// What a cell holds while nobody knows its stamp.
const UNKNOWN: u64 = 0;

/// The known stamps, by the names they have in the backend.
#[derive(Debug, Default)]
pub(crate) struct Known {
    table: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Table<u64>,
    /// How often everything became unknown: what was known before never comes back.
    epoch: u64,
}

impl Known {
    /// Takes note of stamps that were read together, if they are `current`: nothing of them has
    /// become unknown since they were read. They are asked for under the lock.
    pub(crate) fn learn(
        &self,
        read: &[(u64, u64)],
        current: impl FnOnce() -> bool,
    ) -> Option<Stamps> {
        let mut state = self.lock();
        if !current() {
            return None;
        }
        let epoch = state.epoch;
        let stamps = read.iter().map(|(id, stamp)| {
            let seen = mix(epoch, *stamp);
            let cell = state.table.cell(*id, || seen);
            if cell.0.load(Ordering::Relaxed) != seen {
                cell.0.store(seen, Ordering::Release);
            }
            Stamp {
                cell: Arc::clone(cell),
                seen,
            }
        });
        Some(Stamps {
            function: None,
            tags: stamps.collect(),
        })
    }

    /// This one may have changed. `note` is called under the lock, before.
    pub(crate) fn forget(&self, id: u64, note: impl FnOnce()) {
        let state = self.lock();
        note();
        if let Some(cell) = state.table.cells.get(&id) {
            cell.0.store(UNKNOWN, Ordering::Release);
        }
    }

    /// Any of them may have changed, and whatever was kept with them is out of use for good.
    pub(crate) fn forget_all(&self, note: impl FnOnce()) {
        let mut state = self.lock();
        note();
        state.epoch += 1;
        for cell in state.table.cells.values() {
            cell.0.store(UNKNOWN, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stamp as it is known in an epoch; never [`UNKNOWN`]. An odd multiplier maps numbers one to one.
fn mix(epoch: u64, stamp: u64) -> u64 {
    let mixed = stamp ^ epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    if mixed == UNKNOWN { 1 } else { mixed }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn learn(known: &Known, read: &[(u64, u64)]) -> Stamps {
        known.learn(read, || true).expect("current")
    }

    #[test]
    fn what_is_read_anew_and_the_same_is_in_use_again() {
        let known = Known::default();
        let (both, other) = (
            learn(&known, &[(1, 10), (2, 20)]),
            learn(&known, &[(2, 20)]),
        );
        known.forget(1, || ());
        assert!(!both.are_current());
        assert!(other.are_current());
        learn(&known, &[(1, 10)]);
        assert!(both.are_current());
        learn(&known, &[(1, 11)]);
        assert!(!both.are_current());
    }

    #[test]
    fn what_was_known_before_everything_was_forgotten_stays_out_of_use() {
        let known = Known::default();
        let before = learn(&known, &[(1, 10)]);
        known.forget_all(|| ());
        assert!(!before.are_current());
        let after = learn(&known, &[(1, 10)]);
        assert!(after.are_current());
        assert!(!before.are_current());
    }

    #[test]
    fn what_is_no_longer_current_is_not_learnt() {
        let known = Known::default();
        let before = learn(&known, &[(1, 10)]);
        assert!(known.learn(&[(1, 11)], || false).is_none());
        assert!(before.are_current());
    }
}
