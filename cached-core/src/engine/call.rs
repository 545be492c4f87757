//! One call of a cached function: hit, or lead, join, or compute alone.
//!
//! What to do is decided by [`Miss`]; sync and async callers differ only in how they wait and how
//! they run the body.

use std::future::Future;
use std::sync::Arc;

use super::block::block_on;
use super::context::{self, Frame, Mode};
use super::flight::Style;
use super::miss::{Miss, Next, Step};
use super::{Engine, home, tags_of};
use crate::entry::{Shape, Slot, Taken};
use crate::event::{Counter, EventKind, Outcome, count};
use crate::key::{Key, KeyError, KeyWriter, Rendered, render};
use crate::registry::Site;
use crate::time::{Lifetime, Ttl};

/// A call on its way to its value. Built by the generated code.
#[derive(Debug)]
pub struct Call<'c> {
    pub(super) site: &'static Site,
    pub(super) key: Rendered,
    engine: Option<&'c Arc<Engine>>,
    pub(super) ttl: Ttl,
    /// Whether the site serves the type the method was called on.
    pub(super) served: bool,
}

impl<'c> Call<'c> {
    /// A call whose key is still to be written: where it stands, because moving a key costs more
    /// than writing one.
    #[inline(always)]
    pub fn start(site: &'static Site) -> Self {
        Self::of(site, Rendered::empty())
    }

    /// Renders the key.
    #[inline(always)]
    pub fn key(&mut self, write: impl FnOnce(&mut KeyWriter)) {
        self.key.write(self.site.policy.version, write);
    }

    pub(crate) fn with_key(site: &'static Site, key: Result<Key, KeyError>) -> Self {
        Self::of(site, key.into())
    }

    #[inline(always)]
    fn of(site: &'static Site, key: Rendered) -> Self {
        Self {
            site,
            key,
            engine: None,
            ttl: site.policy.ttl,
            served: true,
        }
    }

