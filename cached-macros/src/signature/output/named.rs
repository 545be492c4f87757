//! Types that are refused by their names.

use super::{Refusal, refuse};

const GUARDS: [&str; 12] = [
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "OwnedMutexGuard",
    "MappedMutexGuard",
    "MappedRwLockReadGuard",
    "OwnedRwLockReadGuard",
    "OwnedRwLockWriteGuard",
    "ReentrantMutexGuard",
    "Ref",
    "RefMut",
    "SemaphorePermit",
];

const QUERIES: [&str; 8] = [
    "QueryBuilder",
    "QueryAs",
    "QueryScalar",
    "Query",
    "Select",
    "SelectStatement",
    "BoxedSelectStatement",
    "Selector",
];

const LAZY: [&str; 16] = [
    "Iter",
    "IterMut",
    "IntoIter",
    "Map",
    "Filter",
    "FilterMap",
    "FlatMap",
    "Chain",
    "Rev",
    "Take",
    "Skip",
    "Peekable",
    "Enumerate",
    "Lines",
    "BoxStream",
    "LocalBoxStream",
];

/// The refusal of a type that is called `name`.
pub(super) fn named(name: &str) -> Option<Refusal> {
    match name {
        name if GUARDS.contains(&name) => refuse(
            format!("a `{name}` is a guard: stored, it would hold its lock for good"),
            "return an owned value: clone what the guard protects, or keep it in an `Arc`",
        ),
        name if QUERIES.contains(&name) => refuse(
            format!("a `{name}` is a query that has not run, not its rows"),
            "run it and return the rows: `.fetch_all(..).await`, `.fetch_one(..).await` or \
             `.all(..).await`",
        ),
        name if LAZY.contains(&name) => lazy(&format!("a `{name}`")),
        "Rc" | "RefCell" | "Cell" => refuse(
            format!("a `{name}` cannot be shared between threads, as cached values are"),
            "return the owned type, or share it by `Arc`",
        ),
        _ => None,
    }
}

/// The refusal of what is read once.
pub(super) fn lazy(what: &str) -> Option<Refusal> {
    refuse(
        format!("{what} is consumed once: a second caller would find it empty"),
        "collect it and return the values: `.collect::<Vec<_>>()`",
    )
}
