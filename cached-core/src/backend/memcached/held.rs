//! The CAS numbers of cells that this process put somewhere or saw: whoever replaces a cell whose
//! number is known needs no read before it, and many are replaced in one round trip.
//!
//! A number holds for the connection that told it. What is forgotten here, or was replaced
//! meanwhile, is read and compared instead, so a few thousand do. What was merely seen is kept
//! apart: reads are many, and the leases of computations under way outlast them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cell::{Cell, Token};

const PLACES: usize = 512;
/// So many share a place, so that those of one batch hardly ever push each other out.
const DEPTH: usize = 8;

/// The number of one item, as a connection told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    token: Token,
    link: u64,
    cas: u64,
}

/// What is known of the cells that may be replaced soon.
#[derive(Debug, Default)]
pub(super) struct Held {
    put: Numbers,
    seen: Numbers,
}

impl Held {
    /// Takes note of what this connection said of the cell with this token, which was put there.
    pub(super) fn note(&self, token: Option<Token>, link: u64, cas: Option<u64>) {
        if let (Some(token), Some(cas)) = (token, cas) {
            self.put.note(Number { token, link, cas });
        }
    }

    /// Takes note of what this connection said of the cell that it found.
    pub(super) fn saw(&self, cell: &Cell, link: u64, cas: u64) {
        // Nobody replaces a stamp.
        let token = cell.token().filter(|_| cell.as_stamp().is_none());
        if let Some(token) = token {
            self.seen.note(Number { token, link, cas });
        }
    }

    /// The number of the cell with this token, which is about to be replaced, if this connection
    /// told it.
    pub(super) fn take(&self, token: Token, link: u64) -> Option<u64> {
        let (put, seen) = (self.put.take(token, link), self.seen.take(token, link));
        // A server counts upwards: the greater one is newer.
        put.max(seen)
    }
}

/// Numbers by their tokens. Of too many in one place the oldest is forgotten.
#[derive(Debug)]
struct Numbers([Mutex<VecDeque<Number>>; PLACES]);

impl Default for Numbers {
    fn default() -> Self {
        Self([const { Mutex::new(VecDeque::new()) }; PLACES])
    }
}

impl Numbers {
    fn note(&self, number: Number) {
        let mut place = self.place(number.token);
        place.retain(|known| known.token != number.token);
        if place.len() == DEPTH {
            place.pop_front();
        }
        place.push_back(number);
    }

    fn take(&self, token: Token, link: u64) -> Option<u64> {
        let mut place = self.place(token);
        let at = place
            .iter()
            .position(|number| number.token == token && number.link == link)?;
        place.remove(at).map(|number| number.cas)
    }

    fn place(&self, token: Token) -> MutexGuard<'_, VecDeque<Number>> {
        let [low, high, ..] = *token.as_bytes();
        let number = usize::from(u16::from_le_bytes([low, high])) % PLACES;
        let place = &self.0[number];
        place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of many tokens that share a place.
    fn token(number: u8) -> Token {
        let mut bytes = [7; 16];
        bytes[15] = number;
        Token::from_bytes(bytes)
    }

    #[test]
    fn a_number_is_given_out_once_to_its_token_and_its_connection() {
        let held = Held::default();
        held.note(Some(token(1)), 1, Some(40));
        assert_eq!(held.take(token(2), 1), None);
        let after_a_reconnect = held.take(token(1), 2);
        assert_eq!(after_a_reconnect, None, "it means nothing there");
        assert_eq!(held.take(token(1), 1), Some(40));
        assert_eq!(held.take(token(1), 1), None);
        held.note(None, 1, Some(41));
        held.note(Some(token(1)), 1, None);
        assert_eq!(held.take(token(1), 1), None);
    }

    #[test]
    fn a_place_has_room_for_several_and_the_newest_number_of_each() {
        let held = Held::default();
        for number in 0..=DEPTH as u8 {
            held.note(Some(token(number)), 1, Some(1));
        }
        let last = token(DEPTH as u8);
        held.note(Some(last), 1, Some(2));
        assert_eq!(held.take(token(0), 1), None, "the oldest is forgotten");
        assert_eq!(held.take(token(1), 1), Some(1));
        assert_eq!(held.take(last, 1), Some(2));
        assert_eq!(held.take(last, 1), None);
    }

    #[test]
    fn what_is_seen_pushes_nothing_out_that_was_put_there() {
        let held = Held::default();
        held.note(Some(token(0)), 1, Some(40));
        for number in 0..100 {
            let mut bytes = Cell::begin(b'v', token(number), 1);
            bytes.push(0);
            held.saw(&Cell::from_bytes(bytes), 1, 50 + u64::from(number));
        }
        held.saw(&Cell::stamp(token(99)), 1, 7);
        assert_eq!(held.take(token(0), 1), Some(40));
        assert_eq!(held.take(token(99), 1), Some(149), "a stamp is not noted");
        held.note(Some(token(98)), 1, Some(41));
        assert_eq!(held.take(token(98), 1), Some(148), "the newer one");
    }
}
