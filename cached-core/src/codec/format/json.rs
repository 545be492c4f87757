//! JSON, for caches that people or other languages read too.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Deserializer;

use super::sink::Sink;
use crate::codec::fault::{Unreadable, clipped};
use crate::codec::limit;
use crate::codec::watch::Seen;

/// Its decoder nests 128 levels, and a struct variant takes two.
const DEPTH: u16 = 60;

/// Why a value does not survive JSON, beside what all formats with names lose.
pub(super) fn misfit(seen: &Seen) -> Option<&'static str> {
    if seen.not_finite {
        Some("a float is infinite or not a number")
    } else {
        (seen.depth > DEPTH).then_some("it nests too deep")
    }
}

pub(super) fn write<T: Serialize>(value: &T, sink: &mut Sink) -> Result<(), Box<str>> {
    serde_json::to_writer(sink, value).map_err(clipped)
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let mut decoder = Deserializer::from_slice(bytes);
    let value = limit::read(&mut decoder, bytes.len()).map_err(Unreadable::because)?;
    decoder.end().map_err(Unreadable::because)?;
    Ok(value)
}
