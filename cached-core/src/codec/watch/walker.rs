//! The sink: a serializer that keeps nothing but what it notes.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer, ser};

use super::holder::Holder;
use super::{DEPTH, Seen, Stopped, Walked};
use crate::codec::shape::{Kind, Names, Node, Shape};

/// The serializer of one part of a value.
pub(super) struct Walker<'w, 's> {
    pub(super) seen: &'w mut Seen,
    /// Where in the shape this is; `None` where the shape knows nothing.
    pub(super) at: Option<At<'s>>,
    pub(super) depth: u16,
    /// This is what a `Some` holds.
    in_some: bool,
}

/// A place in a shape.
#[derive(Clone, Copy)]
pub(super) struct At<'s> {
    shape: &'s Shape,
    node: &'s Node,
}

impl<'s> At<'s> {
    /// A part of it, if that was seen.
    pub(super) fn part(self, index: usize) -> Option<Self> {
        let node = self.shape.part(self.node, index)?;
        let shape = self.shape;
        Some(Self { shape, node })
    }

    /// The names of its fields.
    pub(super) fn fields(self) -> Names {
        match self.node.kind {
            Kind::Struct(_, names) | Kind::StructVariant(names) => names,
            _ => &[],
        }
    }
}

impl<'w, 's> Walker<'w, 's> {
    /// The serializer of the whole value.
    pub(super) fn root(seen: &'w mut Seen, shape: Option<&'s Shape>) -> Self {
        let at = shape.and_then(|shape| {
            let node = shape.root()?;
            Some(At { shape, node })
        });
        Self::at(seen, at, 0)
    }

    /// The serializer of a part.
    pub(super) fn at(seen: &'w mut Seen, at: Option<At<'s>>, depth: u16) -> Self {
        Self {
            seen,
            at,
            depth,
            in_some: false,
        }
    }

    /// The type must read such a thing here; what it reads instead is not looked into.
    fn expect(&mut self, fits: impl FnOnce(Kind) -> bool) {
        if self.at.is_some_and(|at| !fits(at.node.kind)) {
            self.differs();
        }
    }

    fn differs(&mut self) {
        self.seen.differs = true;
        self.at = None;
    }

    fn leaf(mut self, name: &'static str, bytes: usize) -> Walked {
        self.expect(|kind| kind == Kind::Leaf(name));
        self.seen.count(bytes)
    }

    fn float(self, name: &'static str, finite: bool) -> Walked {
        self.seen.not_finite |= !finite;
        self.leaf(name, 3)
    }

    /// Nothing, in most formats the same nothing as `None`.
    fn nothing(&mut self) {
        self.seen.some_nothing |= self.in_some;
    }

    /// Goes to the only part.
    fn only_part(mut self) -> Result<Self, Stopped> {
        self.at = self.at.and_then(|at| at.part(0));
        self.deeper()
    }

    fn deeper(mut self) -> Result<Self, Stopped> {
        self.depth += 1;
        self.seen.depth = self.seen.depth.max(self.depth);
        if self.depth > DEPTH {
            return Err(ser::Error::custom(format_args!(
                "nests deeper than {DEPTH} levels"
            )));
        }
        Ok(self)
    }

    /// Goes to what holds so many parts; `None` if it did not say.
    fn hold(self, announced: Option<usize>) -> Result<Holder<'w, 's>, Stopped> {
        let walker = self.deeper()?;
        walker.seen.unknown_length |= announced.is_none();
        Ok(Holder::new(walker, announced))
    }

    /// Goes to a variant, whose position and name must be those that the type reads.
    fn variant(mut self, index: u32, variant: &'static str) -> Result<Self, Stopped> {
        self.seen.count(1)?;
        self.seen.names += variant.len();
        let index = index as usize;
        self.expect(|kind| match kind {
            Kind::Enum(_, names) => names.get(index) == Some(&variant),
            _ => false,
        });
        self.at = self.at.and_then(|at| at.part(index));
        self.in_some = false;
        Ok(self)
    }
}

/// Counts what is printed, without keeping it.
impl fmt::Write for Walker<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.seen.count(text.len()).map_err(|_| fmt::Error)
    }
}

/// The bytes of an integer without leading zeros: no format takes fewer.
macro_rules! integers {
    ($($method:ident($type:ty) = $name:literal)*) => {$(
        fn $method(self, value: $type) -> Walked {
            let bits = <$type>::BITS - value.unsigned_abs().leading_zeros();
            self.leaf($name, bits.div_ceil(8).max(1) as usize)
        }
    )*};
}

macro_rules! naturals {
    ($($method:ident($type:ty) = $name:literal)*) => {$(
        fn $method(self, value: $type) -> Walked {
            let bits = <$type>::BITS - value.leading_zeros();
            self.leaf($name, bits.div_ceil(8).max(1) as usize)
        }
    )*};
}

