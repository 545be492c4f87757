//! The writer of one key: a buffer on the stack, and a digest once it is full.
//!
//! It is on the path of every hit, so the common case is one bounds check and a copy per piece.

use std::fmt;

use hmac_sha256::Hash;
use serde::Serialize;

use super::digits::{self, MAX_DIGITS};
use super::encoding::{encoded, is_plain, needs_encoding};
use super::{Edition, Key, KeyError, KeyPart, KeyType, MAX_LEN, digest, secret};

/// Bytes kept of a text that is too long; `#` and the digest follow.
pub(super) const PREFIX_LEN: usize = MAX_LEN - 1 - digest::HEX_LEN;

/// Takes the pieces of one key in order.
///
/// Generated code calls the methods that return `&mut Self`, one per piece of the template. An
/// implementation of [`KeyPart`] calls [`text`](Self::text) and [`mark`](Self::mark), or
/// [`KeyPart::write_key`] of its fields.
pub struct KeyWriter {
    pub(super) key: Key,
    /// What short, well-formed keys do without; one word, so that they cost nothing to drop.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    spill: Option<Spill>,
    error: Option<KeyError>,
}

/// The text is longer than the buffer: the buffer holds its beginning, this its digest so far.
struct Spill {
    hash: Hash,
    last: u8,
}

