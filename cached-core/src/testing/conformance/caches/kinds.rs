//! What can be a value, and what comes of one that cannot.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{done, got, set};
use crate::cache::Cache;
use crate::error::ErrorKind;
use crate::testing::conformance::subject::Subject;
use crate::value::Portable;

/// Numbers, texts, choices, structures and nestings of them come back equal, whichever way they
/// were stored.
pub async fn values_of_every_kind_come_back(subject: &Subject) {
    let on = &(subject, subject.caches());
    for flag in [false, true] {
        comes_back(on, flag).await;
    }
    for number in [0, 1, -1, i64::MIN, i64::MAX] {
        comes_back(on, number).await;
    }
    comes_back(on, u128::MAX).await;
    for number in [0.0, -0.1, f64::MIN_POSITIVE, f64::INFINITY] {
        comes_back(on, number).await;
    }
    comes_back(on, 'ß').await;
    comes_back(on, String::new()).await;
    comes_back(on, [Some(Some(1u8)), Some(None), None]).await;
    comes_back(on, [Ok(1u8), Err("no".to_owned())]).await;
    comes_back(on, (1u8, ("a".to_owned(), [2u16; 3]), ())).await;
    comes_back(on, HashSet::from([1u32, 2, 3])).await;
    let nested = BTreeMap::from([("k".to_owned(), vec![vec![], vec![(1u8, -1i8)]])]);
    comes_back(on, nested).await;
    comes_back(on, Duration::new(1, 999_999_999)).await;
    comes_back(on, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33)).await;
    comes_back(on, IpAddr::from(Ipv6Addr::LOCALHOST)).await;
}

/// Stores the value in each way that there is, under keys that others have used before.
async fn comes_back<V>((subject, (here, there)): &(&Subject, (Cache, Cache)), value: V)
where
    V: Portable + PartialEq + Debug,
{
    let keys = ["set", "add", "many", "through"];
    done(here.delete_many(keys).await);
    done(here.set("set", &value, 60).await);
    assert!(done(here.add("add", &value, 60).await), "nothing was there");
    done(here.set_many([("many", &value)], 60).await);
    let computed = value.clone();
    let computed = here.get_or_set("through", 60, || async { computed });
    assert_eq!(done(computed.await), value);
    subject.seen().await;
    for key in keys {
        let found = done(there.get::<V>(key).await);
        assert_eq!(found.as_ref(), Some(&value), "under `{key}`");
    }
    let found = done(there.get_many::<V>(keys).await);
    assert!(found.iter().flatten().eq(keys.map(|_| &value)), "{found:?}");
}

/// All 256 bytes are bytes of a value; they need be no text.
pub async fn bytes_are_values(subject: &Subject) {
    let on = &(subject, subject.caches());
    let all: Vec<u8> = (0..=255).collect();
    comes_back(on, all.repeat(40)).await;
    comes_back(on, vec![0u8; 100_000]).await;
    comes_back(on, Vec::<u8>::new()).await;
}

/// What is stored does not change with what it was made of, nor with what was read.
pub async fn a_copy_is_stored(subject: &Subject) {
    let (here, there) = subject.caches();
    let mut list = vec![1u8];
    done(here.set("k", &list, 60).await);
    list.push(2);
    for cache in [&here, &there] {
        let mut found = done(cache.get::<Vec<u8>>("k").await).unwrap_or_default();
        assert_eq!(found, [1], "it is as it was when it was stored");
        found.push(3);
    }
}

/// A value that cannot be encoded is refused by an error that says so, and nothing changes. Caches
/// that hold values, not bytes, encode none.
pub async fn what_cannot_be_encoded_is_refused(subject: &Subject) {
    let (here, there) = subject.caches();
    if !here.is_shared() {
        done(here.set("k", &Unencodable, 60).await);
        assert_eq!(done(there.get("k").await), Some(Unencodable));
        subject.lacks("cells");
        return;
    }
    set(&here, "k", "old", 60).await;
    let refusals = [
        here.set("k", &Unencodable, 60).await,
        here.add("new", &Unencodable, 60).await.map(drop),
        here.set_many([("k", &Unencodable), ("new", &Unencodable)], 60)
            .await,
        here.warm([("new", Unencodable)], 60).await.map(drop),
    ];
    for refusal in refusals {
        let kind = refusal.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Unencodable));
    }
    assert_eq!(got(&there, "k").await.as_deref(), Some("old"));
    assert!(!done(there.contains("new").await), "nothing was stored");
    let computed = here.get_or_set("new", 60, || async { Unencodable }).await;
    assert_eq!(done(computed), Unencodable, "a read-through still answers");
    assert!(!done(there.contains("new").await), "and stores nothing");
}

/// Of several values of which one cannot be stored, none is.
pub async fn several_are_stored_or_none(subject: &Subject) {
    let (here, there) = subject.caches();
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let refused = here.set_many([("a", &a), ("", &b)], 60).await;
    let kind = refused.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::Key), "an empty key is none");
    assert_eq!(got(&there, "a").await, None, "nothing was stored");
    let negative = here.set_many([("a", &a)], -1).await;
    assert_eq!(negative.map_err(|error| error.kind()), Err(ErrorKind::Ttl));
    assert_eq!(got(&there, "a").await, None, "nothing was stored");
}

/// Nothing that serde knows.
#[derive(Debug, Clone, PartialEq)]
struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("this cannot be encoded"))
    }
}

impl<'de> Deserialize<'de> for Unencodable {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u8::deserialize(from).map(|_| Self)
    }
}
