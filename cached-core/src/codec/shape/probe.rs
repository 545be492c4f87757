//! The search through a type: which part the next pass goes to, and when all were seen.
//!
//! One pass deserialises the type from nothing and follows one path: every struct is offered one
//! field, every enum one variant, until something is met that was not seen before. Parts are told
//! apart by the name of the visitor's type, so that a part which occurs in many places is looked
//! at once, and a part that contains itself is recognised.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use super::Shape;
use super::fake::{Fake, Halt};
use super::node::{Id, Kind, Node};

/// A part of a node.
pub(super) type Slot = (Id, usize);

/// How far a pass is with what it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    /// On the way to a part that was not seen.
    Explore,
    /// Makes up a value, so many levels in, because the way leads past it.
    Produce(u8),
}

impl Mode {
    /// Made-up values nest no deeper.
    const MAX_PRODUCED: u8 = 64;

    /// The mode for a part that only has to exist.
    pub(super) fn produce(self) -> Result<Self, Halt> {
        match self {
            Self::Explore => Ok(Self::Produce(0)),
            Self::Produce(depth) if depth < Self::MAX_PRODUCED => Ok(Self::Produce(depth + 1)),
            Self::Produce(_) => Err(Halt),
        }
    }
}

/// What is known about looking at one node.
#[derive(Debug, Default)]
struct State {
    /// Nothing more can be learned in this round.
    closed: bool,
    /// It was closed in some round, so a value of it can probably be made up.
    familiar: bool,
    /// Parts that no pass reaches.
    blocked: Vec<bool>,
    /// Fields are offered in order, or variants by name: the visitor knows no other way.
    other_way: bool,
    /// The visitor asked for a field's name.
    asked_name: bool,
    /// Whether the visitor reads by position was tried.
    tried_order: bool,
    /// The visitor reads by position.
    by_order: bool,
}

/// The search.
#[derive(Debug, Default)]
pub(super) struct Probe {
    pub(super) nodes: Vec<Node>,
    /// The type asked the bytes what they are.
    pub(super) asked_any: bool,
    /// A part contains itself.
    pub(super) recursive: bool,
    /// A part can be read by name only.
    pub(super) by_name: bool,
    /// This pass has seen what it came for, or everything.
    pub(super) over: bool,
    states: Vec<State>,
    ids: HashMap<(Kind, &'static str), Id>,
    /// From the whole type to where this pass is.
    path: Vec<Id>,
    /// The part that this pass tries to reach.
    aim: Option<Slot>,
    steps: usize,
}

impl Probe {
    /// No type is asked more than this many times for a part of it; a larger one counts as not
    /// seen whole. About 5 ms of work at most.
    const MAX_STEPS: usize = 1 << 16;
    /// Beyond this nesting a type counts as recursive.
    const MAX_DEPTH: usize = 32;

    /// Looks at all of `T`.
    pub(super) fn run<T: DeserializeOwned>() -> Shape {
        let mut probe = Self::default();
        probe.round::<T>();
        // What was passed over for want of a value may be reachable now.
        if !probe.nodes.iter().all(Node::is_whole) {
            probe.reopen();
            probe.round::<T>();
        }
        probe.asked_any |= probe.steps >= Self::MAX_STEPS;
        probe.by_name |= probe.reads_by_name_only();
        Shape::found(probe)
    }

    fn round<T: DeserializeOwned>(&mut self) {
        while self.steps < Self::MAX_STEPS {
            self.path.clear();
            self.over = false;
            // A made-up value, or why it is none, tells nothing: the probe saw what was asked for.
            let _ = T::deserialize(Fake::root(self));
            self.settle();
            if self.states.first().is_none_or(|root| root.closed) {
                break;
            }
        }
    }

    fn reopen(&mut self) {
        for state in &mut self.states {
            state.closed = false;
            state.blocked.fill(false);
        }
    }

    fn reads_by_name_only(&self) -> bool {
        let mut nodes = self.nodes.iter().zip(&self.states);
        nodes.any(|(node, state)| node.kind.is_named() && !node.parts.is_empty() && !state.by_order)
    }

    /// Draws the consequence of a pass that did not get where it wanted.
    fn settle(&mut self) {
        let Some((id, part)) = self.aim.take() else {
            return;
        };
        let node = &self.nodes[id];
        let state = &mut self.states[id];
        match node.kind {
            Kind::Struct(..) | Kind::StructVariant(_) if !state.other_way && !state.asked_name => {
                state.other_way = true;
            }
            Kind::Enum(..) if !state.other_way && node.parts[part].is_none() => {
                state.other_way = true;
                self.by_name = true;
            }
            Kind::Enum(..) => state.blocked[part] = true,
            kind if kind.is_named() && !state.other_way => state.blocked[part] = true,
            // Whatever comes after it is as much out of reach.
            _ => state.blocked[part..].fill(true),
        }
    }

