//! Intact cells of the right key and type around hostile payloads, as somebody who can write to
//! the backend makes them: no payload panics, exhausts stack or memory, or takes long.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::types::*;
use super::{Codec, Encoded, Format, Unreadable, codecs, read, seal};

/// What a cache makes of a payload that claims to be a `T`.
fn forged<T>(format: Format, compressed: bool, bytes: &[u8]) -> Result<T, Unreadable>
where
    T: DeserializeOwned + 'static,
{
    forged_id(format.id(), compressed, bytes)
}

fn forged_id<T>(format: u8, compressed: bool, bytes: &[u8]) -> Result<T, Unreadable>
where
    T: DeserializeOwned + 'static,
{
    let codec = Codec::new();
    let encoded = Encoded {
        format,
        compressed,
        fingerprint: Codec::fingerprint::<T>(None),
        bytes: bytes.to_vec(),
    };
    read(&codec, &seal(codec.seal(), &encoded))
}

/// The type rejects the payload in every format, and soon.
#[track_caller]
fn rejected<T: DeserializeOwned + Debug + 'static>(payload: &[u8]) {
    for &format in Format::ALL {
        let started = Instant::now();
        let read = forged::<T>(format, false, payload);
        assert!(
            matches!(read, Err(Unreadable::Undecodable(_))),
            "{format:?}: {read:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(2), "{format:?}");
    }
}

/// Lengths of billions, as each format writes them; the other formats reject them anyway.
const HUGE: &[&[u8]] = &[
    b"\xFD\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F",
    b"\xFD\x00\x00\x00\x00\x01\x00\x00\x00",
    b"\xFC\xFF\xFF\xFF\xFF",
    b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F",
    b"\xDB\xFF\xFF\xFF\xFF",
    b"\xDD\xFF\xFF\xFF\xFF",
    b"\xDF\xFF\xFF\xFF\xFF",
    b"\xC6\xFF\xFF\xFF\xFF",
];

#[test]
fn huge_lengths_are_rejected() {
    for length in HUGE {
        for payload in [length.to_vec(), [length, &b"abcdefgh"[..]].concat()] {
            rejected::<String>(&payload);
            rejected::<Vec<u64>>(&payload);
            rejected::<Vec<[u64; 32]>>(&payload);
            rejected::<Vec<()>>(&payload);
            rejected::<Vec<Unit>>(&payload);
            rejected::<HashMap<(), ()>>(&payload);
            rejected::<HashMap<u64, u64>>(&payload);
            rejected::<Vec<Vec<Vec<String>>>>(&payload);
            rejected::<std::ffi::CString>(&payload);
            rejected::<Post>(&payload);
            rejected::<Tree>(&payload);
        }
    }
}

/// Bytes that nest with each byte, in some format, for types that contain themselves.
#[test]
fn nesting_bombs_are_rejected() {
    const LEVELS: usize = 5_000;
    let repeated = [
        &b"\x01"[..],
        b"\x01\x01",
        b"\x00\x01",
        b"\x81\xA6Deeper",
        b"\x81\xA4Cons\x92\x01",
        b"\x81",
        b"\x91",
        b"\x92",
        b"\xC7\x01\x01",
        b"\x82\xA4name\xA0\xA8children\x91",
        b"[",
        b"{\"Deeper\":",
        b"{\"Cons\":[1,",
        b"{\"name\":\"\",\"children\":[",
    ];
    for part in repeated {
        let bomb = part.repeat(LEVELS);
        rejected::<Nest>(&bomb);
        rejected::<List>(&bomb);
        rejected::<Tree>(&bomb);
        rejected::<Bottomless>(&bomb);
        rejected::<Untagged>(&bomb);
        rejected::<Flat>(&bomb);
        rejected::<serde_json::Value>(&bomb);
    }
}

/// One byte, and formats without a sign for `Some`: the type asks for the same byte for ever.
#[test]
fn a_type_that_consumes_nothing_is_rejected() {
    for payload in [&b"\x05"[..], b"5", b"true", b"\x01"] {
        rejected::<Bottomless>(payload);
    }
}

#[test]
fn nesting_up_to_the_limit_is_read_on_a_small_stack() {
    let on_a_small_stack = std::thread::Builder::new().stack_size(1 << 20);
    let thread = on_a_small_stack.spawn(|| {
        for codec in codecs() {
            let cell = super::cell(&codec, &Nest::of(128));
            assert_eq!(read(&codec, &cell), Ok(Nest::of(128)));
        }
        nesting_bombs_are_rejected();
    });
    let joined = thread.expect("a thread can be started").join();
    assert!(joined.is_ok());
}

