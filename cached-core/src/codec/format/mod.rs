//! The formats: what each can carry, and running it.
//!
//! Every decoder goes through [`limit`](super::limit) and must consume its whole input; every
//! encoder writes into a [`Sink`] that ends it at the allowed size.

mod bincode;
#[cfg(feature = "json")]
mod json;
mod message_pack;
#[cfg(feature = "postcard")]
mod postcard;
mod sink;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::Unreadable;
use super::limit::FREE_ELEMENTS;
use super::watch::Seen;
use sink::Sink;

pub(super) use sink::Unwritten;

/// How values are laid out as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Compact, without names: for types that read exactly what they write.
    Bincode,
    /// MessagePack with field names: for all types.
    MessagePack,
    /// As bincode, other bytes.
    #[cfg(feature = "postcard")]
    Postcard,
    /// For people and other languages.
    #[cfg(feature = "json")]
    Json,
}

impl Format {
    /// All formats of this build.
    pub(super) const ALL: &[Self] = &[
        Self::Bincode,
        Self::MessagePack,
        #[cfg(feature = "postcard")]
        Self::Postcard,
        #[cfg(feature = "json")]
        Self::Json,
    ];

    /// What stands for it in an envelope; never reused, and never 0.
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::MessagePack => 1,
            Self::Bincode => 2,
            #[cfg(feature = "postcard")]
            Self::Postcard => 3,
            #[cfg(feature = "json")]
            Self::Json => 4,
        }
    }

    /// The format of an id, if this build has it.
    pub(crate) fn of_id(id: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.id() == id)
    }

    /// Whether it writes the names of fields and variants.
    pub(super) fn writes_names(self) -> bool {
        match self {
            Self::Bincode => false,
            Self::MessagePack => true,
            #[cfg(feature = "postcard")]
            Self::Postcard => false,
            #[cfg(feature = "json")]
            Self::Json => true,
        }
    }

    /// Whether types show their form for people.
    pub(super) fn is_readable(self) -> bool {
        match self {
            Self::Bincode | Self::MessagePack => false,
            #[cfg(feature = "postcard")]
            Self::Postcard => false,
            #[cfg(feature = "json")]
            Self::Json => true,
        }
    }

    /// Why it cannot give back a value of which this was seen.
    pub(super) fn misfit(self, seen: &Seen) -> Option<&'static str> {
        let positional = || {
            if seen.differs {
                Some("it writes other fields than it reads")
            } else {
                seen.unknown_length.then_some("a length is unknown")
            }
        };
        let named = || {
            let text = "`Some` of nothing would be read as `None`";
            seen.some_nothing.then_some(text)
        };
        match self {
            Self::Bincode => positional(),
            Self::MessagePack => named(),
            #[cfg(feature = "postcard")]
            Self::Postcard => positional(),
            #[cfg(feature = "json")]
            Self::Json => named().or_else(|| json::misfit(seen)),
        }
    }

    /// The bytes of a value, at most `limit`.
    pub(super) fn encode<T: Serialize>(
        self,
        value: &T,
        seen: &Seen,
        limit: usize,
    ) -> Result<Vec<u8>, Unwritten> {
        let capacity = if self.writes_names() {
            seen.named_capacity()
        } else {
            seen.capacity()
        };
        let mut sink = Sink::new(capacity, limit);
        let written = match self {
            Self::Bincode => bincode::write(value, &mut sink),
            Self::MessagePack => message_pack::write(value, &mut sink),
            #[cfg(feature = "postcard")]
            Self::Postcard => postcard::write(value, &mut sink),
            #[cfg(feature = "json")]
            Self::Json => json::write(value, &mut sink),
        };
        let bytes = sink.finish(written)?;
        // A decoder refuses it: a few bytes must not make it loop over billions of nothings.
        if seen.elements > bytes.len().saturating_add(FREE_ELEMENTS) {
            return Err(Unwritten::because("too many elements without bytes"));
        }
        Ok(bytes)
    }

    /// The value of bytes that may be anything.
    pub(super) fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Unreadable> {
        match self {
            Self::Bincode => bincode::read(bytes),
            Self::MessagePack => message_pack::read(bytes),
            #[cfg(feature = "postcard")]
            Self::Postcard => postcard::read(bytes),
            #[cfg(feature = "json")]
            Self::Json => json::read(bytes),
        }
    }
}

/// There are bytes behind the value: it was written for a type that reads more.
fn trailing() -> Unreadable {
    Unreadable::because("bytes are left behind the value")
}
