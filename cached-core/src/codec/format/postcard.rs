//! postcard.

use postcard::{Deserializer, to_io};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sink::Sink;
use super::trailing;
use crate::codec::fault::{Unreadable, clipped};
use crate::codec::limit;

pub(super) fn write<T: Serialize>(value: &T, sink: &mut Sink) -> Result<(), Box<str>> {
    to_io(value, sink).map(|_| ()).map_err(clipped)
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let mut decoder = Deserializer::from_bytes(bytes);
    let value = limit::read(&mut decoder, bytes.len()).map_err(Unreadable::because)?;
    match decoder.finalize() {
        Ok([]) => Ok(value),
        Ok(_) => Err(trailing()),
        Err(error) => Err(Unreadable::because(error)),
    }
}
