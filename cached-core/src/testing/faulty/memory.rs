//! The cells that were written, for answers with the wrong ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Lie;
use crate::cell::Cell;

/// So many cells are kept; the oldest go first.
const CAPACITY: usize = 256;

/// Cells with the keys they were written under, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Vec<(String, Cell)>>);

impl Memory {
    pub(super) fn keep(&self, key: &str, cell: &Cell) {
        let mut kept = self.lock();
        if kept.len() == CAPACITY {
            kept.remove(0);
        }
        kept.push((key.to_owned(), cell.clone()));
    }

    /// The answer to a read, distorted.
    pub(super) fn distort_all(
        &self,
        keys: &[&str],
        cells: Vec<Option<Cell>>,
        lie: Lie,
    ) -> Vec<Option<Cell>> {
        let keep = match lie {
            Lie::Short => cells.len().saturating_sub(1),
            _ => cells.len(),
        };
        let pairs = keys.iter().zip(cells).take(keep);
        pairs
            .map(|(key, cell)| self.distort(key, cell, lie))
            .collect()
    }

    /// What is said to be under a key.
    pub(super) fn distort(&self, key: &str, truth: Option<Cell>, lie: Lie) -> Option<Cell> {
        match (lie, truth) {
            (Lie::Truncated, Some(cell)) => {
                let half = &cell.as_bytes()[..cell.as_bytes().len() / 2];
                Some(Cell::from_bytes(half.to_vec()))
            }
            (Lie::Garbage, _) => Some(Cell::from_bytes(b"-ERR no cell of yours".to_vec())),
            (Lie::Swapped, truth) => {
                let kept = self.lock();
                let other = kept.iter().rfind(|(other, _)| other != key);
                other.map(|(_, cell)| cell.clone()).or(truth)
            }
            (Lie::Old, truth) => {
                let kept = self.lock();
                let old = kept.iter().find(|(same, _)| same == key);
                old.map(|(_, cell)| cell.clone()).or(truth)
            }
            (Lie::Short, truth) | (Lie::Truncated, truth @ None) => truth,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Cell)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
