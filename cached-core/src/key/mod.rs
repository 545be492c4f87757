//! Keys: the names under which values are cached, and the forms that arguments take in them.
//!
//! A key is text, because text is what people write in templates, read in dashboards and type
//! into a low-level call. The work of this module is to make that text mean one thing: every value
//! has exactly one form ([`KeyPart`]), different values of a template have different texts, and
//! the same value has the same text in every process, on every platform, in every release.
//!
//! # Grammar, and why no two values meet
//!
//! ```text
//! key  := literal (part literal)*             literals between two parts hold a separator
//! part := atom | '!' | '+' part | '(' list ')' | '[' list ']'
//! list := nothing | part (',' part)* [',']    the last ',' exactly if the last part is empty
//! atom := ([A-Za-z0-9_.~-] | '%' hex hex)*    possibly empty
//! ```
//!
//! - *Atoms*: percent-encoding is injective, and canonical since only bytes outside the set are
//!   encoded, in upper-case hex. Structural characters are outside the set, so no text forges one.
//! - *Parts*: the first byte tells the form. `!` ends at once, brackets end where they balance, an
//!   atom ends at the first byte it cannot hold. `None` is `!` and `Some(x)` is `+x`, so `None`,
//!   `Some("")` and `""` differ.
//! - *Lists*: a part that is not empty never ends with `,`, so a list ends with one exactly if its
//!   last part is empty. Without that comma, the parts are what stands between the commas outside
//!   inner brackets; nothing at all is the empty list. Hence `[]`, `[""]` and `["", ""]` are `[]`,
//!   `[,]` and `[,,]`.
//! - *Templates*: a literal between two parts holds a character no atom can hold (a separator; `%`
//!   is none), so the atom before it ends in a place that the literal alone determines.
//!
//! Different values of one template therefore have different texts; integers of any width and
//! text that print alike are alike on purpose. A text beyond [`MAX_LEN`] bytes is replaced by a
//! readable prefix and 128 bits of its SHA-256, and the key says so, so that it equals no text.
//!
//! Not for names of other things: tags share the grammar, but file names and URLs have their own.

#[cfg(any(feature = "chrono", feature = "time"))]
mod calendar;
#[cfg(feature = "chrono")]
mod chrono;
mod compound;
mod digest;
mod digits;
mod edition;
mod encoding;
mod handle;
mod into_key;
mod key_type;
mod part;
pub(crate) mod pattern;
mod placed;
mod pointers;
mod secret;
pub(crate) mod template;
#[cfg(test)]
mod tests;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;
mod writer;

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::{Error, ErrorKind};

pub(crate) use edition::Edition;
pub use handle::Handle;
pub use into_key::IntoKey;
pub use key_type::KeyType;
pub use part::KeyPart;
pub(crate) use placed::{Tenant, parts};
pub use writer::KeyWriter;

/// Length in bytes up to which a key is its text; beyond it, a digest ends it.
pub(crate) const MAX_LEN: usize = 200;

/// The name of one cached value: a rendered template, or any text given to the low-level API.
///
/// Text and version are the identity. Both ways of making a key meet in the text:
/// `cache.get::<Post>("post:7")` reads what a function with `key = "post:<id>"` stored for 7.
///
/// A text of more than 200 bytes is kept as a readable prefix, `#` and 32 hex digits
/// ([`is_digest`](Self::is_digest)). Building, comparing and hashing a key allocates nothing; it
/// is about 200 bytes large, so pass it by reference.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; MAX_LEN],
    edition: Edition,
    len: u8,
}

impl Key {
    /// A key of exactly this text, in this version.
    ///
    /// # Errors
    ///
    /// The text is empty.
    pub fn logical(text: &str, version: u32) -> Result<Self, KeyError> {
        render(version, |key| key.raw(text))
    }

    /// The text; the prefix and digest of it if it is longer than 200 bytes.
    #[must_use]
    #[inline]
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.as_bytes())
            .expect("a key is written as whole strings and cut between characters")
    }

    /// The bytes of [`text`](Self::text), without looking at them: for hashing and comparing.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The number in the key's identity: raising it leaves all older values behind.
    #[must_use]
    #[inline]
    pub fn version(&self) -> u32 {
        self.edition.version()
    }

    #[inline]
    pub(crate) fn edition(&self) -> Edition {
        self.edition
    }

    /// A key of whose text and edition another one was made.
    pub(crate) fn restored(text: &str, edition: Edition) -> Self {
        let len = text.len().min(MAX_LEN);
        let mut bytes = [0; MAX_LEN];
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self {
            bytes,
            edition,
            len: len as u8,
        }
    }

    /// A key whose text, version and nature are known from elsewhere.
    #[cfg(feature = "remote")]
    pub(crate) fn told(text: &str, version: u32, digest: bool) -> Self {
        let edition = Edition::of(version);
        Self::restored(text, if digest { edition.digested() } else { edition })
    }

    /// The same text under another version.
    #[must_use]
    pub(crate) fn with_version(&self, version: u32) -> Self {
        Self {
            edition: self.edition.with_version(version),
            ..self.clone()
        }
    }

    /// The same, for what is kept in this process beside a shared backend, or for what is shared:
    /// the two are alike where there is no such backend.
    #[must_use]
    pub(crate) fn pinned(&self, pinned: bool) -> Self {
        Self {
            edition: self.edition.pinned(pinned),
            ..self.clone()
        }
    }

    /// Whether the text was too long, so that [`text`](Self::text) ends with its digest. Such a
    /// key differs from one whose short text happens to look the same.
    #[must_use]
    #[inline]
    pub fn is_digest(&self) -> bool {
        self.edition.is_digest()
    }
}

