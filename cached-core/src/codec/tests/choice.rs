//! Which format a value is written in, and which values are not written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::types::*;
use super::{Codec, Format, written_in};
use crate::codec::Unencodable;

/// Compact formats carry this value.
#[track_caller]
fn compact<T>(value: T)
where
    T: Serialize + serde::de::DeserializeOwned + 'static,
{
    for &format in Format::ALL {
        assert_eq!(written_in(format, &value), format);
    }
}

/// Compact formats leave it to MessagePack.
#[track_caller]
fn named<T>(value: T)
where
    T: Serialize + serde::de::DeserializeOwned + 'static,
{
    for &format in Format::ALL {
        let expected = if format.writes_names() {
            format
        } else {
            Format::MessagePack
        };
        assert_eq!(written_in(format, &value), expected);
    }
}

#[test]
fn ordinary_types_are_written_as_preferred() {
    compact(Post::sample());
    compact(Kind::Plain);
    compact(Page {
        items: vec![Page {
            items: vec![1_u8],
            next: None,
        }],
        next: None,
    });
    compact((
        Id([1; 16]),
        vec![Day(1)],
        Wrapper(Unit),
        Triple(1, "a".into(), true),
    ));
    compact(Renamed::default());
    compact(std::net::IpAddr::from([127, 0, 0, 1]));
    compact((std::time::Duration::ZERO, [0_u8; 32], Ok::<u8, ()>(1)));
    compact(Some(std::path::PathBuf::from("/")));
}

#[test]
fn types_that_ask_the_bytes_are_written_with_names() {
    named(Untagged::Number(1));
    named(Internal::NoData);
    named(Adjacent::One(1));
    named(json!([1]));
    named(Flat {
        id: 1,
        inner: Inner::sample(),
        rest: BTreeMap::new(),
    });
    named(vec![Some(Untagged::Number(1))]);
}

#[test]
fn recursive_types_are_written_with_names() {
    named(List::End);
    named(Tree {
        name: String::new(),
        children: vec![],
    });
}

#[test]
fn values_that_skip_fields_are_written_with_names() {
    let skipping = |maybe| Skipping {
        first: 1,
        maybe,
        last: 3,
    };
    compact(skipping(Some(2)));
    named(skipping(None));
    named(vec![skipping(Some(2)), skipping(None)]);
    named(NeverWritten {
        first: 1,
        hidden: 42,
        last: 3,
    });
    named(LastNeverWritten {
        first: 1,
        hidden: 0,
    });
    named(WritesOtherNames { read: 1 });
    named(MapOnly { a: 5 });
    named(Aliased { new: 1, other: 2 });
    named(SkippedVariant::C(1));
    named(SkippedAndAliased::B(1));
}

/// What a type without a fault in it looks like from the outside.
#[derive(Debug, PartialEq, Deserialize)]
struct WritesLess {
    a: i32,
}

impl Serialize for WritesLess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As a map, of fields that fit.
        BTreeMap::from([("a", self.a)]).serialize(serializer)
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct WritesUnsigned(i32);

impl Serialize for WritesUnsigned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("WritesUnsigned", &self.0.unsigned_abs())
    }
}

#[test]
fn values_that_write_another_kind_than_they_read_are_written_with_names() {
    named(WritesLess { a: 7 });
    named(WritesUnsigned(7));
    super::survives(WritesLess { a: 7 });
    super::survives(WritesUnsigned(7));
}

#[test]
fn some_nothing_is_kept_by_compact_formats_only() {
    assert_eq!(
        written_in(Format::MessagePack, &Some(None::<u8>)),
        Format::Bincode
    );
    let lost = Codec::new().encode(&Some(json!(null)), None);
    assert!(
        matches!(&lost, Err(Unencodable::SerializeFailed(why)) if why.contains("`Some` of nothing")),
        "{lost:?}"
    );
    let lost = Codec::new().encode(&Bottomless(Some(Box::new(Bottomless(None)))), None);
    assert!(matches!(lost, Err(Unencodable::SerializeFailed(_))));
}

#[test]
fn a_failing_serialize_says_why() {
    #[derive(Debug, Deserialize)]
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("out of ink ".repeat(1000)))
        }
    }
    let failed = Codec::new().encode(&vec![Failing], None);
    let Err(Unencodable::SerializeFailed(why)) = failed else {
        panic!("{failed:?}");
    };
    assert!(why.starts_with("out of ink") && why.len() < 300, "{why}");
}

#[test]
fn a_wrong_length_is_found() {
    #[derive(Debug, Deserialize)]
    struct Lying(#[allow(dead_code, reason = "never read back")] Vec<u8>);
    impl Serialize for Lying {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(Some(2))?;
            seq.serialize_element(&1_u8)?;
            seq.end()
        }
    }
    let failed = Codec::new().encode(&Lying(vec![]), None);
    assert!(
        matches!(failed, Err(Unencodable::SerializeFailed(_))),
        "{failed:?}"
    );
}

#[test]
fn what_nests_too_deep_is_not_written() {
    let failed = Codec::new().encode(&Nest::of(129), None);
    assert!(
        matches!(failed, Err(Unencodable::SerializeFailed(_))),
        "{failed:?}"
    );
    // Far beyond what the stack holds: the walk must end, not the process.
    let mut deep = Nest::Leaf;
    for _ in 0..100_000 {
        deep = Nest::Deeper(Box::new(deep));
    }
    let failed = Codec::new().encode(&deep, None);
    assert!(
        matches!(failed, Err(Unencodable::SerializeFailed(_))),
        "{failed:?}"
    );
    // Unwound by hand: dropping it in one go would recurse as deep.
    while let Nest::Deeper(inner) = deep {
        deep = *inner;
    }
}

#[test]
fn what_is_too_large_is_not_written() {
    for format in Format::ALL {
        let codec = Codec::new().with_format(*format).with_max_bytes(1000);
        assert!(codec.encode(&"x".repeat(900), None).is_ok());
        let text = codec.encode(&"x".repeat(1000), None);
        let limit = 1000;
        assert!(
            matches!(text, Err(Unencodable::TooLarge { size, limit: 1000 }) if size > limit),
            "{format:?} {text:?}"
        );
        // A lower bound of its size is allowed, its real size is not.
        let floats = codec.encode(&vec![0.123_456_789_f64; 300], None);
        assert!(
            matches!(floats, Err(Unencodable::TooLarge { size, limit: 1000 }) if size > limit),
            "{format:?} {floats:?}"
        );
    }
}
