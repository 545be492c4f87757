//! A `Deserializer` around another that bounds what hostile bytes can make it do.
//!
//! No format of ours is safe by itself: bincode allocates what a length claims, all of them loop
//! over a sequence of billions of nothings, and all recurse as deep as the bytes say, MessagePack
//! and JSON too where only enums, options and newtypes nest. Around each of them this adapter
//!
//! - refuses nesting beyond [`DEPTH`];
//! - refuses more elements, in all, than there are bytes, plus some for those that take none;
//! - hides the announced lengths, so that collections grow with what is really there;
//! - asks for borrowed text and bytes, which formats cut out of the input without allocating.
//!
//! It sees nothing of what serde buffers on its own (untagged, flattened, internally tagged); the
//! buffer itself was filled through it.

mod access;
mod visitor;

use std::cell::Cell;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, Visitor};

use visitor::Within;

/// Nesting that is read: twice what is written, since a buffered enum counts as two levels.
pub(super) const DEPTH: u16 = 2 * super::watch::DEPTH;

/// Elements beyond one per byte: values of types that no format spends bytes on.
pub(super) const FREE_ELEMENTS: usize = 1024;

/// Reads a `T` out of a deserializer that holds this many bytes.
pub(super) fn read<'de, T, D>(deserializer: D, bytes: usize) -> Result<T, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    Limits::of(bytes).read(deserializer)
}

/// The same as a seed, for formats that take no deserializer from outside.
pub(super) struct Seed<T> {
    limits: Limits,
    marker: PhantomData<T>,
}

impl<T> Seed<T> {
    /// Reads from this many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        Self {
            limits: Limits::of(bytes),
            marker: PhantomData,
        }
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Seed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        self.limits.read(deserializer)
    }
}

/// What is left of one decoding's allowance.
struct Limits {
    elements: Cell<usize>,
}

impl Limits {
    fn of(bytes: usize) -> Self {
        Self {
            elements: Cell::new(bytes.saturating_add(FREE_ELEMENTS)),
        }
    }

    fn read<'de, T, D>(&self, deserializer: D) -> Result<T, D::Error>
    where
        T: DeserializeOwned,
        D: Deserializer<'de>,
    {
        T::deserialize(Limited {
            inner: deserializer,
            place: Place {
                limits: self,
                depth: 0,
            },
        })
    }
}

/// Where in the nesting something is read.
#[derive(Clone, Copy)]
struct Place<'l> {
    limits: &'l Limits,
    depth: u16,
}

impl Place<'_> {
    /// One level further in.
    fn deeper<E: Error>(mut self) -> Result<Self, E> {
        self.depth += 1;
        if self.depth > DEPTH {
            Err(E::custom(format_args!("nests deeper than {DEPTH} levels")))
        } else {
            Ok(self)
        }
    }

    /// Takes the element, if there is one, from the allowance.
    fn count<T, E: Error>(self, element: Option<T>) -> Result<Option<T>, E> {
        let used = usize::from(element.is_some());
        let left = self.limits.elements.get().checked_sub(used);
        let left = left.ok_or_else(|| E::custom("more elements than bytes"))?;
        self.limits.elements.set(left);
        Ok(element)
    }
}

/// A deserializer, or a seed, within the limits.
struct Limited<'l, I> {
    inner: I,
    place: Place<'l>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Limited<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Limited {
            inner: deserializer,
            place: self.place,
        })
    }
}

/// Numbers hold nothing in any format.
macro_rules! flat {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

/// What holds other values is one level; what should hold none, too, since a format that describes
/// itself gives whatever it finds.
macro_rules! nested {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let place = self.place.deeper()?;
            self.inner.$method($($name,)* Within { visitor, place })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Limited<'_, D> {
    type Error = D::Error;

    flat! {
        deserialize_bool
        deserialize_i8
        deserialize_i16
        deserialize_i32
        deserialize_i64
        deserialize_i128
        deserialize_u8
        deserialize_u16
        deserialize_u32
        deserialize_u64
        deserialize_u128
        deserialize_f32
        deserialize_f64
    }

    nested! {
        deserialize_any()
        deserialize_ignored_any()
        deserialize_identifier()
        deserialize_unit()
        deserialize_char()
        deserialize_str()
        deserialize_bytes()
        deserialize_option()
        deserialize_seq()
        deserialize_map()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    // Borrowed: bincode would allocate what the length claims before it looks for the bytes.

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_bytes(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
