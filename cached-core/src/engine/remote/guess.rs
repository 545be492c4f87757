//! Whose entry stands under a key, guessed by whoever reads it without knowing.
//!
//! An entry of a function carries the function's stamp. The handle knows keys and no functions, so it
//! learns of that stamp from the entry, and has to ask for it in a second round trip. Keys that begin
//! alike are mostly of one function: what the last of them carried is asked for at once. A wrong
//! guess costs one name more in a question, and is no part of what is judged or written.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::FixedState;

use super::name::StampId;

/// How many beginnings are told apart.
const SLOTS: usize = 64;

/// Where the beginning of a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess(usize);

/// The first stamp, beside the namespace's, of the last entry that was read by the handle; 0: none.
#[derive(Debug)]
pub(super) struct Guesses([AtomicU64; SLOTS]);

impl Default for Guesses {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }
}

impl Guesses {
    /// Where what is known of keys like this one is.
    pub(super) fn at(text: &str) -> Guess {
        let hash = FixedState::default().hash_one(beginning(text.as_bytes()));
        Guess((hash % SLOTS as u64) as usize)
    }

    /// The stamp that such entries carry, as far as is known.
    pub(super) fn of(&self, guess: Guess) -> Option<StampId> {
        let id = self.0[guess.0].load(Ordering::Relaxed);
        (id != 0).then_some(id)
    }

    /// Takes note of the stamps that were not guessed. A function's is the first.
    pub(super) fn learn(&self, guess: Option<Guess>, missing: &[StampId]) {
        if let (Some(guess), Some(first)) = (guess, missing.first()) {
            self.0[guess.0].store(*first, Ordering::Relaxed);
        }
    }
}

/// What a key has in common with others of its function, most likely: what stands before its first
/// digit, or else before its last separator.
fn beginning(text: &[u8]) -> &[u8] {
    let digit = text.iter().position(u8::is_ascii_digit);
    let end = digit.or_else(|| text.iter().rposition(|byte| b":/(".contains(byte)));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_template_begin_alike() {
        for (text, begins) in [
            ("post:7", "post:"),
            ("post:71", "post:"),
            ("user:alice", "user"),
            ("user:7:posts", "user:"),
            ("app::posts(7)", "app::posts("),
            ("settings", "settings"),
        ] {
            assert_eq!(beginning(text.as_bytes()), begins.as_bytes(), "{text}");
        }
    }
}
