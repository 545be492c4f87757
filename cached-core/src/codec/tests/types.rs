//! Types of all the kinds that serde knows.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Post {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) tags: Vec<String>,
    pub(super) parent: Option<u32>,
    pub(super) kind: Kind,
    pub(super) scores: BTreeMap<String, f64>,
}

impl Post {
    pub(super) fn sample() -> Self {
        Self {
            id: 7,
            title: "Ünïcode".into(),
            tags: vec!["a".into(), String::new()],
            parent: Some(3),
            kind: Kind::Named {
                x: -1,
                y: Some('é'),
            },
            scores: BTreeMap::from([("k".into(), 0.1), (String::new(), -0.0)]),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Kind {
    Plain,
    Wrapped(Vec<u8>),
    Pair(i8, String),
    Named { x: i64, y: Option<char> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Wrapper<T>(pub(super) T);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Triple(pub(super) u8, pub(super) String, pub(super) bool);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Untagged {
    Number(i64),
    Text(String),
    Named { a: u8, b: Option<u8> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Internal {
    NoData,
    Some { x: u64 },
    Other(Inner),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
pub(super) enum Adjacent {
    Empty,
    One(u32),
    Two(u8, String),
    Named { x: i32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Inner {
    pub(super) a: u32,
    pub(super) b: String,
}

impl Inner {
    pub(super) fn sample() -> Self {
        Self {
            a: 300,
            b: "b".into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Flat {
    pub(super) id: u8,
    #[serde(flatten)]
    pub(super) inner: Inner,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, u16>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Skipping {
    pub(super) first: u8,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) maybe: Option<u8>,
    pub(super) last: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct NeverWritten {
    pub(super) first: u8,
    #[serde(skip_serializing, default = "forty_two")]
    pub(super) hidden: u8,
    pub(super) last: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastNeverWritten {
    pub(super) first: u8,
    #[serde(skip_serializing, default)]
    pub(super) hidden: u8,
}

/// Reads only by name, since its author wrote no `visit_seq`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct MapOnly {
    pub(super) a: u8,
}

impl<'de> Deserialize<'de> for MapOnly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("MapOnly", &["a"], MapVisitor)
    }
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = MapOnly;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MapOnly, A::Error> {
        let entry = map.next_entry::<String, u8>()?;
        let (_, a) = entry.ok_or_else(|| A::Error::missing_field("a"))?;
        Ok(MapOnly { a })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WritesOtherNames {
    #[serde(rename(serialize = "written"))]
    #[serde(default)]
    pub(super) read: u8,
}

fn forty_two() -> u8 {
    42
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Renamed {
    pub(super) first_name: String,
    #[serde(rename = "LAST")]
    pub(super) last_name: String,
    #[serde(skip)]
    pub(super) cached: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Aliased {
    #[serde(alias = "old")]
    pub(super) new: u32,
    pub(super) other: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum SkippedVariant {
    A(u32),
    #[serde(skip)]
    #[allow(dead_code, reason = "it shifts the positions of those behind it")]
    Hidden,
    B(u32),
    C(u32),
}

/// Its position among the names is that of another variant among those that are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum SkippedAndAliased {
    #[serde(skip)]
    #[allow(dead_code, reason = "it shifts the positions of those behind it")]
    Hidden,
    #[serde(alias = "AA")]
    A(u32),
    B(u32),
    C(u32),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    pub(super) name: String,
    pub(super) children: Vec<Tree>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum List {
    End,
    Cons(u8, Box<List>),
}

impl List {
    pub(super) fn of(len: u8) -> Self {
        (0..len).fold(Self::End, |rest, n| Self::Cons(n, Box::new(rest)))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Nest {
    Leaf,
    Deeper(Box<Nest>),
}

impl Nest {
    pub(super) fn of(levels: usize) -> Self {
        (0..levels).fold(Self::Leaf, |nest, _| Self::Deeper(Box::new(nest)))
    }
}

/// Reads itself from the same byte for ever, in formats where `Some` and newtypes are invisible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Bottomless(pub(super) Option<Box<Bottomless>>);

/// As a date: text for everybody, and not any text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day(pub(super) u32);

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("day {}", self.0))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DayVisitor)
    }
}

struct DayVisitor;

impl Visitor<'_> for DayVisitor {
    type Value = Day;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Day, E> {
        let number = text.strip_prefix("day ").and_then(|n| n.parse().ok());
        number.map(Day).ok_or_else(|| E::custom("no day"))
    }
}

/// As a UUID: text for people, 16 bytes for machines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Id(pub(super) [u8; 16]);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&u128::from_be_bytes(self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let number = text.parse::<u128>().map_err(D::Error::custom)?;
            Ok(Self(number.to_be_bytes()))
        } else {
            deserializer.deserialize_bytes(IdVisitor)
        }
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("16 bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Id, E> {
        bytes.try_into().map(Id).map_err(E::custom)
    }
}

/// Panics on whatever is not 7.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Panics(pub(super) u8);

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert_eq!(number, 7, "made-up data");
        Ok(Self(number))
    }
}
