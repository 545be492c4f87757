//! The entries of one cached function: what `f::entry(..)` returns.
//!
//! [`Entry`] knows the function's return type. What is stored is the `Ok` of a `Result` and the
//! `Some` of an `Option`, so `get` and `put` of those entries speak of the value inside; all
//! others, and every further operation, are those of [`PlainEntry`], to which entries dereference.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::{Cache, or_shared};
use crate::engine::{self, Call, Engine, Missed, New, Target, tags_of};
use crate::entry::{Payload, Sealed, Shape};
use crate::event::Delivery;
use crate::key::{Key, KeyError, KeyWriter, render};
use crate::registry::Site;
use crate::time::{Lifetime, Ttl};

type AnyShape<R> = Arc<dyn Shape<Return = R> + Send + Sync>;

/// One entry of a cached function that returns `R`.
#[must_use = "an entry does nothing by itself; call `get`, `put`, `invalidate`, …"]
pub struct Entry<R>(PlainEntry<R>);

/// One entry of a cached function, in terms of all that it returns.
pub struct PlainEntry<R> {
    pub(super) site: &'static Site,
    pub(super) key: Result<Key, KeyError>,
    engine: Option<Arc<Engine>>,
    pub(super) ttl: Ttl,
    tags: Vec<Box<str>>,
    pub(super) shape: AnyShape<R>,
}

/// What the generated code builds entries with.
#[doc(hidden)]
impl<R> Entry<R> {
    pub fn new<S>(site: &'static Site, shape: S, write: impl FnOnce(&mut KeyWriter)) -> Self
    where
        S: Shape<Return = R> + Send + Sync + 'static,
    {
        Self(PlainEntry {
            site,
            key: render(site.policy.version, write),
            engine: None,
            ttl: site.policy.ttl,
            tags: Vec::new(),
            shape: Arc::new(shape),
        })
    }

    pub fn cache(mut self, cache: &Cache) -> Self {
        self.0.engine = Some(Arc::clone(&cache.engine));
        self
    }

    /// As [`Call::on_type`]: the entries of any but the first type do nothing.
    pub fn on_type(mut self, self_type: &'static str) -> Self {
        if !self.0.site.serves(self_type) {
            self.0.key = Err(KeyError::of_several_types());
        }
        self
    }

    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.0.ttl = ttl.into();
        self
    }

    pub fn tag(mut self, write: impl FnOnce(&mut KeyWriter)) -> Self {
        match render(0, write) {
            Ok(tag) => self.0.tags.push(tag.text().into()),
            Err(error) => self.0.key = Err(error),
        }
        self
    }
}

impl<R> Entry<R> {
    /// The operations for sync callers.
    pub fn blocking(self) -> BlockingEntry<R> {
        BlockingEntry(BlockingPlainEntry(self.0))
    }
}

impl<R> Deref for Entry<R> {
    type Target = PlainEntry<R>;

    fn deref(&self) -> &PlainEntry<R> {
        &self.0
    }
}

impl<T, E> Entry<Result<T, E>> {
    /// The stored `Ok` value, if it is fresh.
    pub async fn get(&self) -> Option<T> {
        self.0.get().await?.ok()
    }

    /// Stores a value as if the function had returned it, and detaches the computation under way.
    /// Whether it was stored.
    pub async fn put(&self, value: T) -> bool {
        self.0.put(Ok(value)).await
    }
}

impl<T> Entry<Option<T>> {
    /// The stored `Some` value, if it is fresh.
    pub async fn get(&self) -> Option<T> {
        self.0.get().await?
    }

    /// Stores a value as if the function had returned it, and detaches the computation under way.
    /// Whether it was stored.
    pub async fn put(&self, value: T) -> bool {
        self.0.put(Some(value)).await
    }
}

