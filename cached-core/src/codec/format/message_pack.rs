//! MessagePack with the names of fields and variants.

use rmp_serde::decode::Error as Rejected;
use rmp_serde::{Deserializer, Serializer};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::sink::Sink;
use super::trailing;
use crate::codec::fault::{Unreadable, clipped};
use crate::codec::limit::{self, DEPTH};

pub(super) fn write<T: Serialize>(value: &T, sink: &mut Sink) -> Result<(), Box<str>> {
    let mut encoder = Serializer::new(sink).with_struct_map();
    value.serialize(&mut encoder).map_err(clipped)
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let mut decoder = Deserializer::from_read_ref(bytes);
    // Its own limit does not count enums, options and newtypes; ours does, and is reached first.
    decoder.set_max_depth(usize::from(DEPTH) + 1);
    let value = limit::read(&mut decoder, bytes.len()).map_err(Unreadable::because)?;
    // The decoder does not say how far it read: only at the end there is no marker to read.
    match IgnoredAny::deserialize(&mut decoder) {
        Err(Rejected::InvalidMarkerRead(_)) => Ok(value),
        Ok(_) | Err(_) => Err(trailing()),
    }
}
