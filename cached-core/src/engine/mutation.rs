//! Invalidation around a body: armed before it, delivered when it ends, however it ends.
//!
//! An `Err`, a panic or a dropped future does not prove that nothing was written, so all of them
//! invalidate. While the body runs, its targets are *armed*: cached functions called in it never
//! return a hit for an armed key, and nothing they compute is shared or stored, because it may be
//! uncommitted.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::armed::{self, Armed, Target, What, fire_and_owe};
use super::block::block_on;
use super::context::{self, Frame};
use super::{Engine, again, home};
use crate::error::Error;
use crate::event::Delivery;
use crate::key::{Key, KeyWriter, render, template};
use crate::registry::{DEFAULT_VERSION, Notice, Site, detours};

/// What a mutator invalidates. Built by the generated code before the body runs.
#[derive(Debug, Default)]
#[must_use]
pub struct Mutation {
    targets: Vec<Target>,
    /// The one cache to reach, where it was given by an expression.
    on: Option<Arc<Engine>>,
    again_after: Option<u64>,
    on_ok: bool,
}

/// A dropped mutator's write may still land; its keys are invalidated again after so long.
const AGAIN_AFTER_DROP_MS: u64 = 5_000;

impl Mutation {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All template targets that follow are in this cache and nowhere else.
    pub(crate) fn on(mut self, engine: Arc<Engine>) -> Self {
        self.on = Some(engine);
        self
    }

    /// Invalidates once more, so many milliseconds after the body ended.
    pub fn again_after_ms(mut self, millis: u64) -> Self {
        self.again_after = Some(millis);
        self
    }

    /// Invalidates only if the body ends and nobody calls it off: not after a panic or a drop.
    pub fn on_ok(mut self) -> Self {
        self.on_ok = true;
        self
    }

    /// A key, by template: in the installed cache, and wherever a registered function keeps keys
    /// of this text.
    pub fn key(mut self, site: &'static Site, write: impl FnOnce(&mut KeyWriter)) -> Self {
        match render(DEFAULT_VERSION, write) {
            Ok(key) => self.push_key(site, &key),
            Err(error) => refuse(site, &error),
        }
        self
    }

    /// The one cache that `cache = ..` names, or the installed one; and whether there may be more.
    fn first_cache(&self, site: &'static Site) -> (Option<Arc<Engine>>, bool) {
        match &self.on {
            Some(only) => (Some(Arc::clone(only)), false),
            None => (home::resolve(site), site.policy.cache.is_none()),
        }
    }

    fn push_key(&mut self, site: &'static Site, key: &Key) {
        let (first, elsewhere) = self.first_cache(site);
        self.push(site, first.clone(), What::Key(key.clone()));
        for reader in detours(|shape| template::matches(shape, key)) {
            let engine = if elsewhere {
                home::resolve(reader)
            } else {
                first.clone()
            };
            let key = key.with_version(reader.policy.version);
            self.push(site, engine, What::Key(key));
        }
    }

    /// A tag, by template: in the installed cache and every cache of a registered function.
    pub fn tag(mut self, site: &'static Site, write: impl FnOnce(&mut KeyWriter)) -> Self {
        match render(DEFAULT_VERSION, write) {
            Ok(tag) => self.push_tag(site, tag.text()),
            Err(error) => refuse(site, &error),
        }
        self
    }

    fn push_tag(&mut self, site: &'static Site, tag: &str) {
        let tag = || What::Tag(tag.into());
        let (first, elsewhere) = self.first_cache(site);
        self.push(site, first, tag());
        if elsewhere {
            for reader in detours(|_| true) {
                self.push(site, home::resolve(reader), tag());
            }
        }
    }

    fn push(&mut self, site: &'static Site, engine: Option<Arc<Engine>>, what: What) {
        let Some(engine) = engine else { return };
        let what = match what.placed(&engine) {
            Ok(what) => what,
            Err(error) => return refuse(site, &error),
        };
        let function = Some(site.name());
        self.add(Some(Target {
            engine,
            what,
            function,
        }));
    }

    pub(crate) fn target(mut self, target: Option<Target>) -> Self {
        self.add(target);
        self
    }

    /// Adds a target, once: several readers may keep their entries in one cache.
    fn add(&mut self, target: Option<Target>) {
        let new = target.filter(|new| !self.targets.iter().any(|known| known.is(new)));
        self.targets.extend(new);
    }

    fn arm(self) -> (Arc<Frame>, Guard) {
        let outer = context::current().and_then(|frame| frame.armed.clone());
        // One that ended says nothing any more, and a mutator that respawns itself would string
        // them together for ever.
        let outer = outer.filter(|outer| outer.is_running());
        let armed = Arc::new(Armed::new(&self.targets, outer));
        let frame = Frame::derive(|frame| frame.armed = Some(Arc::clone(&armed)));
        let guard = Guard {
            mutation: self,
            armed,
            ended: false,
            delivered: false,
        };
        (frame, guard)
    }

    /// Runs the body of a sync mutator.
    pub fn run<R>(self, body: impl FnOnce() -> R) -> R {
        self.run_then(body, |_, _| {})
    }

