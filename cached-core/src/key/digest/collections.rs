//! Sequences, streamed in their order, and maps, whose entries are sorted by their forms.

use serde::{Serialize, ser};

use super::canonical::Canonical;
use super::{Fault, Sink, tag};

/// A sequence, tuple or tuple variant.
pub(super) struct Items<'s> {
    sink: &'s mut dyn Sink,
    depth: u8,
}

impl<'s> Items<'s> {
    pub(super) fn begin(inside: Canonical<'s>) -> Self {
        inside.sink.put(&tag::LIST[..1]);
        Self {
            sink: inside.sink,
            depth: inside.depth,
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(Canonical {
            sink: self.sink,
            depth: self.depth,
        })
    }

    fn finish(self) -> Result<(), Fault> {
        self.sink.put(&tag::LIST[1..]);
        Ok(())
    }
}

/// A map, struct or struct variant.
pub(super) struct Entries<'s> {
    sink: &'s mut dyn Sink,
    depth: u8,
    /// The forms of key and value in a row; they sort by key because forms tell where they end.
    entries: Vec<Vec<u8>>,
}

impl<'s> Entries<'s> {
    pub(super) fn begin(inside: Canonical<'s>) -> Self {
        Self {
            sink: inside.sink,
            depth: inside.depth,
            entries: Vec::new(),
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let mut entry = Vec::new();
        key.serialize(Canonical {
            sink: &mut entry,
            depth: self.depth,
        })?;
        self.entries.push(entry);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        let entry = self
            .entries
            .last_mut()
            .ok_or_else(|| Fault::new("it gives the value of a map entry before its key"))?;
        value.serialize(Canonical {
            sink: entry,
            depth: self.depth,
        })
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Fault> {
        self.key(name)?;
        self.value(value)
    }

    fn finish(mut self) -> Result<(), Fault> {
        self.entries.sort_unstable();
        self.sink.put(&tag::MAP[..1]);
        for entry in &self.entries {
            self.sink.put(entry);
        }
        self.sink.put(&tag::MAP[1..]);
        Ok(())
    }
}

macro_rules! sequences {
    ($($kind:ident :: $method:ident)*) => {$(
        impl ser::$kind for Items<'_> {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                self.item(value)
            }

            fn end(self) -> Result<(), Fault> {
                self.finish()
            }
        }
    )*};
}

sequences! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! structs {
    ($($kind:ident)*) => {$(
        impl ser::$kind for Entries<'_> {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Fault> {
                self.finish()
            }
        }
    )*};
}

structs!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.finish()
    }
}
