//! What a mutator is armed for: its targets, and what the calls made inside of it must not touch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Engine;
use crate::key::Key;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Key(Key),
    Tag(Box<str>),
    /// Every entry of the function with that number and name.
    All(u32, &'static str),
}

impl Target {
    pub(crate) fn key(engine: Arc<Engine>, key: Key, by: &'static Site) -> Self {
        Self {
            engine,
            what: What::Key(key),
            function: Some(by.name()),
        }
    }

    pub(crate) fn function(engine: Arc<Engine>, site: &'static Site, by: &'static Site) -> Self {
        Self {
            engine,
            what: What::All(site.number(), site.name()),
            function: Some(by.name()),
        }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.engine, &other.engine) && self.what == other.what
    }

    pub(crate) fn fire(&self) {
        match &self.what {
            What::Key(key) => {
                self.engine.invalidate(key, self.function);
            }
            What::Tag(tag) => self.engine.invalidate_tag(tag, self.function),
            What::All(site, name) => self.engine.invalidate_all(*site, name, self.function),
        }
    }
}

/// Invalidates every target, also where dropping the value of one panics: that must neither save
/// the next target nor end the timer's thread.
pub(super) fn fire_all(targets: &[Target]) {
    for target in targets {
        let _ = catch_unwind(AssertUnwindSafe(|| target.fire()));
    }
}

/// The targets of a mutator that is running, and of those around it.
#[derive(Debug)]
pub(crate) struct Armed {
    keys: Vec<Key>,
    stamps: Vec<Stamps>,
    outer: Option<Arc<Self>>,
    /// The mutator has ended; tasks that it spawned with its context may live on.
    pub(super) over: AtomicBool,
}

impl Armed {
    pub(super) fn new(targets: &[Target], outer: Option<Arc<Self>>) -> Self {
        let mut armed = Self {
            keys: Vec::new(),
            stamps: Vec::new(),
            outer,
            over: AtomicBool::new(false),
        };
        for Target { engine, what, .. } in targets {
            match what {
                What::Key(key) => armed.keys.push(key.clone()),
                What::All(site, _) => armed.stamps.push(engine.stamps(Some(*site), &[])),
                What::Tag(tag) => {
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
        self.chain().any(|armed| armed.keys.contains(key))
    }

    /// Whether a mutator around the call is armed for a tag or function the entry depends on.
    pub(super) fn covers_any(&self, stamps: &Stamps) -> bool {
        self.chain()
            .any(|armed| armed.stamps.iter().any(|mine| mine.shares_with(stamps)))
    }
}
