//! Digests: literal ones, and which values share theirs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::Ipv4Addr;

use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};

use crate::key::{KeyError, render};

fn hash<T: Serialize + ?Sized>(value: &T) -> Result<String, KeyError> {
    let key = render(0, |key| {
        key.hash(value);
    });
    key.map(|key| key.text().to_owned())
}

#[track_caller]
fn check<T: Serialize + ?Sized>(value: &T, expected: &str) {
    assert_eq!(hash(value).expect("serialisable"), expected);
}

#[track_caller]
fn alike<A: Serialize + ?Sized, B: Serialize + ?Sized>(one: &A, other: &B) {
    assert_eq!(
        hash(one).expect("serialisable"),
        hash(other).expect("serialisable")
    );
}

#[track_caller]
fn differ<A: Serialize + ?Sized, B: Serialize + ?Sized>(one: &A, other: &B) {
    assert_ne!(
        hash(one).expect("serialisable"),
        hash(other).expect("serialisable")
    );
}

#[derive(Serialize)]
struct Query {
    text: &'static str,
    page: u32,
    ratio: f64,
    sort: Option<Sort>,
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
enum Sort {
    Newest,
    By { field: &'static str },
    Twice(u8, u8),
    Only(u8),
}

fn query(sort: Option<Sort>) -> Query {
    Query {
        text: "rust",
        page: 2,
        ratio: 0.5,
        sort,
    }
}

/// Computed from the description of the format, in another language.
#[test]
fn golden() {
    check(&[f64::NAN, -0.0], "b2dfca688c466c5818091b88e0289524");
    check(c"ab", "0f722ba11bf19ee72b21044e614da8dc");
    check(&Unit, "a25513c7e0f6eaa80a3337ee18081b9e");
    check(&7_u8, "a157285da6db3107abc1c1b24c403d14");
    check("rust", "5d4eb4ad9c53444eb03ba877e1c2eb2f");
    check(&query(None), "e44df82bb144387c5debc1f4f2d23b59");
    check(
        &query(Some(Sort::Newest)),
        "face831d1bd03bbe666fcad4ae28fc5b",
    );
    check(
        &query(Some(Sort::By { field: "id" })),
        "b082b52322f6004f32d4b1956f08689a",
    );
    check(
        &vec![Sort::Twice(1, 2), Sort::Only(3)],
        "26288270f41fb8e45db51a1dd46ff34b",
    );
    check(&(-1_i64, true, 'x', ()), "9b7ab5d7d07f9f1eb3d56f681282973c");
    check(
        &BTreeMap::from([("b", 1), ("a", 2)]),
        "b0557c62469931f931a0802da96610d9",
    );
}

#[test]
fn maps_are_sorted() {
    let forwards: HashMap<u32, String> = (0..100).map(|n| (n, n.to_string())).collect();
    let backwards: HashMap<u32, String> = (0..100).rev().map(|n| (n, n.to_string())).collect();
    let sorted: BTreeMap<u32, String> = (0..100).map(|n| (n, n.to_string())).collect();
    alike(&forwards, &backwards);
    alike(&forwards, &sorted);
    alike(&[forwards], &[sorted]);
}

#[test]
fn what_means_the_same_is_alike() {
    #[derive(Serialize)]
    struct Reordered {
        sort: Option<Sort>,
        ratio: f32,
        page: i64,
        text: String,
    }
    let reordered = Reordered {
        sort: None,
        ratio: 0.5,
        page: 2,
        text: "rust".into(),
    };
    alike(&query(None), &reordered);
    alike(&7_u8, &7_i128);
    alike(&vec![1, 2], &(1_u8, 2_i64));
    alike(&[1, 2], &[1_u64, 2].as_slice());
    alike(&0.0, &-0.0);
    alike(&f64::NAN, &-f64::NAN);
    alike(&f32::NAN, &f64::from_bits(u64::MAX));
    alike("x", &'x');
    alike(&Ipv4Addr::LOCALHOST, "127.0.0.1");
}

#[test]
fn what_differs_differs() {
    differ(&1, &1.0);
    differ(&1, &-1);
    differ("1", &1);
    differ(&true, &1);
    differ(&0.1_f32, &0.1_f64);
    differ(&None::<u8>, &());
    differ(&Some(1), &1);
    differ(&Some(None::<u8>), &None::<Option<u8>>);
    differ(&["ab", "c"], &["a", "bc"]);
    differ(&[[1], [2]].as_slice(), &[[1, 2]].as_slice());
    differ(&Vec::<u8>::new(), &());
    differ(&Vec::<u8>::new(), &BTreeMap::<u8, u8>::new());
    differ(&BTreeMap::from([(1, 2)]), &BTreeMap::from([(2, 1)]));
    differ(&Sort::Only(1), &1);
    differ(&query(None), &query(Some(Sort::Newest)));
    differ(&u128::MAX, &-1);
}

#[test]
fn a_failing_value_is_an_error_of_the_key() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("out of luck"))
        }
    }
    let error = hash(&[Failing]).expect_err("it fails");
    assert!(error.to_string().contains("out of luck"), "{error}");
}

#[test]
fn misbehaving_implementations_are_errors() {
    struct Unprintable;
    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    impl Serialize for Unprintable {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    struct Silent;
    impl Serialize for Silent {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom(Unprintable))
        }
    }
    struct Keyless;
    impl Serialize for Keyless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_value(&1)?;
            map.end()
        }
    }
    assert!(hash(&Unprintable).is_err());
    assert!(hash(&Silent).is_err());
    assert!(hash(&Keyless).is_err());
}

#[test]
fn nesting_is_limited() {
    #[derive(Serialize)]
    struct Chain(Option<Box<Chain>>);
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Lists(Vec<Lists>);
    let chain = |links| (0..links).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))));
    let lists = |levels| (0..levels).fold(Lists(vec![]), |lists, _| Lists(vec![lists]));
    assert!(hash(&chain(63)).is_ok());
    assert!(hash(&chain(64)).is_err());
    assert!(hash(&lists(127)).is_ok());
    assert!(hash(&lists(128)).is_err());
}
