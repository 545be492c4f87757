//! Who is told of changes to what was read.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use crate::cell::Cell;

/// Told of changes to the keys of [`read_watched`](super::Backend::read_watched), by whatever thread
/// hears of them; returns without waiting.
pub trait Watcher: Send + Sync {
    /// Another cell, or none, is or may be under the key.
    fn changed(&self, key: &str);

    /// Changes may have gone by untold, because a connection was lost for instance: whatever was
    /// read is watched no more.
    fn missed(&self);
}

/// What a [`read_watched`](super::Backend::read_watched) found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// The cells under the keys, in their order.
    pub cells: Vec<Option<Cell>>,
    /// Whether every change of any of these keys from the read on is told.
    pub told: bool,
}

/// The watchers of a backend; those that are gone are forgotten.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<dyn Watcher>>>);

impl Watchers {
    pub(crate) fn add(&self, watcher: Weak<dyn Watcher>) {
        let mut watchers = self.lock();
        watchers.retain(|known| known.strong_count() > 0);
        watchers.push(watcher);
    }

    pub(crate) fn changed(&self, key: &str) {
        self.tell(|watcher| watcher.changed(key));
    }

    #[cfg_attr(
        not(feature = "redis"),
        expect(dead_code, reason = "only Redis can miss any")
    )]
    pub(crate) fn missed(&self) {
        self.tell(|watcher| watcher.missed());
    }

    /// Tells each, without the lock: a watcher may be the last owner of what uses this backend.
    fn tell(&self, news: impl Fn(&dyn Watcher)) {
        let watchers: Vec<_> = self.lock().iter().filter_map(Weak::upgrade).collect();
        watchers.iter().for_each(|watcher| news(&**watcher));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<dyn Watcher>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watchers({})", self.lock().len())
    }
}
