//! Every value that can be encoded comes back equal, in every format.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::types::*;
use super::{Codec, cell, codecs, read, survives};

#[test]
fn numbers() {
    survives((u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX));
    survives((i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN));
    survives((250_u64, 251_u64, 65_535_u64, 65_536_u64, 1_u64 << 32));
    survives((0.1_f32, 0.1_f64, f32::MIN_POSITIVE, f64::MAX, 5e-324));
    survives((usize::MAX, isize::MIN, true, 'é', '\0'));
    survives(NonZeroU8::MIN);
}

#[test]
fn floats_that_json_has_no_form_for() {
    survives((f64::INFINITY, f32::NEG_INFINITY));
    for codec in codecs() {
        let odd = f64::from_bits(0x7FF8_0000_0000_0123);
        let back: Option<f64> = read(&codec, &cell(&codec, &Some(odd))).expect("it was written");
        assert_eq!(back.map(f64::to_bits), Some(odd.to_bits()), "{codec:?}");
    }
}

#[test]
fn every_float_keeps_its_last_bit() {
    let mut bits = 0x3FF0_0000_0000_0001_u64;
    let odd = |_| {
        bits = bits.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(1);
        f64::from_bits(bits & 0x7FEF_FFFF_FFFF_FFFF)
    };
    survives((0..2000).map(odd).collect::<Vec<f64>>());
}

#[test]
fn text_and_bytes() {
    survives(String::from("line\n\"quote\" \u{0} 🦀"));
    survives(vec![0_u8, 255, 128]);
    survives(Box::<str>::from("boxed"));
    survives(Arc::<str>::from("shared"));
    survives(c"bytes".to_owned());
    survives(PathBuf::from("/tmp/x"));
    survives("long".repeat(100_000));
}

#[test]
fn options() {
    survives(Some(Some(1)));
    survives(None::<Option<u8>>);
    survives(Some(None::<u8>));
    survives(vec![Some(Some(())), Some(None), None]);
    survives(Some(Unit));
    survives(Some(Wrapper(None::<u8>)));
}

#[test]
fn nothing() {
    survives(());
    survives(Unit);
    survives([0_u8; 0]);
    survives(Vec::<u8>::new());
    survives(vec![(); 5000]);
    survives(vec![Unit; 100]);
}

#[test]
fn collections() {
    survives(BTreeMap::from([(1_u8, "a".to_owned()), (2, String::new())]));
    survives(HashMap::from([("k".to_owned(), vec![1_u64])]));
    survives(HashMap::from([((1_u8, true), Unit)]));
    survives(BTreeMap::from([(None, 1), (Some('x'), 2)]));
    survives(BTreeSet::from(["b".to_owned(), "a".to_owned()]));
    survives([[1_u16; 3]; 2]);
    survives((1_u8, ("a".to_owned(), [true; 3])));
}

#[test]
fn standard_types() {
    survives((Duration::new(1, 999_999_999), SystemTime::UNIX_EPOCH));
    survives(IpAddr::V6(Ipv6Addr::LOCALHOST));
    survives(SocketAddr::from(([127, 0, 0, 1], 80)));
    survives(vec![Ok::<u8, String>(1), Err("no".to_owned())]);
    survives((1..5_u8, 1..=5_i64, std::ops::Bound::Excluded(3_u8)));
    survives(std::cmp::Reverse(std::num::Wrapping(7_u16)));
}

#[test]
fn structs_and_enums() {
    survives(Post::sample());
    survives(vec![
        Kind::Plain,
        Kind::Wrapped(vec![1]),
        Kind::Pair(-1, "x".into()),
        Kind::Named { x: 0, y: None },
    ]);
    survives((Unit, Wrapper(Triple(1, "a".into(), true))));
    survives(Arc::new(Page {
        items: vec![Page {
            items: vec![Wrapper(Post::sample())],
            next: None,
        }],
        next: Some("n".into()),
    }));
}

#[test]
fn types_that_need_names() {
    survives(vec![
        Untagged::Number(-5),
        Untagged::Text("t".into()),
        Untagged::Named { a: 1, b: None },
    ]);
    survives(vec![
        Internal::NoData,
        Internal::Some { x: 1 },
        Internal::Other(Inner::sample()),
    ]);
    survives(vec![
        Adjacent::Empty,
        Adjacent::One(1),
        Adjacent::Two(2, "b".into()),
        Adjacent::Named { x: -3 },
    ]);
    survives(Flat {
        id: 1,
        inner: Inner::sample(),
        rest: BTreeMap::from([("c".into(), 9)]),
    });
    survives(json!({"a": [1, -2.5, null, {"b": "c"}], "d": true}));
}

#[test]
fn types_that_read_other_fields_than_they_write() {
    for maybe in [None, Some(2)] {
        survives(vec![
            Skipping {
                first: 1,
                maybe,
                last: 3,
            };
            2
        ]);
    }
    survives(NeverWritten {
        first: 1,
        hidden: 42,
        last: 3,
    });
    survives(LastNeverWritten {
        first: 1,
        hidden: 0,
    });
    survives(MapOnly { a: 5 });
    survives(Renamed {
        first_name: "a".into(),
        last_name: "b".into(),
        cached: 0,
    });
    survives(Aliased { new: 1, other: 2 });
    survives(vec![
        SkippedVariant::A(1),
        SkippedVariant::B(2),
        SkippedVariant::C(3),
    ]);
    survives(vec![
        SkippedAndAliased::A(1),
        SkippedAndAliased::B(2),
        SkippedAndAliased::C(3),
    ]);
}

#[test]
fn types_that_validate() {
    survives(vec![Day(1), Day(2)]);
    survives((Day(1), Id([7; 16]), 5_u8));
    survives(BTreeMap::from([(1_u8, Id([0; 16]))]));
    survives([Day(1), Day(2), Day(3)]);
    survives(Panics(7));
}

#[test]
fn recursive_types() {
    survives(Tree {
        name: "root".into(),
        children: vec![
            Tree {
                name: "leaf".into(),
                children: vec![],
            };
            3
        ],
    });
    survives(List::of(60));
    survives(Nest::of(128));
    survives(Bottomless(None));
}

#[test]
fn a_declared_schema_is_all_that_tells_types_apart() {
    for codec in codecs() {
        let encoded = codec
            .encode(&Post::sample(), Some("post-v1"))
            .expect("a post is encodable");
        let cell = super::seal(codec.seal(), &encoded);
        let opened = codec
            .seal()
            .open(&cell, super::key())
            .expect("it is intact");
        let same = codec.decode::<Post>(&opened, Some("post-v1"));
        assert_eq!(same, Ok(Post::sample()), "{codec:?}");
        for other in [Some("post-v2"), None] {
            let other = codec.decode::<Post>(&opened, other);
            assert_eq!(other, Err(super::Unreadable::OtherType));
        }
    }
}

#[test]
fn a_cache_reads_what_others_wrote_in_any_format() {
    for writer in codecs()
        .iter()
        .filter(|codec| !format!("{codec:?}").contains("mac"))
    {
        let cell = cell(writer, &Post::sample());
        assert_eq!(read(&Codec::new(), &cell), Ok(Post::sample()), "{writer:?}");
    }
}