#[test]
fn bytes_behind_a_value_are_rejected() {
    fn check<T>(value: &T)
    where
        T: Serialize + DeserializeOwned + Debug + 'static,
    {
        for &format in Format::ALL {
            let codec = Codec::new().with_format(format);
            let encoded = codec.encode(value, None).expect("encodable");
            let format = Format::of_id(encoded.format).expect("this build wrote it");
            for tail in [&b"\0"[..], b"\xC0", b"1", b"\xC1", b"\xFF\xFF"] {
                let longer = [&encoded.bytes, tail].concat();
                let read = forged::<T>(format, false, &longer);
                assert!(read.is_err(), "{format:?} {read:?}");
            }
        }
    }
    check(&Post::sample());
    check(&Some(()));
    check(&"text".to_owned());
    check(&vec![Kind::Plain]);
    check(&Untagged::Text("t".into()));
    check(&Kind::Plain);
}

#[test]
fn an_unknown_format_is_refused() {
    for id in [0, 5, 255] {
        assert_eq!(
            forged_id::<u8>(id, false, b"\0"),
            Err(Unreadable::OtherCodec)
        );
    }
}

#[test]
fn a_value_beyond_what_the_cache_allows_is_refused() {
    let writer = Codec::new();
    let cell = super::cell(&writer, &"x".repeat(1000));
    let reader = Codec::new().with_max_bytes(1000);
    assert_eq!(read::<String>(&reader, &cell), Err(Unreadable::TooLarge));
}

#[cfg(feature = "compress")]
mod compressed {
    use super::*;

    #[test]
    fn what_shrinks_is_compressed_and_what_does_not_is_not() {
        let codec = Codec::new().with_compression(100);
        let encode = |text: &str| codec.encode(&text.to_owned(), None).expect("encodable");
        assert!(encode(&"ab".repeat(1000)).bytes.len() < 100);
        assert!(encode(&"ab".repeat(1000)).compressed);
        assert!(!encode("ab").compressed);
        let odd: String = (0..200_u32)
            .map(|n| char::from(33 + (n * n % 89) as u8))
            .collect();
        assert!(!encode(&odd[..101]).compressed || encode(&odd[..101]).bytes.len() < 102);
    }

    #[test]
    fn blocks_that_claim_too_much_are_refused() {
        let claim = |size: u32, block: &[u8]| {
            let payload = [&size.to_le_bytes(), block].concat();
            forged::<Vec<u8>>(Format::Bincode, true, &payload)
        };
        assert_eq!(claim(u32::MAX, b"\x10a"), Err(Unreadable::TooLarge));
        assert_eq!(claim((8 << 20) + 1, &[0; 64]), Err(Unreadable::TooLarge));
        for (size, block, why) in [
            (8 << 20, &b"\x10a"[..], "claims too much"),
            (100, b"\x10a", "too short"),
            (0, b"\x10a", ""),
            (1, b"\xF0\xFF\xFF\xFF", ""),
        ] {
            let read = claim(size, block);
            assert!(
                matches!(&read, Err(Unreadable::Undecodable(reason)) if reason.contains(why)),
                "{read:?}"
            );
        }
        let short = forged::<Vec<u8>>(Format::Bincode, true, b"\x01\0");
        assert_eq!(short, Err(Unreadable::Truncated));
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_expands_to() {
        let bomb = lz4_flex::block::compress_prepend_size(&vec![0; 9 << 20]);
        assert!(bomb.len() < 100_000);
        let read = forged::<Vec<u8>>(Format::Bincode, true, &bomb);
        assert_eq!(read, Err(Unreadable::TooLarge));
    }
}

/// A payload of any bytes is rejected, or is a value that encodes and decodes as ever.
fn tried<T>(format: Format, payload: &[u8])
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    let Ok(value) = forged::<T>(format, false, payload) else {
        return;
    };
    let codec = Codec::new();
    // What formats with names cannot tell apart may have been forged, and cannot be written.
    if let Ok(encoded) = codec.encode(&value, None) {
        assert_eq!(read(&codec, &seal(codec.seal(), &encoded)), Ok(value));
    }
}

fn tried_as_all_types(payload: &[u8]) {
    for &format in Format::ALL {
        tried::<Post>(format, payload);
        tried::<Vec<Kind>>(format, payload);
        tried::<BTreeMap<String, Vec<Option<u16>>>>(format, payload);
        tried::<Untagged>(format, payload);
        tried::<Flat>(format, payload);
        tried::<Tree>(format, payload);
        tried::<List>(format, payload);
        tried::<(u128, char, bool, Option<Day>, Id)>(format, payload);
    }
}

/// Payloads that were one: cut, or with bytes changed.
fn nearly_a_payload() -> impl Strategy<Value = Vec<u8>> {
    let codecs = proptest::sample::select(codecs());
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (codecs, changes, any::<prop::sample::Index>()).prop_map(|(codec, changes, end)| {
        let encoded = codec.encode(&Post::sample(), None).expect("encodable");
        let mut bytes = encoded.bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(end.index(bytes.len() * 2));
        bytes
    })
}

proptest! {
    #[test]
    fn random_payloads_do_no_harm(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
        tried_as_all_types(&payload);
    }

    #[test]
    fn damaged_payloads_do_no_harm(payload in nearly_a_payload()) {
        tried_as_all_types(&payload);
    }
}
