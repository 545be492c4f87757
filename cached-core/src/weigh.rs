//! About how many bytes of memory a value takes, counted by serialising it into nothing.
//!
//! A memory tier with a weight bound asks once per fill, where the function has no `weigh` of its
//! own. It is an estimate: texts and lists count with their owner and the block that the allocator
//! gives for them, but serde shows neither padding nor spare capacity nor boxes, and what several
//! owners share is counted each time.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer, ser};

/// What owns a text or list: address, length, capacity.
const OWNER: usize = 24;
/// What the allocator takes for a list beside its elements.
const BLOCK: usize = 16;
/// Spare room in the table of a map, per entry.
const SPARE: usize = 16;
/// The tag of an `Option`, as wide as what it stands before.
const OPTION: usize = 8;
/// The tag of an enum.
const VARIANT: usize = 4;
/// Nesting beyond this is not followed, long before it could exhaust the stack.
const MAX_DEPTH: u8 = 128;

/// What the usual 64-bit allocators take for so many bytes: eight of their own, in steps of 16.
pub(crate) const fn block(bytes: usize) -> usize {
    match (bytes + 8).next_multiple_of(16) {
        0..32 => 32,
        block => block,
    }
}

/// The size in memory, counted; `None` if the value's `Serialize` fails or nests deeper than 128
/// levels.
pub(crate) fn memory_size<T: Serialize + ?Sized>(value: &T) -> Option<usize> {
    let mut total = 0;
    value
        .serialize(Counter {
            total: &mut total,
            depth: 0,
        })
        .ok()?;
    // Padding, and the room of variants and options that are not there.
    Some(total.max(size_of_val(value)))
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

    /// Counts a text or bytes with their owner.
    fn own(self, bytes: usize) -> Counted {
        let block = if bytes == 0 { 0 } else { block(bytes) };
        self.count(OWNER + block)
    }

    /// Counts a list, and goes on to its elements.
    fn list(self, len: Option<usize>) -> Result<Self, Uncountable> {
        let block = if len == Some(0) { 0 } else { BLOCK };
        self.hold(OWNER + block)
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

/// How much is printed.
struct Printed(usize);

impl fmt::Write for Printed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len());
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
        self.own(value.len())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Counted {
        let mut printed = Printed(0);
        fmt::write(&mut printed, format_args!("{value}")).map_err(|_| Uncountable)?;
        self.own(printed.0)
    }

    fn serialize_bytes(self, value: &[u8]) -> Counted {
        self.own(value.len())
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

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Uncountable> {
        self.list(len)
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

    fn serialize_map(self, len: Option<usize>) -> Result<Self, Uncountable> {
        let spare = SPARE.saturating_mul(len.unwrap_or(0));
        self.list(len)?.hold(spare)
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
        let text = 24 + 32;
        let expected = 8 + text + (24 + 16 + 2 * text) + (8 + 4) + (4 + text);
        assert_eq!(memory_size(&post), Some(expected));
    }

    #[test]
    fn counts_scalars_text_and_maps() {
        assert_eq!(memory_size(&7_u8), Some(1));
        // Eight bytes of padding.
        assert_eq!(memory_size(&(1_i128, 'c', 0.5_f32)), Some(16 + 4 + 4 + 8));
        assert_eq!(memory_size("text"), Some(24 + 32));
        assert_eq!(memory_size(&"x".repeat(100)), Some(24 + 112));
        assert_eq!(memory_size(""), Some(24));
        assert_eq!(memory_size(&[0_u64; 3].to_vec()), Some(24 + 16 + 24));
        assert_eq!(memory_size(&Vec::<u64>::new()), Some(24));
        assert_eq!(
            memory_size(&BTreeMap::from([(1_u16, "a")])),
            Some(24 + 16 + 16 + 2 + 56)
        );
        assert_eq!(memory_size(&format_args!("{}", 12345)), Some(24 + 32));
        assert_eq!(memory_size(&()), Some(0));
        assert_eq!(memory_size(c"bytes"), Some(24 + 32));
        // Addresses are their bytes to formats that nobody reads.
        assert_eq!(memory_size(&std::net::Ipv6Addr::LOCALHOST), Some(16));
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
        assert_eq!(memory_size(&vec![Failing]), None);
        assert_eq!(memory_size(&nested(128)), Some(129 * 4));
        assert_eq!(memory_size(&nested(129)), None);
    }
}
