//! The CAS numbers of leases that this process has put somewhere: a fill that knows its lease's
//! number needs no read before it.
//!
//! A number holds for the connection that told it. What is forgotten here, or was replaced
//! meanwhile, is read and compared instead, so a few hundred places do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cell::Token;

const PLACES: usize = 512;

/// The number of one item, as a connection told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    token: Token,
    link: u64,
    cas: u64,
}

/// Numbers by their tokens. Of two that share a place the older one is forgotten.
#[derive(Debug)]
pub(super) struct Held([Mutex<Option<Number>>; PLACES]);

impl Default for Held {
    fn default() -> Self {
        Self([const { Mutex::new(None) }; PLACES])
    }
}

impl Held {
    /// Takes note of what this connection said of the cell with this token.
    pub(super) fn note(&self, token: Option<Token>, link: u64, cas: Option<u64>) {
        if let (Some(token), Some(cas)) = (token, cas) {
            *self.place(token) = Some(Number { token, link, cas });
        }
    }

    /// The number of the cell with this token, which is about to be replaced, if this connection
    /// told it.
    pub(super) fn take(&self, token: Token, link: u64) -> Option<u64> {
        let number = self
            .place(token)
            .take_if(|number| number.token == token && number.link == link);
        number.map(|number| number.cas)
    }

    fn place(&self, token: Token) -> MutexGuard<'_, Option<Number>> {
        let [low, high, ..] = *token.as_bytes();
        let number = usize::from(u16::from_le_bytes([low, high])) % PLACES;
        let place = &self.0[number];
        place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_out_once_to_its_token_and_its_connection() {
        let held = Held::default();
        let token = Token::from_bytes([7; 16]);
        held.note(Some(token), 1, Some(40));
        let mut other = [7; 16];
        other[15] = 8;
        assert_eq!(held.take(Token::from_bytes(other), 1), None);
        assert_eq!(
            held.take(token, 2),
            None,
            "after a reconnect it means nothing"
        );
        assert_eq!(held.take(token, 1), Some(40));
        assert_eq!(held.take(token, 1), None);
        held.note(None, 1, Some(41));
        held.note(Some(token), 1, None);
        assert_eq!(held.take(token, 1), None);
    }
}
