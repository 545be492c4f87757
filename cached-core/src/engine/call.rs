//! One call of a cached function: hit, or lead, join, or compute alone.
//!
//! What to do is decided by [`Miss`]; sync and async callers differ only in how they wait and how
//! they run the body.

use std::future::Future;
use std::sync::Arc;

use super::block::block_on;
use super::context::{self, Mode};
use super::flight::Style;
use super::miss::{Miss, Step};
use super::{Engine, home};
use crate::entry::{Shape, Slot, Taken};
use crate::event::{Counter, EventKind, Outcome, count};
use crate::key::{Key, KeyError, KeyWriter, render};
use crate::registry::Site;
use crate::time::Ttl;

/// A call on its way to its value. Built by the generated code.
#[derive(Debug)]
pub struct Call<'c> {
    pub(super) site: &'static Site,
    pub(super) key: Result<Key, KeyError>,
    engine: Option<&'c Arc<Engine>>,
    pub(super) ttl: Ttl,
    pub(super) tags: Vec<Box<str>>,
    /// Whether the site serves the type the method was called on.
    pub(super) served: bool,
}

impl<'c> Call<'c> {
    /// A call of the function at `site`, with the key that `write` renders.
    #[inline]
    pub fn new(site: &'static Site, write: impl FnOnce(&mut KeyWriter)) -> Self {
        Self::with_key(site, render(site.policy.version, write))
    }

    #[inline]
    pub(crate) fn with_key(site: &'static Site, key: Result<Key, KeyError>) -> Self {
        Self {
            site,
            key,
            engine: None,
            ttl: site.policy.ttl,
            tags: Vec::new(),
            served: true,
        }
    }

    /// A TTL known at call time only.
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    pub(crate) fn on(mut self, engine: &'c Arc<Engine>) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Declares the type a method is called on, for the check that one site serves one type.
    #[inline]
    #[must_use]
    pub fn on_type(mut self, self_type: &'static str) -> Self {
        self.served = self.site.serves(self_type);
        self
    }

    /// A tag that the entry will carry. Added on a miss only.
    #[must_use]
    pub fn tag(mut self, write: impl FnOnce(&mut KeyWriter)) -> Self {
        match render(0, write) {
            Ok(tag) => self.tags.push(tag.text().into()),
            Err(error) => self.key = Err(error),
        }
        self
    }

    pub(crate) fn tags(mut self, tags: Vec<Box<str>>) -> Self {
        self.tags = tags;
        self
    }

    /// The cached value, if there is a fresh one. Never waits, never allocates.
    #[inline]
    pub fn hit<S: Shape + ?Sized>(&self, shape: &S) -> Option<(S::Return, Outcome)> {
        let key = self.key.as_ref().ok()?;
        if !self.served {
            return None;
        }
        let taken = if context::is_plain() {
            match self.engine {
                Some(engine) => self.look(engine, key, shape),
                None => home::with(self.site, |engine| self.look(engine?, key, shape)),
            }
        } else {
            self.look_in_context(key, shape)
        };
        Some((open(shape, taken?)?, Outcome::Hit))
    }

    #[inline(always)]
    fn look<S: Shape + ?Sized>(
        &self,
        engine: &Engine,
        key: &Key,
        shape: &S,
    ) -> Option<Taken<S::Return>> {
        let lifetime = self.ttl.or_zero(engine.default_ttl);
        let taken = engine.lookup(key, lifetime, shape)?;
        self.note_hit(engine, key);
        Some(taken)
    }

    #[inline(always)]
    fn note_hit(&self, engine: &Engine, key: &Key) {
        count(self.site.number(), Counter::Hit);
        engine.tell(EventKind::Hit, Some(self.site), key);
    }

    #[cold]
    fn look_in_context<S: Shape + ?Sized>(
        &self,
        key: &Key,
        shape: &S,
    ) -> Option<Taken<S::Return>> {
        let frame = context::current()?;
        let armed = frame.armed.as_ref();
        if frame.mode != Mode::Normal || armed.is_some_and(|armed| armed.covers(key)) {
            return None;
        }
        let engine = self.resolve()?;
        let lifetime = self.ttl.or_zero(engine.default_ttl);
        let covered = |slot: &Slot| armed.is_some_and(|armed| armed.covers_any(&slot.stamps));
        let taken = engine.lookup_unless(key, lifetime, shape, covered)?;
        self.note_hit(&engine, key);
        Some(taken)
    }

    pub(super) fn resolve(&self) -> Option<Arc<Engine>> {
        self.engine.cloned().or_else(|| home::resolve(self.site))
    }

    /// The value of a sync function that [`hit`](Self::hit) did not find.
    pub fn run<S, F>(self, shape: &S, body: F) -> (S::Return, Outcome)
    where
        S: Shape + ?Sized,
        F: FnOnce() -> S::Return,
    {
        let mut miss = Miss::new(self, Style::Sync, shape.is_disguised());
        loop {
            match miss.next(shape) {
                Step::Found(found) => return found,
                Step::Alone => {
                    let _entered = miss.lone_frame().enter();
                    return (body(), Outcome::Uncached);
                }
                Step::Lead(lease) => {
                    let entered = lease.frame().enter();
                    let returned = body();
                    drop(entered);
                    return lease.settle(shape, miss.filling(), returned);
                }
                Step::Wait(waiting) => miss.hear(block_on(waiting)),
            }
        }
    }

    /// The value of an async function that [`hit`](Self::hit) did not find.
    ///
    /// Dropping the future hands the computation to a waiter, if there is one.
    pub async fn run_async<S, F, Fut>(self, shape: &S, body: F) -> (S::Return, Outcome)
    where
        S: Shape + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = S::Return>,
    {
        let mut miss = Miss::new(self, Style::Async, shape.is_disguised());
        loop {
            match miss.next(shape) {
                Step::Found(found) => return found,
                Step::Alone => {
                    let body = async move { body().await };
                    return (miss.lone_frame().scope(body).await, Outcome::Uncached);
                }
                Step::Lead(lease) => {
                    let returned = lease.frame().scope(async move { body().await }).await;
                    return lease.settle(shape, miss.filling(), returned);
                }
                Step::Wait(waiting) => {
                    let heard = waiting.await;
                    miss.hear(heard);
                }
            }
        }
    }

}

/// Opens what was taken; outside of every lock, because it may run the user's `Clone`.
#[inline]
pub(super) fn open<S: Shape + ?Sized>(shape: &S, taken: Taken<S::Return>) -> Option<S::Return> {
    match taken {
        Taken::Ready(value) => Some(value),
        Taken::Later(payload) => shape.open(&payload),
    }
}
