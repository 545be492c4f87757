//! What a mutator is armed for: its targets, and what the calls made inside of it must not touch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Engine;
use super::block::block_on;
use super::identity::function_tag;
#[cfg(feature = "remote")]
use super::remote::{Remote, StampId};
use crate::error::Error;
use crate::event::Delivery;
use crate::key::{Key, KeyError};
use crate::registry::Site;
use crate::tag::Stamps;

/// One thing to invalidate.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(super) engine: Arc<Engine>,
    pub(super) what: What,
    pub(super) function: Option<&'static str>,
}

/// Where in its cache.
#[derive(Debug, Clone)]
pub(super) enum What {
    Key(Key),
    Tag(Box<str>),
    /// Every entry of the function.
    All(&'static Site),
    /// Those of one tenant, by their tag.
    AllOf(&'static Site, Box<str>),
}

impl What {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(a), Self::Key(b)) => a == b,
            (Self::Tag(a), Self::Tag(b)) => a == b,
            (Self::All(a), Self::All(b)) => std::ptr::eq(*a, *b),
            (Self::AllOf(_, a), Self::AllOf(_, b)) => a == b,
            _ => false,
        }
    }

    /// What was rendered, as this cache keeps it.
    pub(super) fn placed(self, engine: &Engine) -> Result<Self, KeyError> {
        Ok(match self {
            Self::Key(key) => Self::Key(engine.place(key, None)?),
            Self::Tag(tag) => match engine.tenant() {
                Some(tenant) => Self::Tag(tenant.tag(&tag)),
                None => Self::Tag(tag),
            },
            all => all,
        })
    }

    /// The stamp that stands for it in a shared backend.
    #[cfg(feature = "remote")]
    fn stamp(&self) -> Option<StampId> {
        match self {
            Self::Key(_) => None,
            Self::Tag(tag) | Self::AllOf(_, tag) => Some(Remote::stamp_of_tag(tag)),
            Self::All(site) => Some(Remote::stamp_of_function(site)),
        }
    }
}

impl Target {
    /// A placed key.
    pub(crate) fn key(engine: Arc<Engine>, key: Key, by: &'static Site) -> Self {
        Self {
            engine,
            what: What::Key(key),
            function: Some(by.name()),
        }
    }

    /// Every entry of the function that the present tenant has, where there are tenants.
    pub(crate) fn function(engine: Arc<Engine>, site: &'static Site, by: &'static Site) -> Self {
        let what = match engine.tenant() {
            None => What::All(site),
            Some(tenant) => What::AllOf(site, function_tag(tenant.as_str(), site)),
        };
        Self {
            engine,
            what,
            function: Some(by.name()),
        }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.engine, &other.engine) && self.what.is(&other.what)
    }

    /// What has to be done in this process.
    fn fire(&self) {
        match &self.what {
            What::Key(key) => {
                self.engine.invalidate(key, self.function);
            }
            What::Tag(tag) => self.engine.invalidate_tag(tag, self.function),
            What::All(site) => {
                let (number, name) = (site.number(), site.name());
                self.engine.invalidate_all(number, name, self.function);
            }
            What::AllOf(site, tag) => {
                self.engine
                    .invalidate_all_of(tag, site.name(), self.function)
            }
        }
    }

    /// What a shared backend knows it by.
    #[cfg(feature = "remote")]
    pub(crate) fn name(&self, remote: &Remote) -> String {
        match &self.what {
            What::Key(key) => remote.key_name(key),
            What::Tag(tag) | What::AllOf(_, tag) => remote.tag_name(tag),
            What::All(site) => remote.function_name(site),
        }
    }
}

/// Invalidates every target in this process, also where dropping the value of one panics: that
/// must neither save the next target nor end a thread that others wait for.
fn fire_all(targets: &[Target]) {
    for target in targets {
        let _ = catch_unwind(AssertUnwindSafe(|| target.fire()));
    }
}

/// Invalidates every target here and now; what is in a shared backend is owed to it, and delivered
/// in the background.
pub(super) fn fire_and_owe(targets: &[Target]) {
    #[cfg(feature = "remote")]
    for (remote, names) in names(targets) {
        remote.owe(names);
    }
    fire_all(targets);
}

/// Invalidates its targets in this process when it is dropped: after the backend has
/// acknowledged, so that nobody joins who found the old value there until then, and also where
/// nobody waits for that any more.
struct AtEnd<'t>(&'t [Target]);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        fire_all(self.0);
    }
}

