//! What the codec promises, tried on many types and on hostile bytes.

mod choice;
mod corpus;
mod drift;
mod envelope;
mod forged;
mod fuzz;
mod hostile;
mod limits;
mod round_trips;
mod shapes;
mod types;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Body, Codec, Encoded, Format, Meta, Seal, Stamp, Times, Unreadable, key_hash};
use crate::cell::{Cell, Token};

/// Length of what stands before stamps and payload, with a checksum.
const HEADER: usize = 68;

const MAC_KEY: [u8; 32] = [7; 32];

const TIMES: Times = Times {
    created: 1_700_000_000_000,
    soft: 1_700_000_060_000,
    hard: u64::MAX,
};

const STAMPS: &[Stamp] = &[
    Stamp { id: 1, value: 2 },
    Stamp {
        id: u64::MAX,
        value: 0x0123_4567_89AB_CDEF,
    },
];

fn key() -> u128 {
    key_hash(b"post:7", 2)
}

fn meta(stamps: &[Stamp]) -> Meta<'_> {
    Meta {
        key_hash: key(),
        token: Token::from_bytes([9; Token::LEN]),
        times: TIMES,
        compute_us: 1500,
        stamps,
    }
}

/// The cell of a value, as the engine writes it.
fn cell<T>(codec: &Codec, value: &T) -> Cell
where
    T: Serialize + DeserializeOwned + 'static,
{
    let encoded = codec.encode(value, None).expect("the value is encodable");
    seal(codec.seal(), &encoded)
}

fn seal(seal: &Seal, encoded: &Encoded) -> Cell {
    let cell = seal.write(&meta(STAMPS), Body::Value(encoded));
    cell.expect("two stamps fit")
}

/// What the engine reads from a cell.
fn read<T: DeserializeOwned + 'static>(codec: &Codec, cell: &Cell) -> Result<T, Unreadable> {
    codec.decode(&codec.seal().open(cell, key())?, None)
}

/// A cache of every format, and of every other setting.
fn codecs() -> Vec<Codec> {
    let plain = Format::ALL
        .iter()
        .map(|&format| Codec::new().with_format(format));
    let mut codecs: Vec<_> = plain.collect();
    codecs.push(Codec::new().with_mac_key(MAC_KEY));
    #[cfg(feature = "compress")]
    codecs.push(Codec::new().with_compression(0));
    codecs
}

/// The value comes back from every kind of cache.
#[track_caller]
fn survives<T>(value: T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    for codec in codecs() {
        let read = read::<T>(&codec, &cell(&codec, &value));
        assert_eq!(read.as_ref(), Ok(&value), "{codec:?}");
    }
}

/// The format that a cache which prefers `format` writes the value in.
#[track_caller]
fn written_in<T>(format: Format, value: &T) -> Format
where
    T: Serialize + DeserializeOwned + 'static,
{
    let codec = Codec::new().with_format(format);
    let encoded = codec.encode(value, None).expect("the value is encodable");
    Format::of_id(encoded.format).expect("this build wrote it")
}
