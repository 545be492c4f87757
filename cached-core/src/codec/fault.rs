//! Why a cell cannot be read, and why a value cannot be written.
//!
//! Both are verdicts, not the public [`Error`](crate::Error): the first is a miss with a counter,
//! the second a value that is handed to the caller and not stored.

use std::fmt::{self, Display, Write};

/// Why the bytes of a cell do not give the value that was asked for. Each is a miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// No entry of this layout: other software wrote it, another release, or it is a stamp.
    Foreign,
    /// The cell ends within what its header says of it.
    Truncated,
    /// The checksum or the MAC does not fit, or there is none where one is required: the cell was
    /// damaged or cut, or belongs to another key (a swapped reply, a copied cell).
    Corrupt,
    /// The value was written for a type of another shape or schema.
    OtherType,
    /// The value is in a format that this build cannot read.
    OtherCodec,
    /// The value is larger than the cache allows.
    TooLarge,
    /// The type rejected the bytes. The text may quote the value: fit for debug logs only.
    Undecodable(Box<str>),
}

impl Unreadable {
    /// The type or the format rejected the bytes, for this reason.
    pub(super) fn because(reason: impl Display) -> Self {
        Self::Undecodable(clipped(reason))
    }
}

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => "not an entry of this layout",
            Self::Truncated => "the entry ends too early",
            Self::Corrupt => "the checksum or MAC does not fit: damaged, or of another key",
            Self::OtherType => "written for another type or schema",
            Self::OtherCodec => "in a format that this build cannot read",
            Self::TooLarge => "larger than the cache allows",
            Self::Undecodable(reason) => return write!(f, "not decodable: {reason}"),
        })
    }
}

impl std::error::Error for Unreadable {}

/// Why a value is not stored in a shared backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unencodable {
    /// Its `Serialize` failed, or no format can give it back as it is.
    SerializeFailed(Box<str>),
    /// It takes at least `size` bytes, or carries as many stamps.
    TooLarge {
        /// What it takes, at least.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
}

impl Unencodable {
    /// The value cannot be serialised, for this reason.
    pub(super) fn because(reason: impl Display) -> Self {
        Self::SerializeFailed(clipped(reason))
    }
}

impl Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SerializeFailed(reason) => {
                write!(f, "the value cannot be serialised: {reason}")
            }
            Self::TooLarge { size, limit } => {
                write!(
                    f,
                    "the encoded value has at least {size} bytes, and {limit} are allowed; raise \
                     `max_value`, or cache less at once"
                )
            }
        }
    }
}

impl std::error::Error for Unencodable {}

/// The beginning of a text: an error may quote megabytes of what it rejects.
pub(super) fn clipped(text: impl Display) -> Box<str> {
    let mut clip = Clip(String::new());
    match write!(clip, "{text}") {
        Ok(()) => {}
        Err(fmt::Error) => clip.0.push('…'),
    }
    clip.0.into_boxed_str()
}

/// A text that refuses to become longer than [`Clip::MAX`] bytes.
struct Clip(String);

impl Clip {
    const MAX: usize = 200;
}

impl Write for Clip {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = Self::MAX - self.0.len();
        let fits = (0..=room.min(text.len()))
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        self.0.push_str(&text[..fits]);
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