/// Invalidates every target, and waits for the acknowledgement of shared backends: briefly, what
/// is not acknowledged is owed. Dropping the future invalidates all the same.
pub(crate) async fn deliver(targets: &[Target]) -> Delivery {
    let _here = AtEnd(targets);
    #[cfg(feature = "remote")]
    let delivery = deliver_all(names(targets)).await;
    #[cfg(not(feature = "remote"))]
    let delivery = Delivery::Acknowledged;
    delivery
}

/// To all backends side by side: the future owes what it did not deliver from its first poll on.
#[cfg(feature = "remote")]
async fn deliver_all(names: Vec<(Arc<Remote>, Vec<String>)>) -> Delivery {
    let sending = names
        .into_iter()
        .map(|(remote, names)| async move { remote.deliver(names).await });
    let deliveries = futures_util::future::join_all(sending).await;
    if deliveries.contains(&Delivery::Queued) {
        Delivery::Queued
    } else {
        Delivery::Acknowledged
    }
}

/// [`deliver`] on a thread that may be blocked.
pub(crate) fn deliver_blocking(targets: &[Target]) -> Delivery {
    if targets.iter().all(|target| target.engine.is_local()) {
        fire_all(targets);
        return Delivery::Acknowledged;
    }
    block_on(deliver(targets))
}

/// Whether every shared backend would take an invalidation now.
#[cfg_attr(
    not(feature = "remote"),
    expect(clippy::unused_async, reason = "memory is always there")
)]
pub(super) async fn ready(targets: &[Target]) -> Result<(), Error> {
    #[cfg(feature = "remote")]
    for (remote, _) in names(targets) {
        remote.ready().await?;
    }
    let _ = targets;
    Ok(())
}

/// Per shared backend, the names of the targets there.
#[cfg(feature = "remote")]
fn names(targets: &[Target]) -> Vec<(Arc<Remote>, Vec<String>)> {
    let mut all: Vec<(Arc<Remote>, Vec<String>)> = Vec::new();
    for target in targets {
        let Some(remote) = target.engine.remote() else {
            continue;
        };
        let name = target.name(remote);
        match all.iter_mut().find(|(known, _)| Arc::ptr_eq(known, remote)) {
            Some((_, names)) => names.push(name),
            None => all.push((Arc::clone(remote), vec![name])),
        }
    }
    all
}

/// The targets of a mutator that is running, and of those around it.
#[derive(Debug)]
pub(crate) struct Armed {
    keys: Vec<Key>,
    stamps: Vec<Stamps>,
    /// The same as `stamps`, as shared backends know them.
    #[cfg(feature = "remote")]
    shared: Vec<StampId>,
    outer: Option<Arc<Self>>,
    /// The mutator has ended; tasks that it spawned with its context may live on.
    pub(super) over: AtomicBool,
}

impl Armed {
    pub(super) fn new(targets: &[Target], outer: Option<Arc<Self>>) -> Self {
        let mut armed = Self {
            keys: Vec::new(),
            stamps: Vec::new(),
            #[cfg(feature = "remote")]
            shared: Vec::new(),
            outer,
            over: AtomicBool::new(false),
        };
        for Target { engine, what, .. } in targets {
            #[cfg(feature = "remote")]
            if engine.remote().is_some() {
                armed.shared.extend(what.stamp());
            }
            match what {
                What::Key(key) => armed.keys.push(key.clone()),
                What::All(site) => armed.stamps.push(engine.stamps(Some(site.number()), &[])),
                What::Tag(tag) | What::AllOf(_, tag) => {
                    armed
                        .stamps
                        .push(engine.stamps(None, std::slice::from_ref(tag)));
                }
            }
        }
        armed
    }

    /// The mutators that still run.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |armed| armed.outer.as_deref())
            .filter(|armed| !armed.over.load(Ordering::Acquire))
    }

    /// Whether any mutator around the call still runs.
    pub(super) fn is_running(&self) -> bool {
        self.chain().next().is_some()
    }

    /// Whether a mutator around the call is armed for the key.
    pub(super) fn covers(&self, key: &Key) -> bool {
        let key = key.pinned(false);
        self.chain().any(|armed| armed.keys.contains(&key))
    }

    /// Whether a mutator around the call is armed for one of these stamps of a shared backend.
    #[cfg(feature = "remote")]
    pub(super) fn covers_shared(&self, mut stamps: impl Iterator<Item = StampId>) -> bool {
        stamps.any(|id| self.chain().any(|armed| armed.shared.contains(&id)))
    }

    /// Whether a mutator around the call is armed for a tag or function the entry depends on.
    pub(super) fn covers_any(&self, stamps: &Stamps) -> bool {
        self.chain()
            .any(|armed| armed.stamps.iter().any(|mine| mine.shares_with(stamps)))
    }
}