#[cfg_attr(
    not(feature = "remote"),
    expect(clippy::unused_async, reason = "async for the backends that wait")
)]
impl<R> PlainEntry<R> {
    /// The rendered key; empty if a part of it cannot be rendered, in which case the function runs
    /// uncached and the operations here do nothing.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_ref().map_or("", Key::text)
    }

    /// What the function would return, if it is stored and fresh.
    pub async fn get(&self) -> Option<R> {
        or_shared!(self, await shared.read());
        self.read()
    }

    /// Stores what the function might have returned, and detaches the computation under way.
    /// Whether it was stored: an `Err` never is, nor a `None` without `ttl_none`.
    pub async fn put(&self, returned: R) -> bool {
        or_shared!(self, await shared.write(returned));
        self.write(returned)
    }

    /// Destroys the value and detaches the computation under way: no call that begins after this
    /// returned is given an older value. Never waits for a computation.
    pub async fn invalidate(&self) -> Delivery {
        match self.target(None) {
            None => Delivery::Nothing,
            Some(target) => engine::deliver(&[target]).await,
        }
    }

    /// Makes the value stale: it is no longer served as fresh, but a computation under way may
    /// still fill the key. Whether a live value was there.
    pub async fn expire(&self) -> bool {
        or_shared!(self, await shared.make_stale());
        self.make_stale()
    }

    /// Whether the cache has an answer: a live value, or the memory that there is none.
    pub async fn contains(&self) -> bool {
        or_shared!(self, await shared.holds());
        self.is_live()
    }

    /// Computes anew, whatever is stored: detaches an older computation, leads one that callers
    /// without a hit join, and stores its value unless an invalidation overtakes it. A failure
    /// leaves the value before in place.
    ///
    /// `compute` is usually the function's body: `|| get_post::uncached(&db, 7)`.
    pub async fn refresh<F, Fut>(&self, compute: F) -> R
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        let (engine, shape) = (self.engine(), &*self.shape);
        engine::refresh(async {
            self.missed(engine.as_ref())
                .run_async(shape, compute)
                .await
                .0
        })
        .await
    }

    fn read(&self) -> Option<R> {
        let engine = self.engine();
        let hit = self.call(engine.as_ref()).peek(&*self.shape);
        hit.map(|(returned, _)| returned)
    }

    fn call<'c>(&self, engine: Option<&'c Arc<Engine>>) -> Call<'c> {
        let call = Call::with_key(self.site, self.key.clone()).ttl(self.ttl);
        match engine {
            Some(engine) => call.on(engine),
            None => call,
        }
    }

    fn missed<'c>(&self, engine: Option<&'c Arc<Engine>>) -> Missed<'c> {
        self.call(engine).missed(self.tags.clone())
    }

    pub(super) fn engine(&self) -> Option<Arc<Engine>> {
        self.engine.clone().or_else(|| engine::resolve(self.site))
    }

    /// The cache to act on, and the key as that keeps it, where both are usable.
    pub(super) fn place(&self) -> Option<(Arc<Engine>, Key)> {
        let (engine, key) = (self.engine()?, self.key.clone().ok()?);
        let key = engine.place(key, None).ok()?;
        Some((engine, key))
    }

    /// [`place`](Self::place) in this process.
    fn cell(&self) -> Option<(Arc<Engine>, Key)> {
        let (engine, key) = self.place()?;
        let key = key.pinned(engine.pins(self.site));
        Some((engine, key))
    }

    /// What an entry under this key falls by.
    pub(super) fn tags(&self, key: &Key) -> Vec<Box<str>> {
        tags_of(key, self.site, self.tags.clone())
    }

    fn write(&self, returned: R) -> bool {
        self.try_write(returned).unwrap_or(false)
    }

    fn try_write(&self, returned: R) -> Option<bool> {
        let (engine, key) = self.cell()?;
        let (sealed, _) = self.shape.seal(returned, engine.is_weighed());
        let (payload, weight, ttl) = match sealed {
            Sealed::Value(value, weight) => (Payload::Value(value), weight?, self.ttl),
            Sealed::Absent => (Payload::Absent, 0, self.site.policy.ttl_none?),
            Sealed::Failed(_) => return None,
        };
        let lifetime: Lifetime = ttl.resolve(engine.default_ttl()).ok()?;
        let stamps = engine.stamps(Some(self.site.number()), &self.tags(&key));
        let new = New {
            payload,
            weight: weight as u64,
            lifetime,
            stamps,
            keeps: None,
        };
        Some(engine.set(&key, new))
    }

    fn make_stale(&self) -> bool {
        self.cell().is_some_and(|(engine, key)| engine.expire(&key))
    }

    fn is_live(&self) -> bool {
        self.cell()
            .is_some_and(|(engine, key)| engine.remembers(&key))
    }

    /// As a target of the mutator at `by`; without one, of whoever calls the entry.
    pub(super) fn target(&self, by: Option<&'static Site>) -> Option<Target> {
        let (engine, key) = self.place()?;
        Some(Target::key(engine, key, by.unwrap_or(self.site)))
    }
}

impl<R> fmt::Debug for PlainEntry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("function", &self.site.name())
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Entry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An [`Entry`] for sync callers.
#[must_use = "an entry does nothing by itself; call `get`, `put`, `invalidate`, …"]
#[derive(Debug)]
pub struct BlockingEntry<R>(BlockingPlainEntry<R>);

/// A [`PlainEntry`] for sync callers.
#[derive(Debug)]
pub struct BlockingPlainEntry<R>(PlainEntry<R>);

impl<R> Deref for BlockingEntry<R> {
    type Target = BlockingPlainEntry<R>;

    fn deref(&self) -> &BlockingPlainEntry<R> {
        &self.0
    }
}

impl<T, E> BlockingEntry<Result<T, E>> {
    /// The stored `Ok` value, if it is fresh.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.0.get()?.ok()
    }

    /// As [`Entry::put`].
    pub fn put(&self, value: T) -> bool {
        self.0.put(Ok(value))
    }
}

impl<T> BlockingEntry<Option<T>> {
    /// The stored `Some` value, if it is fresh.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.0.get()?
    }

    /// As [`Entry::put`].
    pub fn put(&self, value: T) -> bool {
        self.0.put(Some(value))
    }
}

impl<R> BlockingPlainEntry<R> {
    /// The rendered key, as [`PlainEntry::key`].
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.key()
    }

    /// As [`PlainEntry::get`].
    #[must_use]
    pub fn get(&self) -> Option<R> {
        or_shared!(self.0, block shared.read());
        self.0.read()
    }

    /// As [`PlainEntry::put`].
    pub fn put(&self, returned: R) -> bool {
        or_shared!(self.0, block shared.write(returned));
        self.0.write(returned)
    }

    /// As [`PlainEntry::invalidate`].
    pub fn invalidate(&self) -> Delivery {
        match self.0.target(None) {
            None => Delivery::Nothing,
            Some(target) => engine::deliver_blocking(&[target]),
        }
    }

    /// As [`PlainEntry::expire`].
    pub fn expire(&self) -> bool {
        or_shared!(self.0, block shared.make_stale());
        self.0.make_stale()
    }

    /// As [`PlainEntry::contains`].
    #[must_use]
    pub fn contains(&self) -> bool {
        or_shared!(self.0, block shared.holds());
        self.0.is_live()
    }

    /// As [`PlainEntry::refresh`].
    pub fn refresh(&self, compute: impl FnOnce() -> R) -> R {
        let (engine, shape) = (self.0.engine(), &*self.0.shape);
        engine::refresh_blocking(|| self.0.missed(engine.as_ref()).run(shape, compute).0)
    }
}
