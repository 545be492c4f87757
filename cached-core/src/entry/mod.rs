//! What a cache keeps under a key: a value or the fact that there is none, since when, until
//! when, and what it depends on.

mod shape;
mod times;

use std::any::Any;
use std::sync::Arc;

#[cfg(feature = "remote")]
pub(crate) use shape::Parted;
pub(crate) use shape::{Sealed, Shape, Taken};
pub(crate) use times::Times;

use crate::key::{Edition, Key, parts};
use crate::tag::Stamps;
use crate::time::Millis;
use crate::weigh::block;

/// A stored value, of a type that only the functions sharing the key know.
pub(crate) type Stored = Arc<dyn Any + Send + Sync>;

/// What is under a key.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A value.
    Value(Stored),
    /// The computation found nothing, and `ttl_none` says to remember that.
    Absent,
}

impl Payload {
    /// Whether both are values, of different types.
    pub(crate) fn is_of_another_type(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => (**one).type_id() != (**other).type_id(),
            _ => false,
        }
    }
}

/// One entry of a memory tier.
#[derive(Debug)]
pub(crate) struct Slot {
    key: SlotKey,
    pub(crate) payload: Payload,
    pub(crate) times: Times,
    pub(crate) stamps: Stamps,
}

impl Slot {
    pub(crate) fn new(key: &Key, payload: Payload, times: Times, stamps: Stamps) -> Self {
        Self {
            key: SlotKey::new(key),
            payload,
            times,
            stamps,
        }
    }

    #[inline]
    pub(crate) fn is_for(&self, key: &Key) -> bool {
        self.key.is(key)
    }

    /// Whether anybody may still be served.
    pub(crate) fn is_live(&self, now: Millis) -> bool {
        !self.times.is_expired(now) && self.stamps.are_current()
    }

    /// Whether there is a value that may be served, not the memory of having found none.
    pub(crate) fn holds_value(&self, now: Millis) -> bool {
        matches!(self.payload, Payload::Value(_)) && self.is_live(now)
    }

    /// What the entry costs beside its value, in bytes.
    pub(crate) fn overhead(&self) -> u64 {
        let shared = match self.payload {
            Payload::Value(_) => SHARED,
            Payload::Absent => 0,
        };
        let own = block(self.key.text.len()) + size_of::<Self>() + TABLE_OVERHEAD;
        (own + shared) as u64 + self.stamps.weight()
    }

    pub(crate) fn text(&self) -> &str {
        &self.key.text
    }

    pub(crate) fn key(&self) -> &SlotKey {
        &self.key
    }
}

/// What the table takes for one entry beside it, in bytes: 24 for its links and weight, and the mean
/// of what the free quarter of the slots (0 to 28), the index (16 to 32) and the memory of departed
/// keys (13 to 26) come to.
const TABLE_OVERHEAD: usize = 24 + 14 + 24 + 20;
/// Counters and allocator's share of a value, which has an allocation of its own.
const SHARED: usize = 32;

/// A key as it is kept: compact, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SlotKey {
    text: Box<str>,
    edition: Edition,
}

impl SlotKey {
    pub(crate) fn new(key: &Key) -> Self {
        Self {
            text: key.text().into(),
            edition: key.edition(),
        }
    }

    pub(crate) fn version(&self) -> u32 {
        self.edition.version()
    }

    pub(crate) fn is_digest(&self) -> bool {
        self.edition.is_digest()
    }

    /// Its tenant, and its text without it.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        parts(&self.text, self.edition)
    }

    pub(crate) fn to_key(&self) -> Key {
        Key::restored(&self.text, self.edition)
    }

    #[inline]
    pub(crate) fn is(&self, key: &Key) -> bool {
        self.edition == key.edition() && same(self.text.as_bytes(), key.as_bytes())
    }
}

/// Equality of two texts of equal length, without the call into the C library that `==` makes:
/// words of eight bytes from the front, and the last one, which may overlap.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (Some(a_end), Some(b_end)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a == b;
    };
    let (a_words, b_words) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    a_end == b_end && a_words.iter().zip(b_words).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn texts_that_differ_in_one_byte_or_in_length_are_not_the_same() {
        for len in 0..30 {
            let text = vec![b'a'; len];
            assert!(same(&text, &text.clone()), "{len} bytes");
            assert!(!same(&text, &vec![b'a'; len + 1]), "{len} bytes");
            for at in 0..len {
                let mut other = text.clone();
                other[at] = b'b';
                assert!(!same(&text, &other), "{len} bytes, at {at}");
            }
        }
    }
}
