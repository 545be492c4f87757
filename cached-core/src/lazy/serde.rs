//! A property is written as `None` and read as empty, whatever is there.

use std::fmt;
use std::marker::PhantomData;

use ::serde::de::{
    Deserialize, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use ::serde::ser::{Serialize, Serializer};

use super::{CachedProperty, Kind};

impl<T, K: Kind<T>> Serialize for CachedProperty<T, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de, T, K: Kind<T>> Deserialize<'de> for CachedProperty<T, K> {
    /// Asks for an option, because that is what was written, and because derived code takes a
    /// missing field for `None` only then.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Anything(PhantomData))
    }
}

struct Anything<P>(PhantomData<P>);

/// Formats that describe themselves may answer with what they found instead of an option.
macro_rules! ignore {
    ($($visit:ident($value:ty))*) => {$(
        fn $visit<E: Error>(self, _: $value) -> Result<P, E> {
            Ok(P::default())
        }
    )*};
}

impl<'de, P: Default> Visitor<'de> for Anything<P> {
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    ignore! {
        visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128)
        visit_f64(f64) visit_str(&str) visit_bytes(&[u8])
    }

    fn visit_none<E: Error>(self) -> Result<P, E> {
        Ok(P::default())
    }

    fn visit_unit<E: Error>(self) -> Result<P, E> {
        Ok(P::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<P, D::Error> {
        IgnoredAny::deserialize(some).map(|_| P::default())
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<P, D::Error> {
        self.visit_some(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<P, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| P::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<P, A::Error> {
        IgnoredAny.visit_map(map).map(|_| P::default())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<P, A::Error> {
        IgnoredAny.visit_enum(data).map(|_| P::default())
    }
}