impl<'w, 's> Serializer for Walker<'w, 's> {
    type Ok = ();
    type Error = Stopped;
    type SerializeSeq = Holder<'w, 's>;
    type SerializeTuple = Holder<'w, 's>;
    type SerializeTupleStruct = Holder<'w, 's>;
    type SerializeTupleVariant = Holder<'w, 's>;
    type SerializeMap = Holder<'w, 's>;
    type SerializeStruct = Holder<'w, 's>;
    type SerializeStructVariant = Holder<'w, 's>;

    integers! {
        serialize_i8(i8) = "i8"
        serialize_i16(i16) = "i16"
        serialize_i32(i32) = "i32"
        serialize_i64(i64) = "i64"
        serialize_i128(i128) = "i128"
    }

    naturals! {
        serialize_u8(u8) = "u8"
        serialize_u16(u16) = "u16"
        serialize_u32(u32) = "u32"
        serialize_u64(u64) = "u64"
        serialize_u128(u128) = "u128"
    }

    fn serialize_bool(self, _: bool) -> Walked {
        self.leaf("bool", 1)
    }

    fn serialize_f32(self, value: f32) -> Walked {
        self.float("f32", value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Walked {
        self.float("f64", value.is_finite())
    }

    fn serialize_char(self, value: char) -> Walked {
        self.leaf("char", value.len_utf8())
    }

    fn serialize_str(self, value: &str) -> Walked {
        self.leaf("str", value.len())
    }

    fn collect_str<T: Display + ?Sized>(mut self, value: &T) -> Walked {
        self.expect(|kind| kind == Kind::Leaf("str"));
        fmt::write(&mut self, format_args!("{value}"))
            .map_err(|_| ser::Error::custom("its text cannot be formatted"))
    }

    fn serialize_bytes(self, value: &[u8]) -> Walked {
        self.leaf("bytes", value.len())
    }

    fn serialize_none(mut self) -> Walked {
        self.nothing();
        self.expect(|kind| kind == Kind::Option);
        self.seen.count(1)
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Walked {
        self.expect(|kind| kind == Kind::Option);
        self.seen.atoms += 1;
        let mut inner = self.only_part()?;
        inner.in_some = true;
        value.serialize(inner)
    }

    fn serialize_unit(mut self) -> Walked {
        self.nothing();
        self.leaf("unit", 0)
    }

    fn serialize_unit_struct(mut self, _: &'static str) -> Walked {
        self.nothing();
        self.expect(|kind| matches!(kind, Kind::UnitStruct(_)));
        self.seen.count(0)
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, variant: &'static str) -> Walked {
        let mut walker = self.variant(index, variant)?;
        walker.expect(|kind| kind == Kind::UnitVariant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        value: &T,
    ) -> Walked {
        self.expect(|kind| matches!(kind, Kind::Newtype(_)));
        value.serialize(self.only_part()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Walked {
        let mut walker = self.variant(index, variant)?;
        walker.expect(|kind| kind == Kind::NewtypeVariant);
        value.serialize(walker.only_part()?)
    }

    fn serialize_seq(mut self, len: Option<usize>) -> Result<Holder<'w, 's>, Stopped> {
        self.expect(|kind| kind == Kind::Seq);
        self.seen.count(1)?;
        Ok(self.hold(len)?.alike())
    }

    fn serialize_tuple(mut self, len: usize) -> Result<Holder<'w, 's>, Stopped> {
        self.expect(|kind| kind == Kind::Tuple(len));
        self.hold(Some(len))
    }

    fn serialize_tuple_struct(
        mut self,
        _: &'static str,
        len: usize,
    ) -> Result<Holder<'w, 's>, Stopped> {
        self.expect(|kind| matches!(kind, Kind::TupleStruct(_, read) if read == len));
        self.hold(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Holder<'w, 's>, Stopped> {
        let mut walker = self.variant(index, variant)?;
        walker.expect(|kind| kind == Kind::TupleVariant(len));
        walker.hold(Some(len))
    }

    fn serialize_map(mut self, len: Option<usize>) -> Result<Holder<'w, 's>, Stopped> {
        self.expect(|kind| kind == Kind::Map);
        self.seen.count(1)?;
        self.hold(len)
    }

    fn serialize_struct(mut self, _: &'static str, len: usize) -> Result<Holder<'w, 's>, Stopped> {
        self.expect(|kind| matches!(kind, Kind::Struct(..)));
        self.hold(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Holder<'w, 's>, Stopped> {
        let mut walker = self.variant(index, variant)?;
        walker.expect(|kind| matches!(kind, Kind::StructVariant(_)));
        walker.hold(Some(len))
    }

    fn is_human_readable(&self) -> bool {
        self.seen.readable
    }
}
