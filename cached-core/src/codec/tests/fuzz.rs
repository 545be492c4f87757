//! What must hold for any bytes: the bodies of the fuzz targets.
//!
//! The unit tests replay the committed corpora through them, and `cached-core/fuzz` includes this
//! file, so both run the same. It names nothing but the crate's `cell` and `codec`, and serde.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, Token};
use crate::codec::{Body, Codec, Encoded, Meta, Opened, Seal, Stamp, Times};

const KEY: u128 = 7;

/// Length of what stands before stamps and payload, with a checksum.
const HEADER: usize = 68;

/// Any bytes as a cell, and as what is put into one.
pub(crate) fn envelope(bytes: &[u8]) {
    for seal in [Seal::checksum(), Seal::mac([7; 32])] {
        opens_or_not(&seal, &Cell::from_bytes(bytes.to_vec()));
        comes_back(&seal, bytes);
    }
}

/// An opened cell can be rewritten, and any other not.
fn opens_or_not(seal: &Seal, cell: &Cell) {
    let token = Token::from_bytes([1; Token::LEN]);
    let opened = seal.open(cell, KEY);
    let rewritten = seal.with_token(cell, KEY, token);
    assert_eq!(rewritten.is_some(), opened.is_ok());
    if let (Ok(opened), Some(rewritten)) = (opened, rewritten) {
        let stamps = 16 * opened.stamps().count();
        let rest = stamps + opened.payload().len();
        // The signature is longer than a checksum.
        let header = cell.as_bytes().len() - rest;
        assert!([HEADER, HEADER + 8].contains(&header), "{header}");
        assert_eq!(rewritten.token(), Some(token));
        assert_eq!(
            seal.with_token(&rewritten, KEY, opened.token()).as_ref(),
            Some(cell)
        );
    }
}

/// What is put into a cell is found in it, and no longer once a byte of it changes.
fn comes_back(seal: &Seal, bytes: &[u8]) {
    let Some((meta, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let number = u64::from_le_bytes(*meta);
    let stamps = [Stamp {
        id: number,
        value: !number,
    }; 3];
    let stamps = &stamps[..usize::from(meta[0] % 4)];
    let encoded = value(meta[1], meta[2] & 1 == 1, number, rest);
    let cell = sealed(seal, stamps, &encoded);
    let opened = seal.open(&cell, KEY).expect("it was just written");
    assert_eq!(opened.payload(), rest);
    assert_eq!(opened.fingerprint(), number);
    assert!(opened.stamps().eq(stamps.iter().copied()));

    let mut damaged = cell.into_bytes();
    let at = (number >> 16) as usize % damaged.len();
    damaged[at] ^= meta[7] | 1;
    assert!(seal.open(&Cell::from_bytes(damaged), KEY).is_err());
}

/// Any bytes as the payload of an intact cell: the first says of which type, the second in which
/// format, the rest is the payload.
pub(crate) fn decode(bytes: &[u8]) {
    let [kind, format, payload @ ..] = bytes else {
        return;
    };
    match kind % 8 {
        0 => decodes::<u64>(*format, payload),
        1 => decodes::<String>(*format, payload),
        2 => decodes::<Everything>(*format, payload),
        3 => decodes::<Vec<Choice>>(*format, payload),
        4 => decodes::<Tagged>(*format, payload),
        5 => decodes::<Untagged>(*format, payload),
        6 => decodes::<Flat>(*format, payload),
        _ => decodes::<Nested>(*format, payload),
    }
}

/// The payload is refused, or is a value that can be written and read again.
fn decodes<T>(format: u8, payload: &[u8])
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    let codec = Codec::new().with_max_bytes(1 << 20);
    let compressed = format & 0x80 != 0;
    let encoded = value(
        format & 0x7F,
        compressed,
        Codec::fingerprint::<T>(None),
        payload,
    );
    let read = |encoded: &Encoded| {
        let cell = sealed(codec.seal(), &[], encoded);
        let opened: Opened<'_> = codec.seal().open(&cell, KEY).expect("it was just written");
        codec.decode::<T>(&opened, None)
    };
    let Ok(value) = read(&encoded) else {
        return;
    };
    // Forged bytes can make values that no format gives back; these are not written.
    if let Ok(encoded) = codec.encode(&value, None) {
        assert_eq!(read(&encoded), Ok(value));
    }
}

fn value(format: u8, compressed: bool, fingerprint: u64, payload: &[u8]) -> Encoded {
    Encoded {
        format,
        compressed,
        fingerprint,
        bytes: payload.to_vec(),
    }
}

fn sealed(seal: &Seal, stamps: &[Stamp], encoded: &Encoded) -> Cell {
    let meta = Meta {
        key_hash: KEY,
        token: Token::from_bytes([2; Token::LEN]),
        times: Times {
            created: 1,
            soft: 2,
            hard: u64::MAX,
        },
        compute_us: 3,
        stamps,
    };
    let cell = seal.write(&meta, Body::Value(encoded));
    cell.expect("three stamps and a short payload fit")
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    small: i8,
    wide: u128,
    letter: char,
    flag: bool,
    bytes: [u8; 4],
    map: BTreeMap<String, Option<u16>>,
    list: Vec<(u32, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    maybe: Option<Option<()>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    One(i64),
    Two(String, Vec<()>),
    Named { a: Option<u8>, b: Box<str> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Tagged {
    A,
    B { x: u32 },
    C(BTreeMap<String, u8>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    List(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Untagged>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nested {
    End,
    Only(Box<Nested>),
    Many(Vec<Nested>),
    Maybe(Option<Box<Nested>>),
}