    /// A TTL known at call time only.
    #[inline(always)]
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    #[inline(always)]
    pub(crate) fn on(mut self, engine: &'c Arc<Engine>) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Declares the type a method is called on, for the check that one site serves one type.
    #[inline(always)]
    #[must_use]
    pub fn on_type(mut self, self_type: &'static str) -> Self {
        self.served = self.site.serves(self_type);
        self
    }

    /// The cached value, if there is a fresh one. Never waits, never allocates.
    #[inline(always)]
    pub fn hit<S: Shape + ?Sized>(&mut self, shape: &S) -> Option<(S::Return, Outcome)> {
        let key = self.key.key().ok()?;
        if !self.served {
            return None;
        }
        match home::usual(self.site) {
            Some(engine)
                if self.engine.is_none() && context::is_plain() && engine.is_usual_for(shape) =>
            {
                let lifetime = self.ttl.or_zero(engine.default_ttl);
                self.look(engine, key, shape, lifetime)
            }
            _ => self.look_elsewhere(shape),
        }
    }

    /// [`hit`](Self::hit) for a caller that only reads: a `refresh` scope, which asks for
    /// computations, has nothing to ask of it.
    pub(crate) fn peek<S: Shape + ?Sized>(&mut self, shape: &S) -> Option<(S::Return, Outcome)> {
        let frame = context::current().filter(|frame| frame.mode == Mode::Refresh);
        match frame {
            Some(frame) => self.look_framed(&frame, shape),
            _ => self.hit(shape),
        }
    }

    /// How old a value that the call takes may be, by what a deployment says of its template.
    pub(super) fn lifetime_in(&self, engine: &Engine) -> Lifetime {
        self.ttl_in(engine).or_zero(engine.default_ttl)
    }

    pub(super) fn ttl_in(&self, engine: &Engine) -> Ttl {
        engine.overrides.ttl(self.site, self.ttl)
    }

    /// Looks where the call is not made in the usual way: in a scope, or in another cache.
    #[inline(never)]
    fn look_elsewhere<S: Shape + ?Sized>(&mut self, shape: &S) -> Option<(S::Return, Outcome)> {
        if !context::is_plain() {
            return self.look_in_context(shape);
        }
        match self.engine {
            Some(engine) => self.look_local(engine, shape),
            None => home::known(self.site, |engine| self.look_local(engine, shape)),
        }
    }

    /// Looks, unless the value has to be asked for.
    fn look_local<S: Shape + ?Sized>(
        &mut self,
        engine: &Engine,
        shape: &S,
    ) -> Option<(S::Return, Outcome)> {
        #[cfg(feature = "remote")]
        if engine.shares(shape) && !engine.keeps_near(self.site, shape) {
            return None;
        }
        if engine.overrides.turn_off(self.site) {
            return None;
        }
        engine.place_call(&mut self.key, self.site);
        let key = self.key.key().ok()?;
        self.look(engine, key, shape, self.lifetime_in(engine))
    }

    #[inline(always)]
    fn look<S: Shape + ?Sized>(
        &self,
        engine: &Engine,
        key: &Key,
        shape: &S,
        lifetime: Lifetime,
    ) -> Option<(S::Return, Outcome)> {
        let taken = engine.lookup(key, lifetime, shape)?;
        self.found(engine, key, shape, taken)
    }

    #[inline(always)]
    fn found<S: Shape + ?Sized>(
        &self,
        engine: &Engine,
        key: &Key,
        shape: &S,
        taken: Taken<S::Return>,
    ) -> Option<(S::Return, Outcome)> {
        let value = open(shape, taken)?;
        count(self.site.number(), Counter::Hit);
        engine.tell(EventKind::Hit, Some(self.site), key);
        Some((value, Outcome::Hit))
    }

    #[cold]
    fn look_in_context<S: Shape + ?Sized>(&mut self, shape: &S) -> Option<(S::Return, Outcome)> {
        let frame = context::current().filter(|frame| frame.mode == Mode::Normal)?;
        self.look_framed(&frame, shape)
    }

    /// Looks within mutators and scopes that let calls read.
    fn look_framed<S: Shape + ?Sized>(
        &mut self,
        frame: &Frame,
        shape: &S,
    ) -> Option<(S::Return, Outcome)> {
        let engine = self.resolve()?;
        #[cfg(feature = "remote")]
        if engine.shares(shape)
            && (frame.asks_the_backend() || !engine.keeps_near(self.site, shape))
        {
            return None;
        }
        if engine.overrides.turn_off(self.site) {
            return None;
        }
        engine.place_call(&mut self.key, self.site);
        let key = self.key.key().ok()?;
        let armed = frame.armed.as_ref();
        if armed.is_some_and(|armed| armed.covers(key)) {
            return None;
        }
        let covered = |slot: &Slot| armed.is_some_and(|armed| armed.covers_any(&slot.stamps));
        let taken = engine.lookup_unless(key, self.lifetime_in(&engine), shape, covered)?;
        self.found(&engine, key, shape, taken)
    }

    /// Whether it was made in a cache that the caller gave.
    #[cfg(feature = "remote")]
    pub(super) fn names_its_cache(&self) -> bool {
        self.engine.is_some()
    }

    pub(super) fn resolve(&self) -> Option<Arc<Engine>> {
        self.engine.cloned().or_else(|| home::resolve(self.site))
    }

    /// A tag that the entry will carry; rendered on a miss only.
    #[inline]
    #[must_use]
    pub fn tag(self, write: impl FnOnce(&mut KeyWriter)) -> Missed<'c> {
        self.missed(Vec::new()).tag(write)
    }

