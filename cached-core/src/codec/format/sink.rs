//! Where encoders write to.

use std::fmt::Display;
use std::io;

use crate::codec::fault::{Unencodable, clipped};

/// Bytes that refuse to become more than a limit.
#[derive(Debug)]
pub(super) struct Sink {
    bytes: Vec<u8>,
    limit: usize,
    /// What it would have grown to when it refused.
    refused: Option<usize>,
}

/// Why an encoder did not write a value.
#[derive(Debug)]
pub(in crate::codec) enum Unwritten {
    /// No other format would help.
    Hopeless(Unencodable),
    /// It does not fit this format.
    Unfit(Box<str>),
}

impl Unwritten {
    /// The value does not fit the format, for this reason.
    pub(in crate::codec) fn because(reason: impl Display) -> Self {
        Self::Unfit(clipped(reason))
    }
}

impl Sink {
    pub(super) fn new(capacity: usize, limit: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            limit,
            refused: None,
        }
    }

    /// The bytes, if an encoder wrote all.
    pub(super) fn finish(self, written: Result<(), Box<str>>) -> Result<Vec<u8>, Unwritten> {
        match (self.refused, written) {
            (Some(size), _) => Err(Unwritten::Hopeless(Unencodable::TooLarge {
                size,
                limit: self.limit,
            })),
            (None, Err(reason)) => Err(Unwritten::Unfit(reason)),
            (None, Ok(())) => Ok(self.bytes),
        }
    }
}

impl io::Write for Sink {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size = self.bytes.len().saturating_add(bytes.len());
        if size > self.limit {
            self.refused = Some(size);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
