//! About how many bytes a value takes, counted by serialising it into nothing.
//!
//! A memory tier with a weight bound asks once per fill, where the function has no `weigh` of its
//! own. It is an estimate of the value's contents, not of its layout: no padding, no spare
//! capacity, and what several owners share is counted each time.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer, ser};

/// The size of a length, and of the place where a text or list is kept.
const LENGTH: usize = 8;
/// The tag of an `Option`.
const OPTION: usize = 1;
/// The tag of an enum.
const VARIANT: usize = 4;
/// Nesting beyond this is not followed, long before it could exhaust the stack.
const MAX_DEPTH: u8 = 128;

/// The counted size; `None` if the value's `Serialize` fails or nests deeper than 128 levels.
pub(crate) fn serialized_size<T: Serialize + ?Sized>(value: &T) -> Option<usize> {
    let mut total = 0;
    value
        .serialize(Counter {
            total: &mut total,
            depth: 0,
        })
        .ok()?;
    Some(total)
}

/// The value has no size. Nobody reads why: whoever encodes the value reports that.
#[derive(Debug)]
struct Uncountable;

impl Display for Uncountable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialised")
    }
}

impl std::error::Error for Uncountable {}

impl ser::Error for Uncountable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Counted = Result<(), Uncountable>;

struct Counter<'t> {
    total: &'t mut usize,
    depth: u8,
}

impl Counter<'_> {
    fn add(&mut self, bytes: usize) {
        *self.total = self.total.saturating_add(bytes);
    }

    fn count(mut self, bytes: usize) -> Counted {
        self.add(bytes);
        Ok(())
    }

    /// Counts what holds other values, and goes on to these.
    fn hold(mut self, bytes: usize) -> Result<Self, Uncountable> {
        self.add(bytes);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err(Uncountable)
        } else {
            Ok(self)
        }
    }

    fn inner<T: Serialize + ?Sized>(&mut self, value: &T) -> Counted {
        value.serialize(Counter {
            total: self.total,
            depth: self.depth,
        })
    }
}

/// Counts what is printed, without keeping it.
impl fmt::Write for Counter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.len());
        Ok(())
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, _: $type) -> Counted {
            self.count(size_of::<$type>())
        }
    )*};
}

impl Serializer for Counter<'_> {
    type Ok = ();
    type Error = Uncountable;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    scalars! {
        serialize_bool(bool)
        serialize_char(char)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_f32(f32)
        serialize_f64(f64)
    }

    fn serialize_str(self, value: &str) -> Counted {
        self.count(LENGTH + value.len())
    }

    fn collect_str<T: Display + ?Sized>(mut self, value: &T) -> Counted {
        self.add(LENGTH);
        fmt::write(&mut self, format_args!("{value}")).map_err(|_| Uncountable)
    }

    fn serialize_bytes(self, value: &[u8]) -> Counted {
        self.count(LENGTH + value.len())
    }

    fn serialize_none(self) -> Counted {
        self.count(OPTION)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Counted {
        value.serialize(self.hold(OPTION)?)
    }

    fn serialize_unit(self) -> Counted {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Counted {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Counted {
        self.count(VARIANT)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Counted {
        value.serialize(self.hold(0)?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Counted {
        value.serialize(self.hold(VARIANT)?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Uncountable> {
        self.hold(LENGTH)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Uncountable> {
        self.hold(0)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Uncountable> {
        self.hold(0)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Uncountable> {
        self.hold(VARIANT)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Uncountable> {
        self.hold(LENGTH)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Uncountable> {
        self.hold(0)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Uncountable> {
        self.hold(VARIANT)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! collections {
    ($($kind:ident { $($method:ident($($name:ident: $type:ty)?))* })*) => {$(
        impl ser::$kind for Counter<'_> {
            type Ok = ();
            type Error = Uncountable;

            $(
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($name: $type,)?
                    value: &T,
                ) -> Counted {
                    self.inner(value)
                }
            )*

            fn end(self) -> Counted {
                Ok(())
            }
        }
    )*};
}

collections! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key() serialize_value() }
    SerializeStruct { serialize_field(_name: &'static str) }
    SerializeStructVariant { serialize_field(_name: &'static str) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Plain,
        Boxed(Box<Kind>),
        Named { text: &'static str },
    }

    #[derive(Serialize)]
    struct Post {
        id: u64,
        title: &'static str,
        tags: Vec<&'static str>,
        parent: Option<u32>,
        kind: Kind,
    }

    #[test]
    fn counts_the_contents() {
        let post = Post {
            id: 1,
            title: "hello",
            tags: vec!["a", "bc"],
            parent: Some(1),
            kind: Kind::Named { text: "x" },
        };
        let expected = 8 + (8 + 5) + (8 + 9 + 10) + (1 + 4) + (4 + 9);
        assert_eq!(serialized_size(&post), Some(expected));
    }

    #[test]
    fn counts_scalars_text_and_maps() {
        assert_eq!(serialized_size(&7_u8), Some(1));
        assert_eq!(serialized_size(&(1_i128, 'c', 0.5_f32)), Some(16 + 4 + 4));
        assert_eq!(serialized_size("text"), Some(12));
        assert_eq!(
            serialized_size(&BTreeMap::from([(1_u16, "a")])),
            Some(8 + 2 + 9)
        );
        assert_eq!(serialized_size(&format_args!("{}", 12345)), Some(8 + 5));
        assert_eq!(serialized_size(&()), Some(0));
        assert_eq!(serialized_size(c"bytes"), Some(8 + 5));
        // Addresses are their bytes to formats that nobody reads.
        assert_eq!(serialized_size(&std::net::Ipv6Addr::LOCALHOST), Some(16));
    }

    #[test]
    fn a_failing_or_bottomless_value_has_no_size() {
        struct Failing;
        impl Serialize for Failing {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(ser::Error::custom("no"))
            }
        }
        let nested = |levels| (0..levels).fold(Kind::Plain, |kind, _| Kind::Boxed(Box::new(kind)));
        assert_eq!(serialized_size(&vec![Failing]), None);
        assert_eq!(serialized_size(&nested(128)), Some(129 * 4));
        assert_eq!(serialized_size(&nested(129)), None);
    }
}
