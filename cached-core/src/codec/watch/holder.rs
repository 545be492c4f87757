//! The sink's sequences, tuples, maps and structs: what holds other values.

use serde::{Serialize, ser};

use super::walker::{At, Walker};
use super::{Seen, Stopped, Walked};

/// Something with parts, of which some have been seen.
pub(super) struct Holder<'w, 's> {
    seen: &'w mut Seen,
    at: Option<At<'s>>,
    depth: u16,
    announced: Option<usize>,
    parts: usize,
    /// All parts are of the type of the first.
    alike: bool,
}

impl<'w, 's> Holder<'w, 's> {
    pub(super) fn new(walker: Walker<'w, 's>, announced: Option<usize>) -> Self {
        Self {
            seen: walker.seen,
            at: walker.at,
            depth: walker.depth,
            announced,
            parts: 0,
            alike: false,
        }
    }

    /// The same, of parts of one type.
    pub(super) fn alike(mut self) -> Self {
        self.alike = true;
        self
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
        let index = if self.alike { 0 } else { self.parts };
        self.parts += 1;
        self.seen.elements += 1;
        let at = self.at.and_then(|at| at.part(index));
        value.serialize(Walker::at(self.seen, at, self.depth))
    }

    /// One half of an entry.
    fn half<T: Serialize + ?Sized>(&mut self, half: usize, value: &T) -> Walked {
        let at = self.at.and_then(|at| at.part(half));
        value.serialize(Walker::at(self.seen, at, self.depth))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Walked {
        self.seen.names += name.len();
        if self
            .at
            .is_some_and(|at| at.fields().get(self.parts) != Some(&name))
        {
            self.differs();
        }
        self.part(value)
    }

    fn differs(&mut self) {
        self.seen.differs = true;
        self.at = None;
    }

    /// Formats write the announced number first, so a wrong one makes them write nonsense.
    fn counted(self) -> Walked {
        match self.announced {
            Some(announced) if announced != self.parts => Err(ser::Error::custom(format_args!(
                "announces {announced} parts and has {}",
                self.parts
            ))),
            _ => Ok(()),
        }
    }

    /// The same for named fields, all of which the type will ask for.
    fn all_fields(mut self) -> Walked {
        if self.at.is_some_and(|at| at.fields().len() != self.parts) {
            self.differs();
        }
        self.counted()
    }
}

impl ser::SerializeMap for Holder<'_, '_> {
    type Ok = ();
    type Error = Stopped;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Walked {
        self.parts += 1;
        self.seen.elements += 1;
        self.half(0, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
        self.half(1, value)
    }

    fn end(self) -> Walked {
        self.counted()
    }
}

macro_rules! ordered {
    ($($kind:ident { $method:ident })*) => {$(
        impl ser::$kind for Holder<'_, '_> {
            type Ok = ();
            type Error = Stopped;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Walked {
                self.part(value)
            }

            fn end(self) -> Walked {
                self.counted()
            }
        }
    )*};
}

ordered! {
    SerializeSeq { serialize_element }
    SerializeTuple { serialize_element }
    SerializeTupleStruct { serialize_field }
    SerializeTupleVariant { serialize_field }
}

macro_rules! named {
    ($($kind:ident)*) => {$(
        impl ser::$kind for Holder<'_, '_> {
            type Ok = ();
            type Error = Stopped;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Walked {
                self.field(name, value)
            }

            fn skip_field(&mut self, _: &'static str) -> Walked {
                self.differs();
                Ok(())
            }

            fn end(self) -> Walked {
                self.all_fields()
            }
        }
    )*};
}

named! {
    SerializeStruct
    SerializeStructVariant
}
