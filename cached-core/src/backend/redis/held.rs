//! The leases that this process has sent somewhere, as they were written.
//!
//! A server that compares for itself (`SET … IFEQ`) compares the whole old value, and the port names
//! its token only. What stands there may be another cell with that token, and what is forgotten
//! here is not compared at all: a script has the last word, so a few hundred places do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cell::{Cell, Token};

const PLACES: usize = 512;
/// What is larger is no lease, or one that costs more to send than a script costs to run.
const LARGEST: usize = 512;

/// Cells by their tokens. Of two that share a place the older one is forgotten.
#[derive(Debug)]
pub(super) struct Held([Mutex<Option<Cell>>; PLACES]);

impl Default for Held {
    fn default() -> Self {
        Self([const { Mutex::new(None) }; PLACES])
    }
}

impl Held {
    /// Takes note of a cell that is sent, if it is one that is soon replaced.
    pub(super) fn note(&self, cell: &Cell) {
        let place = cell.token().filter(|_| cell.as_stamp().is_none());
        if let Some(token) = place
            && cell.as_bytes().len() <= LARGEST
        {
            *self.place(token) = Some(cell.clone());
        }
    }

    /// The cell with this token, which is about to be replaced.
    pub(super) fn take(&self, token: Token) -> Option<Cell> {
        self.place(token)
            .take_if(|cell| cell.token() == Some(token))
    }

    fn place(&self, token: Token) -> MutexGuard<'_, Option<Cell>> {
        let [low, high, ..] = *token.as_bytes();
        let number = usize::from(u16::from_le_bytes([low, high])) % PLACES;
        let place = &self.0[number];
        place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(token: Token, length: usize) -> Cell {
        let mut bytes = Cell::begin(b'l', token, length);
        bytes.resize(length, b'x');
        Cell::from_bytes(bytes)
    }

    #[test]
    fn a_lease_is_given_out_once_and_to_its_token_alone() {
        let held = Held::default();
        let lease = cell(Token::from_bytes([7; 16]), 100);
        held.note(&lease);
        let mut other = [7; 16];
        other[15] = 8;
        assert_eq!(held.take(Token::from_bytes(other)), None);
        assert_eq!(held.take(Token::from_bytes([7; 16])), Some(lease));
        assert_eq!(held.take(Token::from_bytes([7; 16])), None);
    }

    #[test]
    fn stamps_and_large_cells_are_not_kept() {
        let held = Held::default();
        let token = Token::random();
        held.note(&Cell::stamp(token));
        assert_eq!(held.take(token), None);
        held.note(&cell(token, LARGEST + 1));
        assert_eq!(held.take(token), None);
    }
}