    /// A call whose entry will carry no tags.
    #[inline]
    #[must_use]
    pub fn untagged(self) -> Missed<'c> {
        self.missed(Vec::new())
    }

    /// The call has its cache from here on, whatever is put in its place, and key and tags are as
    /// that keeps them.
    #[inline]
    pub(crate) fn missed(mut self, tags: Vec<Box<str>>) -> Missed<'c> {
        let engine = self.resolve();
        if let Some(engine) = &engine {
            engine.place_call(&mut self.key, self.site);
        }
        let tags = match self.key.key() {
            Ok(key) => tags_of(key, self.site, tags),
            Err(_) => tags,
        };
        Missed {
            call: self,
            engine,
            tags,
        }
    }

    /// [`Missed::run`] without tags.
    #[cold]
    #[inline(never)]
    pub fn run<S, F>(self, shape: &S, body: F) -> (S::Return, Outcome)
    where
        S: Shape + ?Sized,
        F: FnOnce() -> S::Return,
    {
        self.missed(Vec::new()).run(shape, body)
    }

    /// [`Missed::run_async`] without tags.
    pub fn run_async<S, F, Fut>(
        self,
        shape: &S,
        body: F,
    ) -> impl Future<Output = (S::Return, Outcome)>
    where
        S: Shape + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = S::Return>,
    {
        self.missed(Vec::new()).run_async(shape, body)
    }
}

/// A call that [`Call::hit`] found nothing for.
#[derive(Debug)]
pub struct Missed<'c> {
    pub(super) call: Call<'c>,
    /// The cache of the call, if there is one.
    pub(super) engine: Option<Arc<Engine>>,
    pub(super) tags: Vec<Box<str>>,
}

impl Missed<'_> {
    /// One more tag.
    #[must_use]
    pub fn tag(mut self, write: impl FnOnce(&mut KeyWriter)) -> Self {
        match render(0, write) {
            Ok(tag) => self.push_tag(tag.text()),
            Err(error) => self.call.key.fail(error),
        }
        self
    }

    fn push_tag(&mut self, tag: &str) {
        if let Ok(key) = self.call.key.key() {
            self.tags.push(key.tag(tag));
        }
    }

    /// The value of a sync function that [`hit`](Call::hit) did not find.
    #[cold]
    #[inline(never)]
    pub fn run<S, F>(self, shape: &S, body: F) -> (S::Return, Outcome)
    where
        S: Shape + ?Sized,
        F: FnOnce() -> S::Return,
    {
        #[cfg(feature = "remote")]
        if let Some(remote) = self.remote_for(shape) {
            let body = || std::future::ready(body());
            return block_on(super::remote::run(self, remote, Style::Sync, shape, body));
        }
        let mut miss = Miss::new(self, Style::Sync, shape.is_disguised());
        loop {
            let step = match miss.next(shape) {
                Next::Break(found) => return found,
                Next::Continue(step) => step,
            };
            match step {
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
                #[cfg(feature = "remote")]
                Step::Ask => miss.give_up(),
            }
        }
    }

    /// The value of an async function that [`hit`](Call::hit) did not find.
    ///
    /// Dropping the future hands the computation to a waiter, if there is one.
    pub async fn run_async<S, F, Fut>(self, shape: &S, body: F) -> (S::Return, Outcome)
    where
        S: Shape + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = S::Return>,
    {
        #[cfg(feature = "remote")]
        if let Some(remote) = self.remote_for(shape) {
            // Boxed: it is large, and would make every future in memory as large.
            let run = Box::pin(super::remote::run(self, remote, Style::Async, shape, body));
            return run.await;
        }
        let mut miss = Miss::new(self, Style::Async, shape.is_disguised());
        loop {
            let step = match miss.next(shape) {
                Next::Break(found) => return found,
                Next::Continue(step) => step,
            };
            match step {
                Step::Alone => {
                    return (miss.lone_frame().scope_with(body).await, Outcome::Uncached);
                }
                Step::Lead(lease) => {
                    let returned = lease.frame().scope_with(body).await;
                    return lease.settle(shape, miss.filling(), returned);
                }
                Step::Wait(waiting) => {
                    let heard = waiting.await;
                    miss.hear(heard);
                }
                #[cfg(feature = "remote")]
                Step::Ask => miss.give_up(),
            }
        }
    }
}

/// Opens what was taken; outside of every lock, because it may run the user's `Clone`.
#[inline(always)]
pub(super) fn open<S: Shape + ?Sized>(shape: &S, taken: Taken<S::Return>) -> Option<S::Return> {
    match taken {
        Taken::Ready(value) => Some(value),
        Taken::Later(payload) => shape.open(&payload),
    }
}
