//! Closing envelopes, and opening only those that nobody changed.

use std::fmt;

use hmac_sha256::HMAC;
use twox_hash::XxHash3_64;

use super::header::{self, Opened, SUM, SUM_LEN};
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
        Ok(self.sealed(bytes))
    }

    /// Checks a cell, its payload unread: layout, lengths, sum, key.
    ///
    /// # Errors
    ///
    /// Why this is not an intact entry of that key.
    pub(crate) fn open<'c>(
        &self,
        cell: &'c Cell,
        key_hash: u128,
    ) -> Result<Opened<'c>, Unreadable> {
        let opened = self.verified(cell)?;
        if opened.key_hash() == key_hash {
            Ok(opened)
        } else {
            Err(Unreadable::OtherKey)
        }
    }

    /// The cell under another token; `None` if it is not intact.
    pub(crate) fn with_token(&self, cell: &Cell, token: Token) -> Option<Cell> {
        self.rewritten(cell, |bytes| header::set_token(bytes, token))
    }

    /// The cell with other times; `None` if it is not intact.
    pub(crate) fn with_times(&self, cell: &Cell, times: Times) -> Option<Cell> {
        self.rewritten(cell, |bytes| header::set_times(bytes, times))
    }

    fn rewritten(&self, cell: &Cell, change: impl FnOnce(&mut [u8])) -> Option<Cell> {
        self.verified(cell).ok()?;
        let mut bytes = cell.as_bytes().to_vec();
        change(&mut bytes);
        Some(self.sealed(bytes))
    }

    fn verified<'c>(&self, cell: &'c Cell) -> Result<Opened<'c>, Unreadable> {
        let opened = Opened::unchecked(cell)?;
        // Without the key, a MAC proves nothing; with it, a checksum does not.
        let of_our_kind = opened.has_mac() == self.key.is_some();
        if of_our_kind && self.fits(cell.as_bytes()) {
            opened.known()
        } else {
            Err(Unreadable::Corrupt)
        }
    }

    fn sealed(&self, mut bytes: Vec<u8>) -> Cell {
        let sum = self.sum(&bytes);
        bytes[SUM..header::LEN].copy_from_slice(&sum);
        Cell::from_bytes(bytes)
    }

    /// In a time that tells nothing about where the sums differ.
    fn fits(&self, bytes: &[u8]) -> bool {
        let found = &bytes[SUM..header::LEN];
        let pairs = self.sum(bytes).into_iter().zip(found);
        pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }

    /// The sum over all of a cell but the sum.
    fn sum(&self, bytes: &[u8]) -> [u8; SUM_LEN] {
        let (head, tail) = (&bytes[..SUM], &bytes[header::LEN..]);
        let mut sum = [0; SUM_LEN];
        match &self.key {
            Some(key) => sum.copy_from_slice(&hmac(key, head, tail)[..SUM_LEN]),
            None => sum[..8].copy_from_slice(&checksum(head, tail).to_le_bytes()),
        }
        sum
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

/// xxh3 of the tail, seeded with that of the head: nothing is copied together.
fn checksum(head: &[u8], tail: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(head), tail)
}

fn hmac(key: &[u8; 32], head: &[u8], tail: &[u8]) -> [u8; 32] {
    let mut mac = HMAC::new(key);
    mac.update(head);
    mac.update(tail);
    mac.finalize()
}
