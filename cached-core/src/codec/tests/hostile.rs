//! Cells that were cut, damaged, swapped or never were cells: each is refused, none is believed.

use proptest::prelude::*;

use super::types::{Kind, Post};
use super::{Body, Codec, HEADER, MAC_KEY, STAMPS, Seal, cell, codecs, key, meta, read};
use crate::cell::Cell;
use crate::codec::Unreadable;

/// What a cache says about bytes that a server returned.
fn verdict(codec: &Codec, bytes: &[u8]) -> Result<Post, Unreadable> {
    read::<Post>(codec, &Cell::from_bytes(bytes.to_vec()))
}

#[test]
fn a_cell_cut_anywhere_is_refused() {
    for codec in codecs() {
        let cell = cell(&codec, &Post::sample());
        let opened = codec.seal().open(&cell, key()).expect("it is intact");
        let stamped = cell.as_bytes().len() - opened.payload().len();
        let whole = cell.into_bytes();
        for length in 0..whole.len() {
            let expected = match length {
                0..Cell::PREAMBLE => Unreadable::Foreign,
                _ if length < stamped => Unreadable::Truncated,
                _ => Unreadable::Corrupt,
            };
            assert_eq!(verdict(&codec, &whole[..length]), Err(expected), "{length}");
        }
        let longer = [&whole[..], b"x"].concat();
        assert_eq!(verdict(&codec, &longer), Err(Unreadable::Corrupt));
        assert_eq!(verdict(&codec, &whole), Ok(Post::sample()));
    }
}

#[test]
fn a_cell_with_any_bit_flipped_is_refused() {
    for codec in codecs() {
        let whole = cell(&codec, &Post::sample()).into_bytes();
        for at in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            let verdict = verdict(&codec, &damaged);
            assert!(verdict.is_err(), "bit {at} of {codec:?}");
        }
    }
}

#[test]
fn a_flipped_bit_is_refused_before_the_value_is_decoded() {
    let codec = Codec::new();
    let whole = cell(&codec, &Post::sample()).into_bytes();
    for at in HEADER..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        assert_eq!(verdict(&codec, &damaged), Err(Unreadable::Corrupt), "{at}");
    }
}

#[test]
fn parts_of_different_cells_do_not_make_one() {
    for codec in codecs() {
        let a = cell(&codec, &vec![Kind::Plain; 9]).into_bytes();
        let b = cell(&codec, &vec![Kind::Wrapped(vec![]); 9]).into_bytes();
        for at in Cell::PREAMBLE..a.len().min(b.len()) {
            let mixed = Cell::from_bytes([&a[..at], &b[at..]].concat());
            if [&a, &b].iter().any(|cell| **cell == mixed.as_bytes()) {
                continue;
            }
            let read = read::<Vec<Kind>>(&codec, &mixed);
            assert!(read.is_err(), "cut at {at} of {codec:?}");
        }
    }
}

#[test]
fn swapped_values_are_refused() {
    let codec = Codec::new();
    let encoded = codec.encode(&1_u64, None).expect("encodable");
    let mut other = meta(STAMPS);
    other.key_hash = crate::codec::key_hash(b"post:8", 2);
    let swapped = codec.seal().write(&other, Body::Value(&encoded));
    let swapped = swapped.expect("two stamps fit");
    assert_eq!(read::<u64>(&codec, &swapped), Err(Unreadable::Corrupt));
}

/// Bytes that look like a cell: the preamble is right, the rest random, of any length.
fn nearly_a_cell() -> impl Strategy<Value = Vec<u8>> {
    let kinds = proptest::sample::select(&b"lvas"[..]);
    (kinds, proptest::collection::vec(any::<u8>(), 0..300)).prop_map(|(kind, rest)| {
        let mut bytes = Cell::MAGIC.to_vec();
        bytes.push(kind);
        bytes.extend(rest);
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for codec in [Codec::new(), Codec::new().with_mac_key(MAC_KEY)] {
            prop_assert!(verdict(&codec, &bytes).is_err());
        }
    }

    #[test]
    fn random_bytes_behind_a_preamble_are_refused(bytes in nearly_a_cell()) {
        let cell = Cell::from_bytes(bytes);
        for seal in [Seal::checksum(), Seal::mac(MAC_KEY)] {
            prop_assert!(seal.open(&cell, key()).is_err());
            prop_assert_eq!(seal.with_times(&cell, key(), super::TIMES), None);
        }
    }
}
