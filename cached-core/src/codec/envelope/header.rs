//! Where everything stands in an envelope, and reading it.
//!
//! ```text
//!  0 magic, layout   3 kind   4 token                 the preamble of every cell
//! 20 flags u8   21 format u8   22 stamps u16   24 compute time u32
//! 28 fingerprint u64   36 created u64   44 soft u64   52 hard u64
//! 60 checksum u64, or MAC of 16 bytes                 over everything but itself, and the key
//!    stamps: n × (id u64, value u64)   then the payload, to the end
//! ```
//!
//! All numbers are little endian. What need not be said is not: thousands of small values are read
//! at once, and most of such a cell is this. The key has no room of its own, since the sum of another
//! key's cell does not fit either.

use super::{Body, Encoded, Kind, Meta, Stamp, Times};
use crate::cell::{Cell, Token};
use crate::codec::fault::{Unencodable, Unreadable};

const FLAGS: usize = Cell::PREAMBLE;
const FORMAT: usize = FLAGS + 1;
const STAMPS: usize = FORMAT + 1;
const COMPUTE: usize = STAMPS + 2;
const TYPE: usize = COMPUTE + 4;
const CREATED: usize = TYPE + 8;
const SOFT: usize = CREATED + 8;
const HARD: usize = SOFT + 8;
/// Where the checksum or MAC stands, behind the header.
pub(super) const SUM: usize = HARD + 8;

/// Length of the checksum or MAC.
pub(super) const fn sum_len(mac: bool) -> usize {
    if mac { 16 } else { 8 }
}

/// Length of one stamp.
const STAMP_LEN: usize = 16;

/// The payload is a compressed block.
const COMPRESSED: u8 = 1;
/// The sum is a MAC.
const MAC: u8 = 2;

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Lease => b'l',
            Self::Value => b'v',
            Self::Absent => b'a',
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Lease, Self::Value, Self::Absent]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }
}

impl<'b> Body<'b> {
    fn kind(self) -> Kind {
        match self {
            Self::Lease => Kind::Lease,
            Self::Absent => Kind::Absent,
            Self::Value(_) => Kind::Value,
        }
    }

    fn encoded(self) -> Option<&'b Encoded> {
        match self {
            Self::Value(encoded) => Some(encoded),
            Self::Lease | Self::Absent => None,
        }
    }
}

/// The bytes of a cell whose sum is still zero.
pub(super) fn unsealed(meta: &Meta<'_>, body: Body<'_>, mac: bool) -> Result<Vec<u8>, Unencodable> {
    let encoded = body.encoded();
    let payload = encoded.map_or(&[][..], |encoded| &encoded.bytes);
    let stamps = u16::try_from(meta.stamps.len()).map_err(|_| Unencodable::TooLarge {
        size: meta.stamps.len(),
        limit: usize::from(u16::MAX),
    })?;
    let compressed = encoded.is_some_and(|encoded| encoded.compressed);
    let flags = (u8::from(compressed) * COMPRESSED) | (u8::from(mac) * MAC);

    let sum = &[0; 16][..sum_len(mac)];
    let rest = SUM - Cell::PREAMBLE + sum.len() + meta.stamps.len() * STAMP_LEN + payload.len();
    let mut bytes = Cell::begin(body.kind().byte(), meta.token, rest);
    bytes.push(flags);
    bytes.push(encoded.map_or(0, |encoded| encoded.format));
    bytes.extend_from_slice(&stamps.to_le_bytes());
    bytes.extend_from_slice(&meta.compute_us.to_le_bytes());
    let fingerprint = encoded.map_or(0, |encoded| encoded.fingerprint);
    bytes.extend_from_slice(&fingerprint.to_le_bytes());
    bytes.extend_from_slice(&times_bytes(meta.times));
    bytes.extend_from_slice(sum);
    for stamp in meta.stamps {
        bytes.extend_from_slice(&stamp.id.to_le_bytes());
        bytes.extend_from_slice(&stamp.value.to_le_bytes());
    }
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

fn times_bytes(times: Times) -> [u8; SUM - CREATED] {
    let mut bytes = [0; SUM - CREATED];
    let all = [times.created, times.soft, times.hard];
    for (field, time) in bytes.chunks_exact_mut(8).zip(all) {
        field.copy_from_slice(&time.to_le_bytes());
    }
    bytes
}

/// Replaces the token of a cell at least as long as a header.
pub(super) fn set_token(bytes: &mut [u8], token: Token) {
    bytes[Cell::TOKEN_AT..Cell::PREAMBLE].copy_from_slice(token.as_bytes());
}

/// Replaces the times of a cell at least as long as a header.
pub(super) fn set_times(bytes: &mut [u8], times: Times) {
    bytes[CREATED..SUM].copy_from_slice(&times_bytes(times));
}

/// A checked cell: what its header says, and its payload, still encoded.
#[derive(Clone, Copy)]
pub struct Opened<'c> {
    header: &'c [u8; SUM],
    kind: Kind,
    token: Token,
    stamps: &'c [[u8; STAMP_LEN]],
    payload: &'c [u8],
}

