//! A log of what a cache did.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::Cache;
use crate::event::{Event, EventKind};

/// Records the events of a cache from its creation on.
///
/// ```
/// use cached_core::{Cache, testing::Recorder};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let cache = Cache::memory().build()?;
/// let recorder = Recorder::of(&cache);
/// cache.blocking().get_or_set("k", 60, || 1u32)?;
/// cache.blocking().get_or_set("k", 60, || 1u32)?;
/// assert_eq!(recorder.log(), ["led k", "stored k", "hit k"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Event>>>);

impl Recorder {
    /// Begins to record a cache. Several caches can share one recorder: see
    /// [`also`](Self::also).
    #[must_use]
    pub fn of(cache: &Cache) -> Self {
        Self::default().also(cache)
    }

    /// Records another cache too.
    #[must_use]
    pub fn also(self, cache: &Cache) -> Self {
        let events = Arc::clone(&self.0);
        cache.subscribe(move |event| lock(&events).push(event.clone()));
        self
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.0).clone()
    }

    /// The events so far, as `"stored post:7"`.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        let line = |event: Event| format!("{} {}", event.kind.as_str(), event.key);
        self.events().into_iter().map(line).collect()
    }

    /// How many events of a kind there were.
    #[must_use]
    pub fn count(&self, kind: EventKind) -> usize {
        lock(&self.0)
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    }

    /// Forgets the events so far.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

fn lock(events: &Mutex<Vec<Event>>) -> MutexGuard<'_, Vec<Event>> {
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.log()).finish()
    }
}
