//! One look at a value before it is encoded: a serialisation into nothing.
//!
//! A compact format writes what `Serialize` gives and reads what `Deserialize` asks for, and
//! nobody notices when these differ: a skipped field shifts all that follow it. So each value is
//! first walked along the [shape](crate::codec::shape) of its type. The same walk measures the
//! value, bounds its nesting, and notes what some formats cannot give back.

mod holder;
mod walker;

use std::fmt::{self, Display};

use serde::{Serialize, ser};

use super::fault::{Unencodable, clipped};
use super::shape::Shape;
use walker::Walker;

/// Nesting beyond this is not written.
pub(super) const DEPTH: u16 = 128;

/// What was seen of a value.
#[derive(Debug)]
pub(super) struct Seen {
    /// A lower bound of its size in every format.
    pub(super) least: usize,
    /// How many numbers, texts, lengths and tags it has.
    pub(super) atoms: usize,
    /// The length of all field and variant names.
    pub(super) names: usize,
    /// How deep it nests.
    pub(super) depth: u16,
    /// How many elements, fields and entries it has.
    pub(super) elements: usize,
    /// It writes other things than its type reads.
    pub(super) differs: bool,
    /// A sequence or map did not say how long it is.
    pub(super) unknown_length: bool,
    /// `Some(None)`, `Some(())` and the like.
    pub(super) some_nothing: bool,
    /// A float that JSON has no form for.
    pub(super) not_finite: bool,
    limit: usize,
    readable: bool,
}

impl Seen {
    fn new(limit: usize, readable: bool) -> Self {
        Self {
            least: 0,
            atoms: 0,
            names: 0,
            depth: 0,
            elements: 0,
            differs: false,
            unknown_length: false,
            some_nothing: false,
            not_finite: false,
            limit,
            readable,
        }
    }

    /// Looks at a value that a format will encode into at most `limit` bytes. `readable`: whether
    /// the format is for people, since some types look different then.
    ///
    /// # Errors
    ///
    /// Its `Serialize` fails, lies about a length, or nests too deep; or it is certainly too large.
    pub(super) fn of<T: Serialize + ?Sized>(
        value: &T,
        shape: Option<&Shape>,
        limit: usize,
        readable: bool,
    ) -> Result<Self, Unencodable> {
        let mut seen = Self::new(limit, readable);
        let walked = value.serialize(Walker::root(&mut seen, shape));
        match walked {
            Ok(()) => Ok(seen),
            Err(_) if seen.least > limit => Err(Unencodable::TooLarge {
                size: seen.least,
                limit,
            }),
            Err(Stopped(reason)) => Err(Unencodable::SerializeFailed(reason)),
        }
    }

    /// About what it takes in a compact format, rather more.
    pub(super) fn capacity(&self) -> usize {
        let capacity = self.least.saturating_add(self.atoms.saturating_mul(5));
        capacity.min(self.limit)
    }

    /// The same for a format that writes names.
    pub(super) fn named_capacity(&self) -> usize {
        let names = self.names.saturating_add(self.elements.saturating_mul(2));
        self.capacity().saturating_add(names).min(self.limit)
    }

    /// Counts one atom of at least so many bytes.
    fn count(&mut self, bytes: usize) -> Walked {
        self.atoms += 1;
        self.least = self.least.saturating_add(bytes);
        if self.least > self.limit {
            Err(Stopped("too large".into()))
        } else {
            Ok(())
        }
    }
}

/// Why the walk ended early.
#[derive(Debug)]
pub(super) struct Stopped(Box<str>);

impl Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stopped {}

impl ser::Error for Stopped {
    fn custom<T: Display>(reason: T) -> Self {
        Self(clipped(reason))
    }
}

type Walked = Result<(), Stopped>;
