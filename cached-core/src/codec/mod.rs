//! Values to bytes that need no trust, and back.
//!
//! ```text
//! value ── watch ──▶ format ──▶ compress ──▶ envelope     Codec::encode, Seal::write
//!            │ shape (once per type)
//! value ◀── format within limits ◀── compress ◀── envelope     Seal::open, Codec::decode
//! ```
//!
//! Bytes of a shared backend may be truncated, damaged, swapped, of an older release, or forged.
//! Whatever they are, reading them gives the value that was written, of the type it was written
//! for, or says why not ([`Unreadable`]); it never panics, overflows the stack, or allocates more
//! than the bytes account for.
//!
//! Everything here is pure. Who stores cells, and when they count, is the engine's business.

mod compress;
mod envelope;
mod fault;
mod format;
mod limit;
mod shape;
#[cfg(test)]
mod tests;
mod watch;

use serde::Serialize;
use serde::de::DeserializeOwned;
use twox_hash::XxHash3_64;

pub(crate) use envelope::{Body, Encoded, Kind, Meta, Opened, Seal, Stamp, Times, key_hash};
pub(crate) use fault::{Unencodable, Unreadable};
pub use format::Format;
use format::Unwritten;
use shape::Shape;
use watch::Seen;

/// No cache allows larger values than this: 256 MiB.
pub(crate) const MAX_BYTES: usize = 256 << 20;

/// How one cache turns values into bytes.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    /// The format of all types that it can carry.
    format: Format,
    /// No value takes more bytes, compressed or not.
    max_bytes: usize,
    /// Payloads from this size on are compressed.
    #[cfg(feature = "compress")]
    compress: Option<usize>,
    seal: Seal,
}

impl Codec {
    /// bincode, up to 8 MiB, neither compressed nor signed.
    pub(crate) fn new() -> Self {
        Self {
            format: Format::Bincode,
            max_bytes: 8 << 20,
            #[cfg(feature = "compress")]
            compress: None,
            seal: Seal::checksum(),
        }
    }

    /// Prefers another format.
    #[must_use]
    pub(crate) fn with_format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Allows values of so many bytes, [`MAX_BYTES`] at most.
    #[must_use]
    pub(crate) fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes.min(MAX_BYTES);
        self
    }

    /// Compresses payloads from this size on.
    #[cfg(feature = "compress")]
    #[must_use]
    pub(crate) fn with_compression(mut self, from_bytes: usize) -> Self {
        self.compress = Some(from_bytes);
        self
    }

    /// Signs cells, and reads only signed ones.
    #[must_use]
    pub(crate) fn with_mac_key(mut self, key: [u8; 32]) -> Self {
        self.seal = Seal::mac(key);
        self
    }

    /// What closes and opens this cache's cells.
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// What tells values of this type from those of another: its shape, or its declared schema.
    pub(crate) fn fingerprint<T: DeserializeOwned + 'static>(schema: Option<&str>) -> u64 {
        Reading::of::<T>(schema).fingerprint
    }

    /// Encodes a value: in the preferred format, or in MessagePack if only that gives it back.
    ///
    /// # Errors
    ///
    /// The value cannot be serialised, or is larger than allowed.
    pub(crate) fn encode<T>(&self, value: &T, schema: Option<&str>) -> Result<Encoded, Unencodable>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        let reading = Reading::of::<T>(schema);
        let (format, bytes) = self.write(value, &reading)?;
        let (compressed, bytes) = self.compressed(bytes);
        Ok(Encoded {
            format: format.id(),
            compressed,
            fingerprint: reading.fingerprint,
            bytes,
        })
    }

    /// Decodes what an opened cell holds.
    ///
    /// # Errors
    ///
    /// Why there is no value of this type in it.
    pub(crate) fn decode<T>(
        &self,
        opened: &Opened<'_>,
        schema: Option<&str>,
    ) -> Result<T, Unreadable>
    where
        T: DeserializeOwned + 'static,
    {
        if opened.fingerprint() != Self::fingerprint::<T>(schema) {
            return Err(Unreadable::OtherType);
        }
        let format = Format::of_id(opened.format()).ok_or(Unreadable::OtherCodec)?;
        if opened.payload().len() > self.max_bytes {
            return Err(Unreadable::TooLarge);
        }
        if opened.is_compressed() {
            let bytes = compress::expand(opened.payload(), self.max_bytes)?;
            format.decode(&bytes)
        } else {
            format.decode(opened.payload())
        }
    }

    /// Tries the preferred format, then that which carries the most types, then, for what formats
    /// with names lose, that which carries the most values.
    fn write<T: Serialize>(
        &self,
        value: &T,
        reading: &Reading,
    ) -> Result<(Format, Vec<u8>), Unencodable> {
        let mut misfit = None;
        for format in [self.format, Format::MessagePack, Format::Bincode] {
            if reading.needs_names() && !format.writes_names() {
                continue;
            }
            match self.write_as(format, value, reading) {
                Ok(bytes) => return Ok((format, bytes)),
                Err(Unwritten::Hopeless(verdict)) => return Err(verdict),
                Err(Unwritten::Unfit(reason)) => misfit = Some(reason),
            }
        }
        Err(Unencodable::because(misfit.unwrap_or_default()))
    }

    fn write_as<T: Serialize>(
        &self,
        format: Format,
        value: &T,
        reading: &Reading,
    ) -> Result<Vec<u8>, Unwritten> {
        let limit = self.max_bytes;
        let seen = Seen::of(value, reading.shape, limit, format.is_readable())
            .map_err(Unwritten::Hopeless)?;
        match format.misfit(&seen) {
            Some(reason) => Err(Unwritten::because(reason)),
            None => format.encode(value, &seen, limit),
        }
    }

    #[cfg(feature = "compress")]
    fn compressed(&self, bytes: Vec<u8>) -> (bool, Vec<u8>) {
        match self.compress {
            Some(from) if bytes.len() >= from => compress::shrink(bytes),
            _ => (false, bytes),
        }
    }

    #[cfg(not(feature = "compress"))]
    fn compressed(&self, bytes: Vec<u8>) -> (bool, Vec<u8>) {
        (false, bytes)
    }
}

/// How values of one type are read.
struct Reading {
    fingerprint: u64,
    /// Unknown with a declared schema, and where a panic of the probe would end the process.
    shape: Option<&'static Shape>,
}

impl Reading {
    fn of<T: DeserializeOwned + 'static>(schema: Option<&str>) -> Self {
        match schema {
            Some(schema) => Self::declared(b"schema ", schema),
            None if cfg!(panic = "abort") => Self::declared(b"type ", std::any::type_name::<T>()),
            None => {
                let shape = Shape::of::<T>();
                Self {
                    fingerprint: shape.fingerprint,
                    shape: Some(shape),
                }
            }
        }
    }

    fn declared(what: &[u8], name: &str) -> Self {
        Self {
            fingerprint: XxHash3_64::oneshot(&[what, name.as_bytes()].concat()),
            shape: None,
        }
    }

    /// Whether a format must write names: without a shape, nothing says that positions suffice.
    fn needs_names(&self) -> bool {
        self.shape.is_none_or(Shape::needs_names)
    }
}