/// Renders a key of a template: `write` puts its literals and parts in order.
///
/// # Errors
///
/// Nothing was written, or a value of `<x:hash>` could not be serialised.
#[inline]
pub(crate) fn render(version: u32, write: impl FnOnce(&mut KeyWriter)) -> Result<Key, KeyError> {
    let mut rendered = Rendered::empty();
    rendered.write(version, write);
    rendered.into_key()
}

/// A key where it was rendered, or what stands against it. Unlike a `Result<Key, _>` it is built in
/// place, which is worth a third of what rendering a short key costs. Nobody outside can name it.
#[doc(hidden)]
pub struct Rendered(KeyWriter);

impl Rendered {
    #[inline(always)]
    pub(crate) fn empty() -> Self {
        Self(KeyWriter::new())
    }

    #[inline(always)]
    pub(crate) fn write(&mut self, version: u32, write: impl FnOnce(&mut KeyWriter)) {
        write(&mut self.0);
        self.0.complete(version);
    }

    #[inline]
    pub(crate) fn key(&self) -> Result<&Key, &KeyError> {
        match self.0.error() {
            None => Ok(&self.0.key),
            Some(error) => Err(error),
        }
    }

    pub(crate) fn into_key(self) -> Result<Key, KeyError> {
        match self.0.error() {
            None => Ok(self.0.key),
            Some(error) => Err(error.clone()),
        }
    }

    pub(crate) fn fail(&mut self, error: KeyError) {
        self.0.fail(error);
        self.0.settle();
    }

    /// [`Key::pinned`] where it stands.
    pub(crate) fn pin(&mut self, pinned: bool) {
        self.0.key.edition = self.0.key.edition.pinned(pinned);
    }

    /// Another key in place of a completed one.
    pub(crate) fn replace(&mut self, key: Result<Key, KeyError>) {
        match key {
            Ok(key) => self.0.key = key,
            Err(error) => self.fail(error),
        }
    }
}

impl From<Result<Key, KeyError>> for Rendered {
    fn from(key: Result<Key, KeyError>) -> Self {
        let mut writer = KeyWriter::new();
        match key {
            Ok(key) => writer.key = key,
            Err(error) => writer.fail(error),
        }
        Self(writer)
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key().fmt(f)
    }
}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.edition == other.edition && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
        self.edition.hash(state);
    }
}

/// The text.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("text", &self.text())
            .field("version", &self.version())
            .field("digest", &self.is_digest())
            .finish()
    }
}

/// Why a key could not be rendered. Its text says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(Fault);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    Empty,
    Unserialisable(Box<str>),
    SeveralTypes,
    NoText(Box<str>),
}

impl KeyError {
    const EMPTY: &Self = {
        static EMPTY: KeyError = KeyError(Fault::Empty);
        &EMPTY
    };

    /// A method's key that would be alike for another `Self`.
    pub(crate) fn of_several_types() -> Self {
        Self(Fault::SeveralTypes)
    }

    /// A key function that made nothing of a key.
    fn of_no_text(key: &str) -> Self {
        Self(Fault::NoText(key.into()))
    }

    fn unserialisable(reason: &str) -> Self {
        Self(Fault::Unserialisable(reason.into()))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Empty => f.write_str(
                "the key is empty; give it a literal beginning that names what is cached, \
                 as in `post:<id>`",
            ),
            Fault::Unserialisable(reason) => write!(
                f,
                "a `:hash` part of the key could not be serialised ({reason}); correct its \
                 `Serialize`, or put the fields that identify it into the key: `<x.field>`"
            ),
            Fault::SeveralTypes => f.write_str(
                "one key template serves several `Self` types of a generic `impl`, so their keys \
                 would be alike; put `<Self>` (with `KeyType`) or another part that tells them \
                 apart into the key",
            ),
            Fault::NoText(key) => write!(
                f,
                "the cache's key function made an empty text of `{key}`; it has to make another \
                 text of every key, and never an empty one (see `Builder::key_with`)"
            ),
        }
    }
}

impl std::error::Error for KeyError {}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::new(ErrorKind::Key, error.to_string())
    }
}
