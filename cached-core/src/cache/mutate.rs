//! What the generated code of mutators says in terms of caches and entries, and all entries of a
//! function at once.

use super::{Cache, Entry};
use crate::engine::{self, Call, Engine, Late, Mutation, Target};
use crate::event::Delivery;
use crate::registry::Site;
use std::sync::Arc;

/// Every entry of one cached function: what `f::all()` returns.
#[must_use = "this does nothing by itself; call `invalidate`"]
#[derive(Debug)]
pub struct EntryAll {
    pub(super) site: &'static Site,
    engine: Option<Arc<Engine>>,
}

impl EntryAll {
    #[doc(hidden)]
    pub fn new(site: &'static Site) -> Self {
        Self { site, engine: None }
    }

    #[doc(hidden)]
    pub fn cache(mut self, cache: &Cache) -> Self {
        self.engine = Some(Arc::clone(&cache.engine));
        self
    }

    /// Outdates every entry that the function stored, and every computation of it under way, in
    /// O(1). What the low-level handle or another function stored under the same keys stays.
    pub async fn invalidate(&self) -> Delivery {
        match self.target(None) {
            None => Delivery::Nothing,
            Some(target) => engine::deliver(&[target]).await,
        }
    }

    /// The operations for sync callers.
    pub fn blocking(self) -> BlockingEntryAll {
        BlockingEntryAll(self)
    }

    pub(super) fn engine(&self) -> Option<Arc<Engine>> {
        self.engine.clone().or_else(|| engine::resolve(self.site))
    }

    /// As a target of the mutator at `by`; without one, of whoever calls the entry.
    fn target(&self, by: Option<&'static Site>) -> Option<Target> {
        let engine = self.engine()?;
        Some(Target::function(engine, self.site, by.unwrap_or(self.site)))
    }
}

/// [`EntryAll`] for sync callers.
#[must_use = "this does nothing by itself; call `invalidate`"]
#[derive(Debug)]
pub struct BlockingEntryAll(EntryAll);

impl BlockingEntryAll {
    /// As [`EntryAll::invalidate`].
    pub fn invalidate(&self) -> Delivery {
        match self.0.target(None) {
            None => Delivery::Nothing,
            Some(target) => engine::deliver_blocking(&[target]),
        }
    }
}

#[doc(hidden)]
impl<'c> Call<'c> {
    #[must_use]
    pub fn cache(self, cache: &'c Cache) -> Self {
        self.on(&cache.engine)
    }
}

#[doc(hidden)]
impl Mutation {
    pub fn cache(self, cache: &Cache) -> Self {
        self.on(Arc::clone(&cache.engine))
    }

    pub fn entry<R>(self, site: &'static Site, entry: &Entry<R>) -> Self {
        self.target(entry.target(Some(site)))
    }

    pub fn all(self, site: &'static Site, all: &EntryAll) -> Self {
        self.target(all.target(Some(site)))
    }

    pub async fn invalidate(self) -> Delivery {
        if self.is_empty() {
            return Delivery::Nothing;
        }
        self.deliver().await
    }

    pub fn invalidate_blocking(self) -> Delivery {
        if self.is_empty() {
            return Delivery::Nothing;
        }
        self.deliver_blocking()
    }
}

#[doc(hidden)]
impl Late {
    pub fn entry<R>(&mut self, site: &'static Site, entry: &Entry<R>) {
        self.target(entry.target(Some(site)));
    }

    pub fn all(&mut self, site: &'static Site, all: &EntryAll) {
        self.target(all.target(Some(site)));
    }
}