    /// Runs the body; `then` sees what it returned, and may add targets or call them off.
    pub fn run_then<R>(self, body: impl FnOnce() -> R, then: impl FnOnce(&R, &mut Late)) -> R {
        let (frame, mut guard) = self.arm();
        let entered = frame.enter();
        let returned = body();
        drop(entered);
        guard.note(&returned, then);
        guard.deliver_blocking();
        returned
    }

    /// Runs an async body; what is left to do is to deliver. Dropped before, the guard does.
    async fn run_body<R, F, Fut>(self, body: F, then: impl FnOnce(&R, &mut Late)) -> (Guard, R)
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        let (frame, mut guard) = self.arm();
        let returned = frame.scope_with(body).await;
        guard.note(&returned, then);
        (guard, returned)
    }

    /// Whether every shared backend would take an invalidation now.
    ///
    /// # Errors
    /// One does not answer; the text says that nothing was changed.
    pub async fn ready(&self) -> Result<(), Error> {
        armed::ready(&self.targets).await
    }

    /// [`ready`](Self::ready) for sync callers.
    ///
    /// # Errors
    /// As there.
    pub fn ready_blocking(&self) -> Result<(), Error> {
        block_on(self.ready())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Invalidates now.
    pub(crate) async fn deliver(&self) -> Delivery {
        armed::deliver(&self.targets).await
    }

    /// [`deliver`](Self::deliver) for sync callers.
    pub(crate) fn deliver_blocking(&self) -> Delivery {
        armed::deliver_blocking(&self.targets)
    }
}

fn refuse(site: &'static Site, error: &crate::key::KeyError) {
    site.notice(Notice::BadKey, || {
        format!("{error}; this target is not invalidated")
    });
}

/// Targets that depend on what the body returned.
#[derive(Debug)]
pub struct Late {
    mutation: Mutation,
    cancelled: bool,
}

impl Late {
    fn add(&mut self, add: impl FnOnce(Mutation) -> Mutation) {
        self.mutation = add(std::mem::take(&mut self.mutation));
    }

    /// A key, by template.
    pub fn key(&mut self, site: &'static Site, write: impl FnOnce(&mut KeyWriter)) {
        self.add(|mutation| mutation.key(site, write));
    }

    /// A tag, by template.
    pub fn tag(&mut self, site: &'static Site, write: impl FnOnce(&mut KeyWriter)) {
        self.add(|mutation| mutation.tag(site, write));
    }

    pub(crate) fn target(&mut self, target: Option<Target>) {
        self.add(|mutation| mutation.target(target));
    }

    /// The body changed nothing: invalidates nothing.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }
}

/// Runs an async mutator whose value can be kept across an await: awaits the acknowledgement of
/// shared backends.
///
/// Two types with one method each and no trait: the compiler could not tell that the future of a
/// trait's method is `Send` for every lifetime in the body.
#[derive(Debug, Clone, Copy)]
pub struct Awaits;

impl Awaits {
    /// Runs the body; `then` sees what it returned, and may add targets or call them off. Dropping
    /// the future invalidates.
    pub async fn run<R, F, Fut>(
        self,
        mutation: Mutation,
        body: F,
        then: impl FnOnce(&R, &mut Late),
    ) -> R
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        let (mut guard, returned) = mutation.run_body(body, then).await;
        guard.deliver().await;
        returned
    }
}

/// Waits for the acknowledgement on the thread: for values that are not `Send`, which a future that
/// is to be `Send` cannot keep across an await. Memory has nothing to wait for.
#[derive(Debug, Clone, Copy)]
pub struct Blocks;

impl Blocks {
    /// As [`Awaits::run`].
    pub async fn run<R, F, Fut>(
        self,
        mutation: Mutation,
        body: F,
        then: impl FnOnce(&R, &mut Late),
    ) -> R
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        let (mut guard, returned) = mutation.run_body(body, then).await;
        guard.deliver_blocking();
        returned
    }
}

/// Invalidates when the body ends, and when it is dropped or unwinds.
struct Guard {
    mutation: Mutation,
    armed: Arc<Armed>,
    ended: bool,
    /// Whether nothing is left to invalidate.
    delivered: bool,
}

impl Guard {
    /// The body has ended by itself.
    fn note<R>(&mut self, returned: &R, then: impl FnOnce(&R, &mut Late)) {
        // The guard keeps its own targets meanwhile: `then` renders keys, and if that panics they
        // are invalidated all the same.
        let mut late = Late {
            mutation: Mutation {
                on: self.mutation.on.clone(),
                ..Mutation::default()
            },
            cancelled: false,
        };
        self.ended = true;
        then(returned, &mut late);
        if late.cancelled {
            self.mutation = Mutation::default();
        } else {
            self.mutation.targets.append(&mut late.mutation.targets);
        }
    }

    async fn deliver(&mut self) {
        self.mutation.deliver().await;
        self.delivered = true;
    }

    fn deliver_blocking(&mut self) {
        self.mutation.deliver_blocking();
        self.delivered = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mutation = std::mem::take(&mut self.mutation);
        if mutation.on_ok && !self.ended {
            self.armed.over.store(true, Ordering::Release);
            return;
        }
        if !self.delivered {
            fire_and_owe(&mutation.targets);
        }
        self.armed.over.store(true, Ordering::Release);
        let dropped = (!self.ended).then_some(AGAIN_AFTER_DROP_MS);
        if let Some(millis) = mutation.again_after.or(dropped) {
            again::schedule(mutation.targets, millis);
        }
    }
}