    /// The pass has come to a part of this kind. `name` tells apart kinds of the same names.
    pub(super) fn enter(
        &mut self,
        kind: Kind,
        name: &'static str,
        from: Option<Slot>,
        mode: Mode,
    ) -> Result<Id, Halt> {
        self.steps += 1;
        if self.steps > Self::MAX_STEPS {
            return Err(self.halt());
        }
        let id = self.id_of(kind, name, from);
        match mode {
            Mode::Explore => self.go_to(id)?,
            Mode::Produce(_) => {}
        }
        Ok(id)
    }

    fn id_of(&mut self, kind: Kind, name: &'static str, from: Option<Slot>) -> Id {
        let linked = match from {
            Some((id, part)) => self.nodes[id].parts[part],
            None => (!self.nodes.is_empty()).then_some(0),
        };
        if let Some(id) = linked.filter(|&id| self.nodes[id].kind == kind) {
            return id;
        }
        let id = *self.ids.entry((kind, name)).or_insert(self.nodes.len());
        if id == self.nodes.len() {
            let node = Node::new(kind);
            self.states.push(State {
                blocked: vec![false; node.parts.len()],
                ..State::default()
            });
            self.nodes.push(node);
        }
        if let Some((parent, part)) = from {
            self.nodes[parent].parts[part].get_or_insert(id);
        }
        id
    }

    fn go_to(&mut self, id: Id) -> Result<(), Halt> {
        if self.path.contains(&id) {
            self.recursive = true;
            return Err(self.halt());
        }
        if self.path.len() >= Self::MAX_DEPTH {
            self.recursive = true;
            self.close(id);
            return Err(self.halt());
        }
        self.path.push(id);
        Ok(())
    }

    /// The part of the node that this pass shall go to; if there is none left, the pass is over.
    pub(super) fn choose(&mut self, id: Id) -> Option<usize> {
        let blocked = &self.states[id].blocked;
        let part =
            self.nodes[id]
                .parts
                .iter()
                .zip(blocked)
                .position(|(&part, &blocked)| match part {
                    _ if blocked => false,
                    Some(part) => !self.states[part].closed && !self.path.contains(&part),
                    None => true,
                });
        match part {
            Some(part) => self.aim = Some((id, part)),
            None => self.close(id),
        }
        part
    }

    /// The same, for a struct: once all fields were seen, whether it also reads them by position.
    pub(super) fn choose_field(&mut self, id: Id) -> Option<Field> {
        if let Some(part) = self.choose(id) {
            let by_name = !self.states[id].other_way;
            return Some(if by_name {
                Field::Named(part)
            } else {
                Field::At(part)
            });
        }
        let state = &mut self.states[id];
        if state.tried_order || state.blocked.is_empty() {
            return None;
        }
        state.tried_order = true;
        state.closed = false;
        self.over = false;
        Some(Field::First)
    }

    /// A variant of which a value can be made up.
    pub(super) fn choose_familiar(&self, id: Id) -> Option<usize> {
        self.nodes[id].parts.iter().position(|part| {
            part.is_some_and(|part| self.states[part].familiar && !self.path.contains(&part))
        })
    }

    /// Whether the variants of this enum go by name.
    pub(super) fn names_variants(&self, id: Id) -> bool {
        self.states[id].other_way
    }

    /// The visitor of this struct asked for a name.
    pub(super) fn asked_name(&mut self, id: Id) {
        self.states[id].asked_name = true;
    }

    /// The visitor of this struct reads by position.
    pub(super) fn reads_by_order(&mut self, id: Id) {
        self.states[id].by_order = true;
        self.over = true;
    }

    /// The part is of the same type as the one before it.
    pub(super) fn same_as_before(&mut self, id: Id, part: usize) -> bool {
        let parts = &mut self.nodes[id].parts;
        let before = part.checked_sub(1).and_then(|before| parts[before]);
        if before.is_some() && parts[part].is_none() {
            parts[part] = before;
        }
        before.is_some()
    }

    fn close(&mut self, id: Id) {
        self.states[id].closed = true;
        self.states[id].familiar = true;
        self.over = true;
        self.aim = None;
    }

    fn halt(&mut self) -> Halt {
        self.over = true;
        self.aim = None;
        Halt
    }
}

/// How a pass looks at a struct.
pub(super) enum Field {
    /// Offers this field by its name.
    Named(usize),
    /// Offers all fields up to this one in order.
    At(usize),
    /// Sees whether the struct takes fields in order at all.
    First,
}
