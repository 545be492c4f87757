//! What the fingerprint tells apart, and what it does not.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::types::*;
use crate::codec::shape::Shape;

fn shape<T: DeserializeOwned + 'static>() -> &'static Shape {
    Shape::of::<T>()
}

fn print<T: DeserializeOwned + 'static>() -> u64 {
    shape::<T>().fingerprint
}

#[test]
fn a_type_in_another_module_is_the_same() {
    mod elsewhere {
        use super::super::types::Kind;
        use serde::Deserialize;
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only its shape counts")]
        pub(super) struct Post {
            id: u64,
            title: String,
            tags: Vec<String>,
            parent: Option<u32>,
            kind: Kind,
            scores: std::collections::BTreeMap<String, f64>,
        }
    }
    assert_eq!(print::<Post>(), print::<elsewhere::Post>());
}

#[test]
fn what_reads_the_same_is_the_same() {
    assert_eq!(print::<Box<u32>>(), print::<std::sync::Arc<u32>>());
    assert_eq!(print::<BTreeMap<u8, u8>>(), print::<HashMap<u8, u8>>());
    assert_eq!(print::<String>(), print::<Box<str>>());
    assert_eq!(print::<usize>(), print::<u64>());
}

#[test]
fn it_is_computed_once_and_by_type() {
    assert!(std::ptr::eq(shape::<Post>(), shape::<Post>()));
    assert_ne!(print::<Post>(), print::<Kind>());
}

/// A fingerprint that changes makes every cache of every user miss once: change it knowingly.
#[test]
fn it_never_changes() {
    assert_eq!(print::<u32>(), 505_444_657_220_693_882);
    assert_eq!(print::<Post>(), 6_435_817_099_246_420_860);
    assert_eq!(print::<List>(), 15_201_845_703_382_518_869);
}

#[test]
fn scalars_differ() {
    let prints = [
        print::<u8>(),
        print::<u16>(),
        print::<u32>(),
        print::<u64>(),
        print::<u128>(),
        print::<i8>(),
        print::<i16>(),
        print::<i32>(),
        print::<i64>(),
        print::<i128>(),
        print::<f32>(),
        print::<f64>(),
        print::<bool>(),
        print::<char>(),
        print::<String>(),
        print::<std::ffi::CString>(),
        print::<()>(),
        print::<Option<u8>>(),
        print::<Vec<u8>>(),
        print::<(u8,)>(),
        print::<(u8, u8)>(),
        print::<Wrapper<u8>>(),
        print::<HashMap<u8, u8>>(),
        print::<Unit>(),
        print::<Day>(),
        print::<[Day; 3]>(),
        print::<[Day; 4]>(),
        print::<Panics>(),
    ];
    let distinct: std::collections::HashSet<_> = prints.iter().collect();
    // A day is text.
    assert_eq!(distinct.len(), prints.len() - 1);
}

#[test]
fn types_that_validate_are_seen_around_what_they_reject() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only its shape counts")]
    struct Old {
        day: Day,
        port: std::num::NonZeroU16,
        last: u8,
    }
    mod new {
        #[derive(serde::Deserialize)]
        #[allow(dead_code, reason = "only its shape counts")]
        pub(super) struct Old {
            day: super::Day,
            port: std::num::NonZeroU16,
            last: i8,
        }
    }
    assert_ne!(print::<Old>(), print::<new::Old>());
    assert!(!shape::<Old>().needs_names());
    // Behind a rejected element nothing is seen, and the type is written with names.
    assert!(shape::<(Day, u8)>().self_describing);
    assert!(!shape::<(u8, Day)>().self_describing);
    assert!(!shape::<(Id, u8)>().self_describing);
}

#[test]
fn recursion_is_found_and_seen_once() {
    for shape in [shape::<List>(), shape::<Tree>(), shape::<Nest>()] {
        assert!(shape.recursive && !shape.self_describing, "{shape:?}");
    }
    assert!(shape::<Bottomless>().recursive);
    assert!(!shape::<Page<Page<Page<u8>>>>().recursive);
    assert_ne!(print::<Page<Page<u8>>>(), print::<Page<Page<u16>>>());
    assert_ne!(print::<Page<Page<u8>>>(), print::<Page<u8>>());
}

/// The second part of a variant is seen though the first is the enum itself, of which a value can
/// be made up only once its last variant is known.
#[test]
fn parts_behind_recursive_ones_are_seen() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only its shape counts")]
    enum Tree<T> {
        Node(Box<Tree<T>>, T),
        Leaf(i32),
    }
    assert_ne!(print::<Tree<u8>>(), print::<Tree<u16>>());
    assert!(!shape::<Tree<u8>>().self_describing);
}

#[test]
fn a_panicking_type_is_opaque() {
    let shape = shape::<Panics>();
    assert!(shape.needs_names() && shape.self_describing);
}

#[test]
fn self_describing_types_are_found() {
    assert!(shape::<Untagged>().self_describing);
    assert!(shape::<Internal>().self_describing);
    assert!(shape::<Adjacent>().self_describing);
    assert!(shape::<Flat>().self_describing);
    assert!(shape::<serde_json::Value>().self_describing);
    assert!(shape::<serde::de::IgnoredAny>().self_describing);
    assert!(!shape::<Post>().self_describing);
}

/// A thousand variants, and structs of structs, each of which is looked at once.
#[test]
fn large_types_end() {
    macro_rules! wide {
        ($($name:ident)*) => {
            #[derive(Serialize, Deserialize)]
            struct Wide { $($name: Kind,)* }
            #[derive(Serialize, Deserialize)]
            #[allow(non_camel_case_types, dead_code, reason = "names are made up")]
            enum Many { $($name(Wide),)* }
        };
    }
    wide!(a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff gg hh ii jj kk);
    type Deep = Wrapper<Page<Wrapper<Page<Wrapper<Many>>>>>;
    let started = std::time::Instant::now();
    assert!(!shape::<Deep>().needs_names());
    assert!(!shape::<([u8; 32], [[Many; 8]; 8])>().needs_names());
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_millis(500), "{took:?}");
}

/// So many bytes as a tuple.
struct Bytes<const N: usize>;

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(N, All::<N>)
    }
}

struct All<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for All<N> {
    type Value = Bytes<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes<N>, A::Error> {
        while seq.next_element::<u8>()?.is_some() {}
        Ok(Bytes)
    }
}

#[test]
fn types_too_large_to_see_are_written_with_names() {
    assert!(!shape::<Bytes<4096>>().needs_names());
    assert!(shape::<Bytes<4097>>().self_describing);
    assert!(shape::<Bytes<{ usize::MAX }>>().self_describing);
    assert_ne!(print::<Bytes<5000>>(), print::<Bytes<5001>>());
}
