//! Closing envelopes, and opening only those that nobody changed.

use std::fmt;

use hmac_sha256::HMAC;
use twox_hash::XxHash3_64;

use super::header::{self, Opened, SUM, sum_len};
use super::{Body, Meta, Times};
use crate::cell::{Cell, Token};
use crate::codec::fault::{Unencodable, Unreadable};

/// How a cache's cells are sealed: with a checksum against damage, or with a MAC also against
/// people who can write to the backend but do not hold the key.
///
/// A MAC does not prove that a cell is the newest: whoever can write can put an old one back.
#[derive(Clone, Copy)]
pub(crate) struct Seal {
    key: Option<[u8; 32]>,
}

impl Seal {
    /// Seals with a checksum.
    pub(crate) fn checksum() -> Self {
        Self { key: None }
    }

    /// Seals with HMAC-SHA256, cut to 128 bits. Cells without a valid one are corrupt.
    pub(crate) fn mac(key: [u8; 32]) -> Self {
        Self { key: Some(key) }
    }

    /// Puts a value, or the lack of one, into a cell.
    ///
    /// # Errors
    ///
    /// It carries more stamps, or bytes, than an envelope has room for.
    pub(crate) fn write(&self, meta: &Meta<'_>, body: Body<'_>) -> Result<Cell, Unencodable> {
        let bytes = header::unsealed(meta, body, self.key.is_some())?;
        Ok(self.sealed(bytes, meta.key_hash))
    }

    /// Checks a cell of that key, its payload unread: layout, lengths, sum.
    ///
    /// # Errors
    ///
    /// Why this is not an intact entry of that key.
    pub(crate) fn open<'c>(
        &self,
        cell: &'c Cell,
        key_hash: u128,
    ) -> Result<Opened<'c>, Unreadable> {
        let opened = Opened::unchecked(cell)?;
        // Without the key, a MAC proves nothing; with it, a checksum does not.
        let of_our_kind = opened.has_mac() == self.key.is_some();
        if of_our_kind && self.fits(cell.as_bytes(), key_hash) {
            opened.known()
        } else {
            Err(Unreadable::Corrupt)
        }
    }

    /// The cell of that key under another token; `None` if it is not intact.
    pub(crate) fn with_token(&self, cell: &Cell, key_hash: u128, token: Token) -> Option<Cell> {
        self.rewritten(cell, key_hash, |bytes| header::set_token(bytes, token))
    }

    /// The cell of that key with other times; `None` if it is not intact.
    pub(crate) fn with_times(&self, cell: &Cell, key_hash: u128, times: Times) -> Option<Cell> {
        self.rewritten(cell, key_hash, |bytes| header::set_times(bytes, times))
    }

    fn rewritten(
        &self,
        cell: &Cell,
        key_hash: u128,
        change: impl FnOnce(&mut [u8]),
    ) -> Option<Cell> {
        self.open(cell, key_hash).ok()?;
        let mut bytes = cell.as_bytes().to_vec();
        change(&mut bytes);
        Some(self.sealed(bytes, key_hash))
    }

    fn sealed(&self, mut bytes: Vec<u8>, key_hash: u128) -> Cell {
        let (head, rest) = bytes.split_at_mut(SUM);
        match &self.key {
            Some(key) => {
                let (sum, tail) = rest.split_at_mut(sum_len(true));
                sum.copy_from_slice(&mac(key, key_hash, head, tail));
            }
            None => {
                let (sum, tail) = rest.split_at_mut(sum_len(false));
                sum.copy_from_slice(&checksum(key_hash, head, tail));
            }
        }
        Cell::from_bytes(bytes)
    }

    /// Whether the sum of a cell that has room for it is that of its bytes.
    fn fits(&self, bytes: &[u8], key_hash: u128) -> bool {
        let (head, rest) = bytes.split_at(SUM);
        let (sum, tail) = rest.split_at(sum_len(self.key.is_some()));
        match &self.key {
            None => checksum(key_hash, head, tail) == *sum,
            // In a time that tells nothing about where they differ.
            Some(key) => {
                let pairs = mac(key, key_hash, head, tail).into_iter().zip(sum);
                pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
            }
        }
    }
}

/// Which way, never the key.
impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.key {
            Some(_) => "Seal(mac)",
            None => "Seal(checksum)",
        })
    }
}

/// xxh3 of the tail, seeded with that of the head, and both with the key: nothing is copied together.
fn checksum(key_hash: u128, head: &[u8], tail: &[u8]) -> [u8; sum_len(false)] {
    let (low, high) = (key_hash as u64, (key_hash >> 64) as u64);
    let seed = XxHash3_64::oneshot_with_seed(low, head) ^ high;
    XxHash3_64::oneshot_with_seed(seed, tail).to_le_bytes()
}

/// HMAC-SHA256 of all of it, cut to 128 bits.
fn mac(key: &[u8; 32], key_hash: u128, head: &[u8], tail: &[u8]) -> [u8; sum_len(true)] {
    let mut mac = HMAC::new(key);
    mac.update(key_hash.to_le_bytes());
    mac.update(head);
    mac.update(tail);
    let mut sum = [0; sum_len(true)];
    sum.copy_from_slice(&mac.finalize()[..sum_len(true)]);
    sum
}
