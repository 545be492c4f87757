//! The graph of a type: what its `Deserialize` asks for, part by part.

/// Index of a node in its graph.
pub(super) type Id = usize;

/// What a `Deserialize` implementation asked for, with the names it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A number, text, bytes, unit: what holds nothing. Its name.
    Leaf(&'static str),
    /// Whatever the bytes say.
    Any,
    /// A unit struct.
    UnitStruct(&'static str),
    /// An option of its part.
    Option,
    /// A newtype struct around its part.
    Newtype(&'static str),
    /// A sequence of its part.
    Seq,
    /// A map of its first part to its second.
    Map,
    /// So many parts.
    Tuple(usize),
    /// So many parts.
    TupleStruct(&'static str, usize),
    /// Named parts.
    Struct(&'static str, Names),
    /// Named variants; its parts are of the following kinds.
    Enum(&'static str, Names),
    /// A variant without data.
    UnitVariant,
    /// A variant around its part.
    NewtypeVariant,
    /// A variant of so many parts.
    TupleVariant(usize),
    /// A variant of named parts.
    StructVariant(Names),
}

/// Names of fields or variants.
pub(crate) type Names = &'static [&'static str];

impl Kind {
    /// A tuple longer than this is described by its first parts only.
    const MAX_PARTS: usize = 4096;

    /// How many parts it has, described ones and others.
    fn parts(self) -> usize {
        match self {
            Self::Leaf(_) | Self::Any | Self::UnitStruct(_) | Self::UnitVariant => 0,
            Self::Option | Self::Newtype(_) | Self::Seq | Self::NewtypeVariant => 1,
            Self::Map => 2,
            Self::Tuple(len) | Self::TupleStruct(_, len) | Self::TupleVariant(len) => len,
            Self::Struct(_, names) | Self::Enum(_, names) | Self::StructVariant(names) => {
                names.len()
            }
        }
    }

    /// Whether its parts can be left out one by one: then each is described on its own.
    pub(super) fn is_named(self) -> bool {
        matches!(self, Self::Struct(..) | Self::StructVariant(_))
    }

    /// Its name, and those of its parts.
    fn names(self) -> (&'static str, Names) {
        match self {
            Self::Leaf(name)
            | Self::UnitStruct(name)
            | Self::Newtype(name)
            | Self::TupleStruct(name, _) => (name, &[]),
            Self::Struct(name, names) | Self::Enum(name, names) => (name, names),
            Self::StructVariant(names) => ("", names),
            Self::Any
            | Self::Option
            | Self::Seq
            | Self::Map
            | Self::Tuple(_)
            | Self::UnitVariant
            | Self::NewtypeVariant
            | Self::TupleVariant(_) => ("", &[]),
        }
    }

    /// A byte that tells the kinds apart. They are hashed: never change one.
    fn byte(self) -> u8 {
        match self {
            Self::Leaf(_) => 1,
            Self::Any => 2,
            Self::UnitStruct(_) => 3,
            Self::Option => 4,
            Self::Newtype(_) => 5,
            Self::Seq => 6,
            Self::Map => 7,
            Self::Tuple(_) => 8,
            Self::TupleStruct(..) => 9,
            Self::Struct(..) => 10,
            Self::Enum(..) => 11,
            Self::UnitVariant => 12,
            Self::NewtypeVariant => 13,
            Self::TupleVariant(_) => 14,
            Self::StructVariant(_) => 15,
        }
    }
}

/// One part of the type and the parts of it. `None` is a part that could not be looked at.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(super) parts: Vec<Option<Id>>,
}

impl Node {
    /// A node none of whose parts was looked at.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            parts: vec![None; kind.parts().min(Kind::MAX_PARTS)],
        }
    }

    /// Whether all parts were looked at.
    pub(super) fn is_whole(&self) -> bool {
        self.parts.len() == self.kind.parts() && self.parts.iter().all(Option::is_some)
    }

    /// Appends the node to what is hashed: unambiguous, since lengths precede what they count.
    pub(super) fn describe(&self, out: &mut Vec<u8>) {
        let (name, names) = self.kind.names();
        out.push(self.kind.byte());
        text(name, out);
        number(self.kind.parts(), out);
        for name in names {
            text(name, out);
        }
        for part in &self.parts {
            number(part.map_or(usize::MAX, |id| id), out);
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    number(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// The same on 32-bit machines.
fn number(number: usize, out: &mut Vec<u8>) {
    let wide = u64::try_from(number).unwrap_or(u64::MAX);
    let wide = if number == usize::MAX { u64::MAX } else { wide };
    out.extend_from_slice(&wide.to_le_bytes());
}
