//! The serializer: which form each kind of value has.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use super::collections::{Entries, Items};
use super::{Fault, MAX_DEPTH, Sink, printed, tag};

/// Serialises a value to its canonical form.
pub(super) struct Canonical<'s> {
    pub(super) sink: &'s mut dyn Sink,
    pub(super) depth: u8,
}

impl<'s> Canonical<'s> {
    fn put(self, tag: u8, content: &[u8]) -> Result<(), Fault> {
        self.sink.put(&[tag]);
        self.sink.put(content);
        Ok(())
    }

    fn put_sized(self, tag: u8, content: &[u8]) -> Result<(), Fault> {
        self.sink.put(&[tag]);
        self.sink.put(&(content.len() as u64).to_be_bytes());
        self.sink.put(content);
        Ok(())
    }

    fn natural(self, number: u128) -> Result<(), Fault> {
        self.put(tag::NATURAL, &number.to_be_bytes())
    }

    fn integer(self, number: i128) -> Result<(), Fault> {
        match u128::try_from(number) {
            Ok(natural) => self.natural(natural),
            Err(_) => self.put(tag::NEGATIVE, &number.unsigned_abs().to_be_bytes()),
        }
    }

    fn variant(self, name: &str) -> Self {
        self.sink.put(&[tag::VARIANT]);
        self.sink.put(&(name.len() as u64).to_be_bytes());
        self.sink.put(name.as_bytes());
        self
    }

    /// One level further down, in this sink.
    fn inside(self) -> Result<Self, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new("it nests deeper than 128 levels"));
        }
        Ok(Canonical {
            sink: self.sink,
            depth: self.depth + 1,
        })
    }

    fn items(self) -> Result<Items<'s>, Fault> {
        self.inside().map(Items::begin)
    }

    fn entries(self) -> Result<Entries<'s>, Fault> {
        self.inside().map(Entries::begin)
    }
}

/// One NaN for all, one zero for both.
fn canonical_bits(number: f64) -> u64 {
    // Spelt out, because the sign and payload of `f64::NAN` are not the same on every platform.
    const NAN: u64 = 0x7ff8 << 48;
    match number {
        nan if nan.is_nan() => NAN,
        0.0 => 0,
        other => other.to_bits(),
    }
}

macro_rules! integers {
    ($($method:ident($int:ty) => $as:ident,)*) => {$(
        fn $method(self, number: $int) -> Result<(), Fault> {
            self.$as(number.into())
        }
    )*};
}

impl<'s> Serializer for Canonical<'s> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Items<'s>;
    type SerializeTuple = Items<'s>;
    type SerializeTupleStruct = Items<'s>;
    type SerializeTupleVariant = Items<'s>;
    type SerializeMap = Entries<'s>;
    type SerializeStruct = Entries<'s>;
    type SerializeStructVariant = Entries<'s>;

    integers! {
        serialize_u8(u8) => natural,
        serialize_u16(u16) => natural,
        serialize_u32(u32) => natural,
        serialize_u64(u64) => natural,
        serialize_u128(u128) => natural,
        serialize_i8(i8) => integer,
        serialize_i16(i16) => integer,
        serialize_i32(i32) => integer,
        serialize_i64(i64) => integer,
        serialize_i128(i128) => integer,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.put(if value { tag::TRUE } else { tag::FALSE }, &[])
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        self.put(tag::FLOAT, &canonical_bits(value).to_be_bytes())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.put_sized(tag::TEXT, value.as_bytes())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        match printed(value) {
            Ok(text) => self.serialize_str(&text),
            Err(_) => Err(Fault::new("its `Display` failed")),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.put_sized(tag::BYTES, value)
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.put(tag::NONE, &[])
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.sink.put(&[tag::SOME]);
        value.serialize(self.inside()?)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.put(tag::UNIT, &[])
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.variant(variant).serialize_unit()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self.inside()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self.variant(variant).inside()?)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'s>, Fault> {
        self.items()
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'s>, Fault> {
        self.items()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'s>, Fault> {
        self.items()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'s>, Fault> {
        self.variant(variant).items()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'s>, Fault> {
        self.entries()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'s>, Fault> {
        self.entries()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'s>, Fault> {
        self.variant(variant).entries()
    }
}
