//! The stable hash of `<x:hash>`: a canonical, typed, self-delimiting form of any serialisable
//! value, streamed into SHA-256.
//!
//! Every form begins with a byte that tells what it is, and tells where it ends, so that forms in
//! a row are read in one way only. What differs in Rust but not in meaning is alike: integers of
//! any width, arrays and vectors, structs and maps, fields in any order. Names of types are left
//! out, names of enum variants are in, their numbers are not.
//!
//! It is a form to hash, not a codec: nothing reads it back.

mod canonical;
mod collections;

use std::fmt::{self, Display, Write as _};

use hmac_sha256::Hash;
use serde::{Serialize, ser};

use canonical::Canonical;

/// Length of 128 bits in hex.
pub(super) const HEX_LEN: usize = 32;

/// Nesting beyond this is refused, long before it could exhaust the stack.
const MAX_DEPTH: u8 = 128;

/// The stable hash of a value, or why its `Serialize` failed.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<[u8; HEX_LEN], String> {
    let mut hash = Hash::new();
    value
        .serialize(Canonical {
            sink: &mut hash,
            depth: 0,
        })
        .map_err(|fault| fault.to_string())?;
    Ok(hex(&hash.finalize()))
}

/// The first 128 bits in hex.
pub(super) fn hex(hash: &[u8; 32]) -> [u8; HEX_LEN] {
    let mut hex = [0; HEX_LEN];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hash) {
        pair.copy_from_slice(&hex_of(*byte, b"0123456789abcdef"));
    }
    hex
}

pub(super) fn hex_of(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [
        digits[usize::from(byte >> 4)],
        digits[usize::from(byte & 15)],
    ]
}

/// Where a form goes: into the hash, or into a buffer while the entries of a map are sorted.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Hash {
    fn put(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// First bytes of forms.
mod tag {
    pub(super) const NONE: u8 = b'N';
    pub(super) const SOME: u8 = b'S';
    pub(super) const UNIT: u8 = b'U';
    pub(super) const TRUE: u8 = b'T';
    pub(super) const FALSE: u8 = b'F';
    pub(super) const NATURAL: u8 = b'P';
    pub(super) const NEGATIVE: u8 = b'M';
    pub(super) const FLOAT: u8 = b'D';
    pub(super) const TEXT: u8 = b's';
    pub(super) const BYTES: u8 = b'b';
    pub(super) const VARIANT: u8 = b'V';
    pub(super) const LIST: [u8; 2] = *b"[]";
    pub(super) const MAP: [u8; 2] = *b"{}";
}

/// Why a value has no form.
#[derive(Debug)]
struct Fault(Box<str>);

impl Fault {
    fn new(reason: impl Into<Box<str>>) -> Self {
        Self(reason.into())
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        // Unlike `to_string`, this does not panic when `Display` fails.
        Self::new(printed(&message).unwrap_or_default())
    }
}

fn printed(value: &(impl Display + ?Sized)) -> Result<String, fmt::Error> {
    let mut text = String::new();
    write!(text, "{value}").map(|()| text)
}
