//! bincode 2 in serde mode: little endian, integers in as few bytes as they need.

use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use bincode::error::{DecodeError, EncodeError};
use bincode::serde::{encode_into_std_write, seed_decode_from_slice};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sink::Sink;
use super::trailing;
use crate::codec::fault::{Unreadable, clipped};
use crate::codec::limit::Seed;

/// What lengths may claim in all: bincode counts a number by its width in memory, so 16 times the
/// bytes that are there. A backstop; real allocations are bounded by [`Seed`], and by what is there.
const CLAIMS: usize = crate::codec::MAX_BYTES.saturating_mul(16);

const CONFIG: Configuration<LittleEndian, Varint, Limit<CLAIMS>> = standard().with_limit();

pub(super) fn write<T: Serialize>(value: &T, sink: &mut Sink) -> Result<(), Box<str>> {
    match encode_into_std_write(value, sink, CONFIG) {
        Ok(_) => Ok(()),
        Err(EncodeError::OtherString(reason)) => Err(clipped(reason)),
        Err(error) => Err(clipped(error)),
    }
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let decoded = seed_decode_from_slice(Seed::of(bytes.len()), bytes, CONFIG);
    match decoded {
        Ok((value, read)) if read == bytes.len() => Ok(value),
        Ok(_) => Err(trailing()),
        Err(DecodeError::OtherString(reason)) => Err(Unreadable::because(reason)),
        Err(error) => Err(Unreadable::because(error)),
    }
}
