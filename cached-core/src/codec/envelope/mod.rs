//! The envelope: what stands around a value in a shared backend, so that bytes need no trust.
//!
//! An envelope says what it carries (type fingerprint), since when and how long it may be used, and
//! on what it depends (stamps), and proves that nothing of it changed and that it is of this key
//! (checksum, or MAC). [`Seal::open`] checks all of that before anybody looks at the payload.
//!
//! Not for stamps, which are bare tokens, and no protection against reading: the payload is plain.

mod header;
mod seal;

use std::fmt;

use twox_hash::XxHash3_128;

use crate::cell::Token;
use crate::time::Millis;

pub(crate) use header::Opened;
pub(crate) use seal::Seal;

/// What an entry's cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody computes the value.
    Lease,
    /// A value.
    Value,
    /// The computation found nothing, and that is cached.
    Absent,
}

/// When a cell was made and how long it counts, by the backend's clock in unix milliseconds.
/// `Millis::MAX` is forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// The computation began, or the lease was taken.
    pub(crate) created: Millis,
    /// Fresh before this.
    pub(crate) soft: Millis,
    /// Gone from here on.
    pub(crate) hard: Millis,
}

/// What a tag, function, namespace or dependency was when the value was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Which of them.
    pub(crate) id: u64,
    /// Its value then; another one now means that the entry is void.
    pub(crate) value: u64,
}

/// What a cell says about its value, beside the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta<'m> {
    /// Of the key it stands under ([`key_hash`]).
    pub(crate) key_hash: u128,
    /// The token of this write or lease.
    pub(crate) token: Token,
    /// When it was made, and how long it counts.
    pub(crate) times: Times,
    /// How long the computation took in microseconds; for a lease, how long it is expected to.
    pub(crate) compute_us: u32,
    /// What the value depends on.
    pub(crate) stamps: &'m [Stamp],
}

/// What to put into an envelope.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'b> {
    /// Nothing yet.
    Lease,
    /// The fact that there is nothing.
    Absent,
    /// A value.
    Value(&'b Encoded),
}

/// A value as it stands in a cell.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The id of its format.
    pub(crate) format: u8,
    /// Whether the bytes are a compressed block.
    pub(crate) compressed: bool,
    /// Of the type's shape or schema.
    pub(crate) fingerprint: u64,
    /// The payload.
    pub(crate) bytes: Vec<u8>,
}

/// Not the bytes: they are the user's data.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("format", &self.format)
            .field("compressed", &self.compressed)
            .field("fingerprint", &self.fingerprint)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// The hash by which a cell knows its key: of its text, and of all that the key is beside it.
pub(crate) fn key_hash(text: &[u8], edition: u64) -> u128 {
    // As the seed, the edition needs no copy of the text.
    XxHash3_128::oneshot_with_seed(edition, text)
}