impl<'c> Opened<'c> {
    /// Reads a cell whose stamps fit; its sum is unchecked, or was checked before.
    pub(crate) fn unchecked(cell: &'c Cell) -> Result<Self, Unreadable> {
        let token = cell.token().ok_or(Unreadable::Foreign)?;
        let kind = cell.kind().and_then(Kind::of_byte);
        let kind = kind.ok_or(Unreadable::Foreign)?;
        let (header, rest) = cell
            .as_bytes()
            .split_first_chunk()
            .ok_or(Unreadable::Truncated)?;
        let sum_len = sum_len(header[FLAGS] & MAC != 0);
        let stamps_len = usize::from(u16::from_le_bytes(field(header, STAMPS))) * STAMP_LEN;
        let (stamps, payload) = rest
            .split_at_checked(sum_len + stamps_len)
            .ok_or(Unreadable::Truncated)?;
        let (stamps, _) = stamps[sum_len..].as_chunks();
        Ok(Self {
            header,
            kind,
            token,
            stamps,
            payload,
        })
    }

    /// Refuses what this layout does not have: a flag of a later release.
    pub(super) fn known(self) -> Result<Self, Unreadable> {
        if self.flags() & !(COMPRESSED | MAC) == 0 {
            Ok(self)
        } else {
            Err(Unreadable::Foreign)
        }
    }

    /// What the cell holds.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The token of the write or lease: that of the cell, once it was checked.
    #[allow(
        dead_code,
        reason = "conditional writes name the token of the unopened cell"
    )]
    pub(crate) fn token(&self) -> Token {
        self.token
    }

    /// When it was made, and how long it counts.
    pub(crate) fn times(&self) -> Times {
        Times {
            created: u64::from_le_bytes(field(self.header, CREATED)),
            soft: u64::from_le_bytes(field(self.header, SOFT)),
            hard: u64::from_le_bytes(field(self.header, HARD)),
        }
    }

    /// How long the computation took in microseconds, or is expected to take.
    pub(crate) fn compute_us(&self) -> u32 {
        u32::from_le_bytes(field(self.header, COMPUTE))
    }

    /// Of the type that was written; 0 without a value.
    pub(crate) fn fingerprint(&self) -> u64 {
        u64::from_le_bytes(field(self.header, TYPE))
    }

    /// The id of the payload's format; 0 without a value.
    pub(crate) fn format(&self) -> u8 {
        self.header[FORMAT]
    }

    /// What the value depends on.
    pub(crate) fn stamps(&self) -> Stamps<'c> {
        Stamps(self.stamps.iter())
    }

    /// The encoded value.
    pub(crate) fn payload(&self) -> &'c [u8] {
        self.payload
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.flags() & COMPRESSED != 0
    }

    pub(super) fn has_mac(&self) -> bool {
        self.flags() & MAC != 0
    }

    fn flags(&self) -> u8 {
        self.header[FLAGS]
    }
}

/// Not the payload: it is the user's data.
impl std::fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("kind", &self.kind)
            .field("token", &self.token)
            .field("times", &self.times())
            .field("format", &self.format())
            .field("stamps", &self.stamps.len())
            .field("payload", &self.payload.len())
            .finish()
    }
}

/// The stamps of a cell, in the order in which they were written.
#[derive(Clone)]
pub(crate) struct Stamps<'c>(std::slice::Iter<'c, [u8; STAMP_LEN]>);

impl Iterator for Stamps<'_> {
    type Item = Stamp;

    fn next(&mut self) -> Option<Stamp> {
        let bytes = u128::from_le_bytes(*self.0.next()?);
        Some(Stamp {
            id: bytes as u64,
            value: (bytes >> 64) as u64,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Stamps<'_> {}

/// The bytes of the field that begins there.
fn field<const N: usize>(header: &[u8; SUM], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}
