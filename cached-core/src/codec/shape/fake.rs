//! The fake deserializer: it has no data, notes what it is asked for, and makes something up.

use std::any::type_name;
use std::fmt::{self, Display};

use serde::de::{self, Deserializer, Visitor};

use super::access::{Entry, Offered, Parts, Variant};
use super::node::{Id, Kind, Names};
use super::probe::{Field, Mode, Probe, Slot};

/// The pass ends here, or a visitor rejected what was made up.
#[derive(Debug)]
pub(super) struct Halt;

impl Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("made-up data")
    }
}

impl std::error::Error for Halt {}

impl de::Error for Halt {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// What a part of a type deserialises itself from.
pub(super) struct Fake<'p> {
    pub(super) probe: &'p mut Probe,
    /// Which part this is; `None` for the whole type.
    pub(super) from: Option<Slot>,
    pub(super) mode: Mode,
}

impl<'p> Fake<'p> {
    /// The whole type.
    pub(super) fn root(probe: &'p mut Probe) -> Self {
        Self {
            probe,
            from: None,
            mode: Mode::Explore,
        }
    }

    /// Notes what is asked for. Kinds of equal names are told apart by the type of the visitor.
    pub(super) fn enter<V>(&mut self, kind: Kind) -> Result<Id, Halt> {
        let name = type_name::<V>();
        self.probe.enter(kind, name, self.from, self.mode)
    }

    /// Notes something that holds nothing, of which one occurrence is like another.
    pub(super) fn flat(&mut self, kind: Kind) -> Result<(), Halt> {
        let id = self.probe.enter(kind, "", self.from, self.mode)?;
        match self.mode {
            Mode::Explore => self.probe.choose(id).map_or(Ok(()), |_| Err(Halt)),
            Mode::Produce(_) => Ok(()),
        }
    }

    /// The only part of a node, in the mode of the node.
    pub(super) fn only_part(self, id: Id) -> Result<Self, Halt> {
        let mode = match self.mode {
            Mode::Explore => {
                self.probe.choose(id).ok_or(Halt)?;
                Mode::Explore
            }
            produce @ Mode::Produce(_) => produce.produce()?,
        };
        Ok(Self {
            probe: self.probe,
            from: Some((id, 0)),
            mode,
        })
    }

    /// Something whose parts have an order and a fixed number.
    pub(super) fn ordered<'de, V: Visitor<'de>>(
        mut self,
        kind: Kind,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(kind)?;
        let offered = match self.mode {
            Mode::Explore => Offered::UpTo(self.probe.choose(id).ok_or(Halt)?),
            produce @ Mode::Produce(_) => Offered::MadeUp(produce.produce()?),
        };
        visitor.visit_seq(Parts::of(self.probe, id, offered))
    }

    /// Something with named fields.
    pub(super) fn named<'de, V: Visitor<'de>>(
        mut self,
        kind: Kind,
        names: Names,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(kind)?;
        let offered = match self.mode {
            Mode::Explore => match self.probe.choose_field(id).ok_or(Halt)? {
                Field::Named(part) => {
                    let entry = Entry::field(self.probe, (id, part), names[part]);
                    return visitor.visit_map(entry);
                }
                Field::At(part) => Offered::UpTo(part),
                Field::First => Offered::Trial,
            },
            produce @ Mode::Produce(_) => Offered::MadeUp(produce.produce()?),
        };
        visitor.visit_seq(Parts::of(self.probe, id, offered))
    }
}

/// Scalars are 1, which the most validating types accept.
macro_rules! leaves {
    ($($method:ident = $name:literal => $visit:ident($($value:expr)?))*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
            self.flat(Kind::Leaf($name))?;
            visitor.$visit($($value)?)
        }
    )*};
}

/// The bytes say what they are: whoever asks so, needs a format that can answer.
macro_rules! anything {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
            self.probe.asked_any = true;
            self.flat(Kind::Any)?;
            visitor.visit_unit()
        }
    )*};
}

impl<'de> Deserializer<'de> for Fake<'_> {
    type Error = Halt;

    leaves! {
        deserialize_bool = "bool" => visit_bool(true)
        deserialize_i8 = "i8" => visit_i8(1)
        deserialize_i16 = "i16" => visit_i16(1)
        deserialize_i32 = "i32" => visit_i32(1)
        deserialize_i64 = "i64" => visit_i64(1)
        deserialize_i128 = "i128" => visit_i128(1)
        deserialize_u8 = "u8" => visit_u8(1)
        deserialize_u16 = "u16" => visit_u16(1)
        deserialize_u32 = "u32" => visit_u32(1)
        deserialize_u64 = "u64" => visit_u64(1)
        deserialize_u128 = "u128" => visit_u128(1)
        deserialize_f32 = "f32" => visit_f32(1.0)
        deserialize_f64 = "f64" => visit_f64(1.0)
        deserialize_char = "char" => visit_char('1')
        deserialize_str = "str" => visit_borrowed_str("1")
        deserialize_string = "str" => visit_borrowed_str("1")
        deserialize_bytes = "bytes" => visit_borrowed_bytes(&[1; 16])
        deserialize_byte_buf = "bytes" => visit_borrowed_bytes(&[1; 16])
        deserialize_unit = "unit" => visit_unit()
    }

    // A field or variant name is deserialised from the name itself, so what asks for an identifier
    // here is a flattened struct's key, or something of that kind.
    anything! {
        deserialize_any
        deserialize_ignored_any
        deserialize_identifier
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.flat(Kind::UnitStruct(name))?;
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(Kind::Option)?;
        match self.mode {
            Mode::Explore => visitor.visit_some(self.only_part(id)?),
            Mode::Produce(_) => visitor.visit_none(),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(Kind::Newtype(name))?;
        visitor.visit_newtype_struct(self.only_part(id)?)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(Kind::Seq)?;
        let offered = match self.mode {
            Mode::Explore => Offered::UpTo(self.probe.choose(id).ok_or(Halt)?),
            Mode::Produce(_) => Offered::Nothing,
        };
        visitor.visit_seq(Parts::of(self.probe, id, offered))
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(Kind::Map)?;
        let entry = match self.mode {
            Mode::Explore => match self.probe.choose(id).ok_or(Halt)? {
                0 => Entry::key(self.probe, id),
                _ => Entry::value(self.probe, id),
            },
            Mode::Produce(_) => Entry::none(self.probe, id),
        };
        visitor.visit_map(entry)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Halt> {
        self.ordered(Kind::Tuple(len), visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.ordered(Kind::TupleStruct(name, len), visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: Names,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        self.named(Kind::Struct(name, fields), fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: Names,
        visitor: V,
    ) -> Result<V::Value, Halt> {
        let id = self.enter::<V>(Kind::Enum(name, variants))?;
        let (part, mode) = match self.mode {
            Mode::Explore => (self.probe.choose(id), Mode::Explore),
            produce @ Mode::Produce(_) => (self.probe.choose_familiar(id), produce.produce()?),
        };
        let part = part.ok_or(Halt)?;
        visitor.visit_enum(Variant::of(self.probe, (id, part), variants[part], mode))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