impl KeyWriter {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            key: Key {
                bytes: [0; MAX_LEN],
                edition: Edition::of(0),
                len: 0,
            },
            rare: None,
        }
    }

    /// A literal of the template, as it is.
    #[inline]
    pub fn literal(&mut self, text: &'static str) -> &mut Self {
        self.raw(text);
        self
    }

    /// `<x>`: the canonical form of a value.
    #[inline]
    pub fn part<P: KeyPart + ?Sized>(&mut self, part: &P) -> &mut Self {
        part.write_key(self);
        self
    }

    /// `<x:hash>`: 32 hex digits, half of a SHA-256, that stand for any serialisable value.
    ///
    /// Equal values have equal hashes in every process and on every platform. Integers of any
    /// width are alike, so are arrays and vectors, and structs and maps of the same entries: the
    /// entries of a map are sorted. `-0.0` is `0.0`, and any NaN is the same NaN. What is *not*
    /// suitable is a sequence whose order means nothing, such as a `HashSet`: use a `BTreeSet`.
    ///
    /// A value whose `Serialize` fails, or that nests deeper than 128 levels, leaves the key
    /// without a form: rendering it is an error.
    pub fn hash<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        match digest::of(value) {
            Ok(hex) => self.push(&hex),
            Err(reason) => self.fail(KeyError::unserialisable(&reason)),
        }
        self
    }

    /// `<x:secret>`: 32 hex digits of a keyed hash, for values that must not be seen in keys.
    ///
    /// It is half of an HMAC-SHA256 of the value's canonical form, under the key in the
    /// environment variable `CACHE_KEY_SECRET`, read once. Without that variable the key is random
    /// and dies with the process, so that no other process ever finds the entry; set the variable
    /// where several processes or restarts share a backend.
    pub fn secret<P: KeyPart + ?Sized>(&mut self, part: &P) -> &mut Self {
        let mut inner = Self::new();
        part.write_key(&mut inner);
        inner.complete(0);
        match inner.error() {
            Some(error) if error != KeyError::EMPTY => self.fail(error.clone()),
            _ => self.push(&secret::mac(&inner.key)),
        }
        self
    }

    /// `<T>`, `<Self>`: the name that a type was given.
    #[inline]
    pub fn type_part<T: KeyType + ?Sized>(&mut self) -> &mut Self {
        self.text(T::NAME);
        self
    }

    /// Ends a chain of calls whose value is not wanted, so that a closure can be one expression.
    #[doc(hidden)]
    #[inline]
    pub fn end(&mut self) {}

    /// What tells functions apart whose keys were left to the macro and begin with the same text:
    /// nothing for the first of them, `~1`, `~2` and so on for the others.
    #[doc(hidden)]
    #[inline]
    pub fn rank(&mut self, rank: u32) -> &mut Self {
        if rank > 0 {
            self.raw("~");
            self.decimal(rank.into());
        }
        self
    }

    /// The `Self` of a method whose key was left to the macro: `:` and the type's name as the
    /// compiler prints it. Compilers may print it differently, so such keys are for one build.
    pub fn self_type(&mut self, name: &'static str) -> &mut Self {
        self.raw(":");
        self.text(name);
        self
    }

    /// Text, with everything but `A-Z a-z 0-9 _ . ~ -` percent-encoded. Several calls in a row
    /// write one text.
    #[inline]
    pub fn text(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.push(text.as_bytes());
        } else {
            self.encode(text.as_bytes());
        }
    }

    /// One of the structural characters `( ) [ ] , + !`, which no text can contain. Any other
    /// character is written as text.
    ///
    /// They follow the grammar of keys: `(a,b)` for values of a fixed number of parts, `[a,b]` for
    /// any number, `+a` and `!` for what may be missing. Between brackets, the comma that tells an
    /// empty last part apart is added by itself.
    pub fn mark(&mut self, mark: char) {
        match mark {
            '(' | '[' | ',' | '+' | '!' => self.push(&[mark as u8]),
            ')' | ']' => self.close(mark as u8, self.last() == b','),
            other => self.text(other.encode_utf8(&mut [0; 4])),
        }
    }

    /// Closes a bracket; an empty last part is followed by a comma.
    pub(super) fn close(&mut self, bracket: u8, last_is_empty: bool) {
        if last_is_empty {
            self.push(b",");
        }
        self.push(&[bracket]);
    }

    /// The byte written last; 0 at the beginning.
    pub(super) fn last(&self) -> u8 {
        match self.rare.as_ref().and_then(|rare| rare.spill.as_ref()) {
            Some(spill) => spill.last,
            None => self.key.as_bytes().last().copied().unwrap_or(0),
        }
    }

    /// An integer without sign, in decimal.
    #[inline]
    pub(super) fn decimal(&mut self, number: u64) {
        let start = usize::from(self.key.len);
        // Always eight, so that copying them is one step.
        match self.key.bytes.get_mut(start..start + 8) {
            Some(room) if number < digits::SHORT => {
                let (text, digits) = digits::short(number);
                room.copy_from_slice(&text);
                self.key.len += digits as u8;
            }
            _ => self.long_decimal(number),
        }
    }

    /// The same for large numbers, and where the buffer ends.
    fn long_decimal(&mut self, number: u64) {
        let mut room = [0; MAX_DIGITS];
        let room = &mut room[..digits::count(number)];
        digits::fill(room, number);
        self.push(room);
    }

    /// What a formatter prints, as text.
    pub(super) fn print(&mut self, text: fmt::Arguments<'_>) {
        // The printer below never fails, and neither do the formatters given here.
        let _ = fmt::write(&mut Printer(self), text);
    }

    /// Text as it is: a template literal or a low-level key.
    #[inline]
    pub(super) fn raw(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        match self.room(bytes.len()) {
            Some(room) => room.copy_from_slice(bytes),
            None => self.spill(bytes),
        }
    }

    /// The next so many bytes of the buffer, counted as written.
    #[inline]
    fn room(&mut self, bytes: usize) -> Option<&mut [u8]> {
        let start = usize::from(self.key.len);
        let end = start + bytes;
        let room = self.key.bytes.get_mut(start..end)?;
        // At most `MAX_LEN`, which fits.
        self.key.len = end as u8;
        Some(room)
    }

    /// Appends what does not fit: from here on the buffer is full and the digest takes all.
    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        let rare = self.rare.get_or_insert_default();
        let spill = rare.spill.get_or_insert_with(|| {
            let mut hash = Hash::new();
            hash.update(self.key.as_bytes());
            Spill { hash, last }
        });
        spill.hash.update(bytes);
        spill.last = last;
        // What fits may be part of the prefix.
        let free = MAX_LEN - usize::from(self.key.len);
        let fitting = &bytes[..bytes.len().min(free)];
        if let Some(room) = self.room(fitting.len()) {
            room.copy_from_slice(fitting);
        }
    }

    #[cold]
    fn encode(&mut self, text: &[u8]) {
        for &byte in text {
            if needs_encoding(byte) {
                self.push(&encoded(byte));
            } else {
                self.push(&[byte]);
            }
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, error: KeyError) {
        self.rare.get_or_insert_default().error.get_or_insert(error);
    }

    /// Completes the key, or notes what stands against it.
    ///
    /// The key stays where it is: moving it about is what short keys cost most.
    #[inline]
    pub(super) fn complete(&mut self, version: u32) {
        self.key.edition = Edition::of(version);
        if self.rare.is_some() {
            self.settle();
        }
    }

    /// Carries out what was rare. A key with something against it is left empty, as one that
    /// nothing was written to, so that a hit has one question to ask.
    #[cold]
    pub(super) fn settle(&mut self) {
        self.end_with_digest();
        if self.fault().is_some() {
            self.key.len = 0;
        }
    }

    /// What stands against the completed key.
    #[inline]
    pub(super) fn error(&self) -> Option<&KeyError> {
        (self.key.len == 0).then(|| self.fault().unwrap_or(KeyError::EMPTY))
    }

    fn fault(&self) -> Option<&KeyError> {
        self.rare.as_ref()?.error.as_ref()
    }

    /// Replaces the end of the text; the buffer is full, so there is room.
    fn end_with_digest(&mut self) {
        let Some(spill) = self.rare.as_mut().and_then(|rare| rare.spill.take()) else {
            return;
        };
        let hex = digest::hex(&spill.hash.finalize());
        // Less than `MAX_LEN`, which fits.
        self.key.len = whole_characters(&self.key.bytes[..PREFIX_LEN]) as u8;
        self.key.edition = self.key.edition.digested();
        self.push(b"#");
        self.push(&hex);
    }
}

/// Length of the longest beginning that ends between characters.
pub(super) fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(cut) => cut.valid_up_to(),
    }
}

struct Printer<'k>(&'k mut KeyWriter);

impl fmt::Write for Printer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.text(text);
        Ok(())
    }
}

/// How far the key is.
impl fmt::Debug for KeyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyWriter")
            .field("beginning", &String::from_utf8_lossy(self.key.as_bytes()))
            .field("error", &self.fault())
            .finish_non_exhaustive()
    }
}
