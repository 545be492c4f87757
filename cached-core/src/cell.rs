//! What a shared backend keeps under one key: opaque bytes with a token at a fixed place.
//!
//! A backend compares tokens and stores bytes; what else the bytes mean is the codec's business.
//! Both therefore meet here and know nothing of each other.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The right to replace one cell: 128 random bits, new for every lease and every write.
///
/// Never a counter and never per process: a server that restarts must not hand out an old one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; Token::LEN]);

impl Token {
    /// Length in bytes.
    pub const LEN: usize = 16;

    /// A token that no other equals.
    #[must_use]
    pub fn random() -> Self {
        // std keys its SipHash with the OS's random bits; two keys make 128 bits that nobody can
        // predict, and the counter keeps tokens of one process apart in any case.
        static KEYS: std::sync::OnceLock<[RandomState; 2]> = std::sync::OnceLock::new();
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let keys = KEYS.get_or_init(|| [seeded(), seeded()]);
        let count = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut bytes = [0; Self::LEN];
        for (half, key) in bytes.chunks_exact_mut(8).zip(keys) {
            half.copy_from_slice(&key.hash_one(count).to_le_bytes());
        }
        Self(bytes)
    }

    /// The token of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as they stand in a cell.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// A hasher keyed from the OS anew: within one thread std derives the next key from the last by
/// counting, so each is made on a thread of its own.
fn seeded() -> RandomState {
    let on_a_new_thread = std::thread::Builder::new().spawn(RandomState::new);
    let joined = on_a_new_thread.map(|thread| thread.join());
    match joined {
        Ok(Ok(state)) => state,
        _ => RandomState::new(),
    }
}

/// The first half, for logs: enough to tell tokens apart, useless to forge one.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(")?;
        for byte in &self.0[..4] {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…)")
    }
}

/// The bytes under one key: a lease, a value, the fact that there is none, or a stamp.
///
/// Whatever a server returns is a cell, garbage included; [`token`](Self::token) says `None` then.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell(Vec<u8>);

impl Cell {
    /// The first bytes of every cell: what wrote it, and in which layout.
    pub(crate) const MAGIC: [u8; 3] = [0xCA, 0xC4, 1];
    /// Where the kind of the cell stands, one byte.
    pub(crate) const KIND_AT: usize = 3;
    /// Where the token begins.
    pub const TOKEN_AT: usize = 4;
    /// Length of what every cell begins with; a stamp is no longer than this.
    pub(crate) const PREAMBLE: usize = Self::TOKEN_AT + Token::LEN;

    /// The kind of a stamp; other kinds are the envelope's, but for the two of locks.
    const STAMP: u8 = b's';
    /// The kind of a lock.
    pub(crate) const LOCK: u8 = b'k';
    /// The kind of a fencing number.
    pub(crate) const FENCING: u8 = b'f';

    /// A cell of these bytes, as a server returned them.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Begins a cell: the caller appends what its kind holds.
    pub(crate) fn begin(kind: u8, token: Token, capacity: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::PREAMBLE + capacity);
        bytes.extend_from_slice(&Self::MAGIC);
        bytes.push(kind);
        bytes.extend_from_slice(token.as_bytes());
        bytes
    }

    /// A stamp: the cell of a tag, a function or a namespace. Its token is what entries remember.
    #[must_use]
    pub(crate) fn stamp(token: Token) -> Self {
        Self(Self::begin(Self::STAMP, token, 0))
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What a write that is conditional on this cell has to name; `None` for bytes that no cache
    /// of this library wrote.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        let bytes = self.0.get(Self::TOKEN_AT..Self::PREAMBLE)?;
        let token = Token(bytes.try_into().ok()?);
        self.0.starts_with(&Self::MAGIC).then_some(token)
    }

    pub(crate) fn kind(&self) -> Option<u8> {
        self.token().map(|_| self.0[Self::KIND_AT])
    }

    /// The token of a stamp; `None` if this is none.
    pub(crate) fn as_stamp(&self) -> Option<Token> {
        self.token()
            .filter(|_| self.0[Self::KIND_AT] == Self::STAMP && self.0.len() == Self::PREAMBLE)
    }
}

/// Its kind and length: the contents are the user's data.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("kind", &self.kind().map(char::from))
            .field("token", &self.token())
            .field("bytes", &self.0.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_read_back_from_a_cell() {
        let (a, b) = (Token::random(), Token::random());
        assert_ne!(a, b);
        assert_ne!(a.as_bytes()[..8], a.as_bytes()[8..]);
        let stamp = Cell::from_bytes(Cell::stamp(a).into_bytes());
        assert_eq!(stamp.token(), Some(a));
        assert_eq!(stamp.as_stamp(), Some(a));
    }

    #[test]
    fn garbage_has_no_token() {
        for bytes in [&b""[..], b"x", b"\xCA\xC4\x01s", &[0; 200]] {
            let cell = Cell::from_bytes(bytes.to_vec());
            assert_eq!(cell.token(), None);
            assert_eq!(cell.as_stamp(), None);
            assert_eq!(cell.kind(), None);
        }
        let long = [Cell::stamp(Token::random()).into_bytes(), vec![0]].concat();
        assert_eq!(Cell::from_bytes(long).as_stamp(), None);
    }
}
