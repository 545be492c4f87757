//! What a type looks like to serde, found out without a derive: which names, kinds and order its
//! `Deserialize` expects.
//!
//! The hash of it is the type fingerprint: a value that was written for another shape is a miss.
//! The graph itself is what encoding is checked against, since compact formats silently give wrong
//! values when a type writes other fields than it reads.
//!
//! A [fake deserializer](probe) is replayed, one path of the type per pass, so that a part which
//! rejects made-up data (a date, a URL) hides none of the others. What a type buffers (untagged,
//! internally tagged, flattened) cannot be looked into; such types are written with names.
//!
//! Not for judging what the fields mean: that is what a declared schema is for.

mod access;
mod fake;
mod node;
mod probe;

use std::any::TypeId;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use twox_hash::XxHash3_64;

pub(crate) use node::{Kind, Names, Node};
use probe::Probe;

/// The shape of one type.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The hash of all that is below.
    pub(crate) fingerprint: u64,
    /// The type asks the bytes what they are, or was not seen whole.
    pub(crate) self_describing: bool,
    /// The type contains itself, or nests deeper than 32 levels.
    pub(crate) recursive: bool,
    /// Some part cannot be read by position alone: it has aliases, or only a map visitor.
    by_name: bool,
    nodes: Vec<Node>,
}

impl Shape {
    /// The shape of `T`, found out once per process.
    ///
    /// A type that panics on made-up data has the shape "opaque"; the panic hook runs.
    pub(crate) fn of<T: DeserializeOwned + 'static>() -> &'static Self {
        cell_of(TypeId::of::<T>()).get_or_init(Self::explore::<T>)
    }

    /// Whether the type needs a format that writes names.
    pub(crate) fn needs_names(&self) -> bool {
        self.self_describing || self.recursive || self.by_name
    }

    /// The whole type.
    pub(crate) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// A part of a node, if it was looked at.
    pub(crate) fn part(&self, node: &Node, index: usize) -> Option<&Node> {
        let id = node.parts.get(index).copied().flatten()?;
        self.nodes.get(id)
    }

    fn explore<T: DeserializeOwned>() -> Self {
        catch_unwind(AssertUnwindSafe(Probe::run::<T>)).unwrap_or_else(|_| Self::opaque())
    }

    fn opaque() -> Self {
        Self {
            fingerprint: XxHash3_64::oneshot(b"opaque"),
            self_describing: true,
            recursive: false,
            by_name: true,
            nodes: Vec::new(),
        }
    }

    fn found(probe: Probe) -> Self {
        let mut description = Vec::new();
        for node in &probe.nodes {
            node.describe(&mut description);
        }
        let whole = !probe.nodes.is_empty() && probe.nodes.iter().all(Node::is_whole);
        Self {
            fingerprint: XxHash3_64::oneshot(&description),
            self_describing: probe.asked_any || !whole,
            recursive: probe.recursive,
            by_name: probe.by_name,
            nodes: probe.nodes,
        }
    }
}

/// Where the shape of a type is kept, once it is known. Types are few, so this is never freed.
fn cell_of(id: TypeId) -> &'static OnceLock<Shape> {
    thread_local! {
        // Of a hundred values that are read at once all are of one type.
        static LAST: Cell<Option<(TypeId, &'static OnceLock<Shape>)>> = const { Cell::new(None) };
    }
    match LAST.get() {
        Some((last, cell)) if last == id => cell,
        _ => {
            let cell = known_cell_of(id);
            LAST.set(Some((id, cell)));
            cell
        }
    }
}

fn known_cell_of(id: TypeId) -> &'static OnceLock<Shape> {
    static SHAPES: LazyLock<RwLock<Shapes>> = LazyLock::new(RwLock::default);
    let known = SHAPES.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(cell) = known.get(&id) {
        return cell;
    }
    drop(known);
    let mut shapes = SHAPES.write().unwrap_or_else(PoisonError::into_inner);
    // Empty: the probe runs the user's code, so it runs outside of this lock.
    shapes
        .entry(id)
        .or_insert_with(|| Box::leak(Box::new(OnceLock::new())))
}

type Shapes = HashMap<TypeId, &'static OnceLock<Shape>>;
