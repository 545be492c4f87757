//! The engine: one cache with its entries, flights, tags, clock and listeners, and the only place
//! with locks and threads.
//!
//! [`Call`] is a read-through, [`Mutation`] an invalidation around a body; the verbs here are the
//! explicit operations of the low-level handle.

mod again;
mod armed;
mod batch;
mod block;
mod call;
mod config;
mod context;
mod cycle;
mod flight;
mod home;
mod identity;
mod lease;
mod miss;
#[cfg(all(test, shuttle))]
mod model;
mod mutation;
mod overrides;
#[cfg(feature = "remote")]
pub(crate) mod remote;
mod scope;
mod tools;
mod verbs;

use std::sync::Arc;

pub(crate) use armed::{Target, deliver, deliver_blocking};
pub use batch::Batch;
pub(crate) use block::block_on;
pub use call::{Call, Missed};
pub(crate) use config::Config;
#[cfg(feature = "config")]
pub(crate) use config::{Caches, UNNAMED};
#[cfg(test)]
pub(crate) use context::Entered;
#[cfg(feature = "remote")]
pub(crate) use context::Hidden;
pub(crate) use context::{Frame, clock, current};
pub(crate) use cycle::Wait;
#[cfg(feature = "testing")]
pub use home::Isolate;
#[cfg(feature = "config")]
pub(crate) use home::install_all;
pub(crate) use home::{by_name, from_env, install, replace, resolve};
pub(crate) use identity::{Identity, tags_of};
pub use mutation::{Awaits, Blocks, Late, Mutation};
pub use overrides::Override;
pub(crate) use overrides::Overrides;
#[cfg(feature = "tokio")]
pub use scope::spawn;
pub use scope::{bypass, bypass_blocking, refresh, refresh_blocking, with_context};
pub(crate) use tools::Whose;
pub(crate) use verbs::New;

use self::flight::Flight;
use crate::backend::memory::Store;
use crate::entry::Shape;
use crate::error::Error;
use crate::event::{Event, EventKind, Hooks, Subscribers};
use crate::key::Key;
use crate::registry::Site;
use crate::tag::Tags;
use crate::time::{Clock, Lifetime};

/// One cache.
#[derive(Debug)]
pub(crate) struct Engine {
    name: Option<String>,
    clock: Clock,
    default_ttl: Lifetime,
    /// Whether values are kept at all; `dummy://` keeps none.
    stores: bool,
    /// Whether a weight bound asks for the size of each value.
    weighed: bool,
    store: Store<Flight>,
    tags: Tags,
    overrides: Overrides,
    /// How keys are placed, where they do not stay what they are.
    identity: Option<Box<Identity>>,
    /// Where cells are shared with other processes; without it they are in `store`.
    #[cfg(feature = "remote")]
    remote: Option<Arc<remote::Remote>>,
    /// What the locks of a cache that is not shared are in, from the first one on.
    #[cfg(feature = "remote")]
    locks: std::sync::OnceLock<Arc<remote::Remote>>,
    pub(crate) subscribers: Subscribers,
    pub(crate) hooks: Hooks,
}

impl Engine {
    /// # Errors
    /// The OS refuses the thread of a shared backend.
    pub(crate) fn new(config: Config) -> Result<Arc<Self>, Error> {
        let engine = Arc::new(Self {
            name: config.name,
            clock: config.clock,
            default_ttl: config.default_ttl,
            stores: config.stores,
            weighed: config.bounds.weight.is_some(),
            store: Store::new(config.bounds),
            tags: Tags::default(),
            overrides: config.overrides,
            identity: config.identity.some(),
            #[cfg(feature = "remote")]
            remote: config
                .remote
                .map(remote::Settings::build)
                .transpose()?
                .map(Arc::new),
            #[cfg(feature = "remote")]
            locks: std::sync::OnceLock::new(),
            subscribers: Subscribers::default(),
            hooks: Hooks::default(),
        });
        #[cfg(feature = "remote")]
        if let Some(remote) = engine.remote() {
            let keeper: std::sync::Weak<Self> = Arc::downgrade(&engine);
            remote.attach(keeper);
        }
        Ok(engine)
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether values are kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.stores
    }

    pub(crate) fn len(&self) -> usize {
        self.store.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.store.weight()
    }

    /// Whether values of this shape are shared with other processes.
    #[cfg(feature = "remote")]
    pub(crate) fn shares<S: Shape + ?Sized>(&self, shape: &S) -> bool {
        self.remote.is_some() && shape.travels()
    }

    #[cfg(feature = "remote")]
    pub(crate) fn remote(&self) -> Option<&Arc<remote::Remote>> {
        self.remote.as_ref()
    }

    /// What locks are in: the shared backend, or cells in this process.
    #[cfg(feature = "remote")]
    pub(crate) fn locks(&self) -> Result<&Arc<remote::Remote>, Error> {
        if let Some(remote) = self.remote.as_ref().or_else(|| self.locks.get()) {
            return Ok(remote);
        }
        let local = Arc::new(remote::Settings::local(&self.clock).build()?);
        Ok(self.locks.get_or_init(|| local))
    }

    /// The clock that this cache goes by.
    #[cfg(feature = "remote")]
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether nothing is shared with other processes.
    pub(crate) fn is_local(&self) -> bool {
        #[cfg(feature = "remote")]
        return self.remote.is_none();
        #[cfg(not(feature = "remote"))]
        true
    }

    /// Whether what has this shape is under keys as they are rendered, in a plain cache. Known where
    /// the shape is, but for `in_process`: see [`pins`](Self::pins).
    #[inline(always)]
    fn is_usual_for<S: Shape + ?Sized>(&self, shape: &S) -> bool {
        #[cfg(feature = "remote")]
        return shape.travels() || self.remote.is_none();
        #[cfg(not(feature = "remote"))]
        {
            let _ = shape;
            true
        }
    }

    /// Whether a hit is what the attribute says it is, and in this process.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_near() && self.overrides.is_empty() && self.identity.is_none()
    }

    /// Whether functions that say nothing of it are to be found in this process.
    fn is_near(&self) -> bool {
        #[cfg(feature = "remote")]
        return self
            .remote
            .as_ref()
            .is_none_or(|remote| remote.l1.is_usual());
        #[cfg(not(feature = "remote"))]
        true
    }

    /// Gives back what a flight holds in the shared backend.
    #[cfg(feature = "remote")]
    fn give_back(&self, key: &Key, flight: &Flight) {
        if let Some((remote, claim)) = self.remote.as_ref().zip(flight.claim.as_ref()) {
            remote.give_back(key, claim);
        }
    }

    #[inline]
    pub(crate) fn tell(&self, kind: EventKind, site: Option<&'static Site>, key: &Key) {
        if self.subscribers.any() {
            self.tell_subscribers(kind, site, key);
        }
    }

    #[cold]
    fn tell_subscribers(&self, kind: EventKind, site: Option<&'static Site>, key: &Key) {
        let event = || Event::new(kind, site.map(Site::name), key.text());
        self.subscribers.tell(event);
    }

    fn tell_evicted(&self, evicted: Vec<String>) {
        for key in evicted {
            self.subscribers
                .tell(|| Event::new(EventKind::Evicted, None, key));
        }
    }

    fn tell_invalidated(&self, function: Option<&'static str>, name: &str) {
        let event = || Event::new(EventKind::Invalidated, function, name);
        self.subscribers.tell(event);
        self.hooks.tell(event);
    }
}
