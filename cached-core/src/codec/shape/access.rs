//! What the fake deserializer offers visitors that ask for elements, entries or variants.

use std::any::type_name;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::fake::{Fake, Halt};
use super::node::{Id, Kind, Names};
use super::probe::{Mode, Probe, Slot};

/// How many parts are offered, and how.
pub(super) enum Offered {
    /// None.
    Nothing,
    /// None; the node learns that it was asked for one.
    Trial,
    /// All, made up.
    MadeUp(Mode),
    /// This one to look at, those before it made up.
    UpTo(usize),
}

/// Parts in order.
pub(super) struct Parts<'p> {
    probe: &'p mut Probe,
    id: Id,
    offered: Offered,
    next: usize,
    /// The type of the seed of the part before.
    before: &'static str,
}

impl<'p> Parts<'p> {
    pub(super) fn of(probe: &'p mut Probe, id: Id, offered: Offered) -> Self {
        Self {
            probe,
            id,
            offered,
            next: 0,
            before: "",
        }
    }

    /// What to do with this part; `None` to offer no more.
    fn mode(&mut self, part: usize, same: bool) -> Result<Option<Mode>, Halt> {
        if self.probe.over || part >= self.probe.nodes[self.id].parts.len() {
            return Ok(None);
        }
        match self.offered {
            Offered::Nothing => Ok(None),
            Offered::Trial => {
                self.probe.reads_by_order(self.id);
                Ok(None)
            }
            Offered::MadeUp(mode) => Ok(Some(mode)),
            Offered::UpTo(aim) if part < aim => Mode::Explore.produce().map(Some),
            // An array is long, and all its elements are alike.
            Offered::UpTo(_) if same && self.probe.same_as_before(self.id, part) => {
                match self.probe.choose(self.id) {
                    Some(aim) => self.offered = Offered::UpTo(aim),
                    None => return Ok(None),
                }
                Mode::Explore.produce().map(Some)
            }
            Offered::UpTo(_) => Ok(Some(Mode::Explore)),
        }
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Halt;

    fn next_element_seed<S>(&mut self, seed: S) -> Result<Option<S::Value>, Halt>
    where
        S: DeserializeSeed<'de>,
    {
        let part = self.next;
        self.next += 1;
        let name = type_name::<S>();
        let same = std::mem::replace(&mut self.before, name) == name;
        let Some(mode) = self.mode(part, same)? else {
            return Ok(None);
        };
        let from = Some((self.id, part));
        let probe = &mut *self.probe;
        seed.deserialize(Fake { probe, from, mode }).map(Some)
    }
}

/// One entry of a map or struct, or none.
pub(super) struct Entry<'p> {
    probe: &'p mut Probe,
    id: Id,
    key: Option<OneKey>,
    /// Which part the value is, and how it is met.
    value: (usize, Mode),
}

enum OneKey {
    /// The name of a struct's field.
    Name(&'static str),
    /// The first part of a map.
    Part(Mode),
}

impl<'p> Entry<'p> {
    /// The field of a struct.
    pub(super) fn field(probe: &'p mut Probe, (id, part): Slot, name: &'static str) -> Self {
        Self {
            probe,
            id,
            key: Some(OneKey::Name(name)),
            value: (part, Mode::Explore),
        }
    }

    /// An entry whose key is looked at.
    pub(super) fn key(probe: &'p mut Probe, id: Id) -> Self {
        Self {
            probe,
            id,
            key: Some(OneKey::Part(Mode::Explore)),
            value: (1, Mode::Produce(0)),
        }
    }

    /// An entry whose value is looked at.
    pub(super) fn value(probe: &'p mut Probe, id: Id) -> Self {
        Self {
            probe,
            id,
            key: Some(OneKey::Part(Mode::Produce(0))),
            value: (1, Mode::Explore),
        }
    }

    /// No entry.
    pub(super) fn none(probe: &'p mut Probe, id: Id) -> Self {
        Self {
            probe,
            id,
            key: None,
            value: (1, Mode::Produce(0)),
        }
    }
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Halt;

    fn next_key_seed<S>(&mut self, seed: S) -> Result<Option<S::Value>, Halt>
    where
        S: DeserializeSeed<'de>,
    {
        match self.key.take() {
            None => Ok(None),
            Some(OneKey::Name(name)) => {
                self.probe.asked_name(self.id);
                let name: StrDeserializer<'_, Halt> = name.into_deserializer();
                seed.deserialize(name).map(Some)
            }
            Some(OneKey::Part(mode)) => {
                let from = Some((self.id, 0));
                let probe = &mut *self.probe;
                seed.deserialize(Fake { probe, from, mode }).map(Some)
            }
        }
    }

    fn next_value_seed<S>(&mut self, seed: S) -> Result<S::Value, Halt>
    where
        S: DeserializeSeed<'de>,
    {
        if self.probe.over {
            return Err(Halt);
        }
        let (part, mode) = self.value;
        let from = Some((self.id, part));
        let probe = &mut *self.probe;
        seed.deserialize(Fake { probe, from, mode })
    }
}

/// One variant of an enum.
pub(super) struct Variant<'p> {
    name: &'static str,
    data: Fake<'p>,
    slot: Slot,
}

impl<'p> Variant<'p> {
    pub(super) fn of(probe: &'p mut Probe, slot: Slot, name: &'static str, mode: Mode) -> Self {
        let from = Some(slot);
        Self {
            name,
            data: Fake { probe, from, mode },
            slot,
        }
    }
}

impl<'de, 'p> EnumAccess<'de> for Variant<'p> {
    type Error = Halt;
    type Variant = Fake<'p>;

    /// By position, as compact formats do it; a visitor that rejects that is tried by name.
    fn variant_seed<S>(self, seed: S) -> Result<(S::Value, Fake<'p>), Halt>
    where
        S: DeserializeSeed<'de>,
    {
        let (id, part) = self.slot;
        let value = if self.data.probe.names_variants(id) {
            let name: StrDeserializer<'_, Halt> = self.name.into_deserializer();
            seed.deserialize(name)?
        } else {
            seed.deserialize((part as u32).into_deserializer())?
        };
        Ok((value, self.data))
    }
}

/// What a variant holds.
impl<'de> VariantAccess<'de> for Fake<'_> {
    type Error = Halt;

    fn unit_variant(mut self) -> Result<(), Halt> {
        self.flat(Kind::UnitVariant)
    }

    fn newtype_variant_seed<S>(mut self, seed: S) -> Result<S::Value, Halt>
    where
        S: DeserializeSeed<'de>,
    {
        let id = self.enter::<S>(Kind::NewtypeVariant)?;
        seed.deserialize(self.only_part(id)?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Halt> {
        self.ordered(Kind::TupleVariant(len), visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: Names, visitor: V) -> Result<V::Value, Halt> {
        self.named(Kind::StructVariant(fields), fields, visitor)
    }
}
