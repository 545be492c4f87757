//! What is examined.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::stage::{fresh, sleep};
use crate::backend::port::{Acquired, AnyBackend, Backend};
use crate::cache::{Builder, Cache};
use crate::cell::{Cell, Token};

/// How a backend under examination is opened, and how its time passes.
///
/// Every handle that it opens is to another process's eyes: all of them reach the same cells, and
/// none knows what another has done unless the backend says so.
#[derive(Clone)]
pub struct Subject {
    open: Option<Open>,
    builder: Builders,
    bounded: Option<Builders>,
    alone: Alone,
    advance: Option<Arc<dyn Fn(Duration) + Send + Sync>>,
    age: Option<Duration>,
    lacking: Lacking,
    expected: Option<&'static [&'static str]>,
}

/// What behaviours found that the backend cannot do.
type Lacking = Arc<Mutex<BTreeSet<&'static str>>>;

/// What the cache of a prefix is made by.
type Builders = Arc<dyn Fn(&str) -> Builder + Send + Sync>;

/// The caches that reach no other: whoever asks for the prefix is given the same.
type Alone = Arc<Mutex<HashMap<String, Cache>>>;

type Open = Arc<dyn Fn() -> Arc<dyn AnyBackend> + Send + Sync>;

/// How long an operation may take in the caches of the suite: what is slow is not examined here.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Subject {
    /// A backend; `open` gives a new handle to the same cells every time. What `open` captures
    /// lives until the last behaviour has ended: a server that a test started, for one.
    pub fn of<B: Backend>(open: impl Fn() -> B + Send + Sync + 'static) -> Self {
        let open = Arc::new(open);
        let again = Arc::clone(&open);
        Self {
            open: Some(Arc::new(move || Arc::new(open()))),
            ..Self::of_caches(move |prefix| Cache::on(again()).prefix(prefix).timeout(TIMEOUT))
        }
    }

    /// Caches alone, for the behaviours of [`caches`](super::caches), [`batches`](super::batches),
    /// [`races`](super::races) and [`locks`](super::locks): `open` gives what the cache of that name is
    /// made by, as another process would make it. One in memory is made once for all of them.
    pub fn of_caches(open: impl Fn(&str) -> Builder + Send + Sync + 'static) -> Self {
        Self {
            open: None,
            builder: Arc::new(open),
            bounded: None,
            alone: Alone::default(),
            advance: None,
            age: None,
            lacking: Lacking::default(),
            expected: None,
        }
    }

    /// Makes the caches otherwise than by [`Cache::on`]: by these builders, with this prefix, which is
    /// new for every behaviour. Give them a generous [`timeout`](crate::Builder::timeout).
    #[must_use]
    pub fn with_caches(self, open: impl Fn(&str) -> Builder + Send + Sync + 'static) -> Self {
        Self {
            builder: Arc::new(open),
            ..self
        }
    }

    /// Gives caches on backends that hold 20 MB of values or 1,200 of them at most, and drop old
    /// ones for new ones. Without, what a full cache does is not shown.
    #[must_use]
    pub fn with_bound(self, open: impl Fn(&str) -> Builder + Send + Sync + 'static) -> Self {
        Self {
            bounded: Some(Arc::new(open)),
            ..self
        }
    }

    /// Moves the backend's time by this instead of by waiting.
    #[must_use]
    pub fn with_clock(self, advance: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self {
            advance: Some(Arc::new(advance)),
            ..self
        }
    }

    /// Says how long the caches keep in memory what they read, of which nobody tells them what other
    /// processes change ([`Builder::l1`](crate::Builder::l1)). What is changed is looked for after
    /// that, and `watches` is what the behaviour lacks that shows it to be seen at once.
    #[must_use]
    pub fn with_l1_age(self, age: Duration) -> Self {
        Self {
            age: Some(age),
            ..self
        }
    }

    /// Says what the backend cannot do, by the names that a [`Report`](super::Report) has for it, and
    /// that it can do all else: a behaviour that cannot be examined for want of something else fails.
    /// Without, whatever the backend says of itself is taken for granted.
    #[must_use]
    pub fn lacking(self, capabilities: &'static [&'static str]) -> Self {
        Self {
            expected: Some(capabilities),
            ..self
        }
    }

    /// The same, of which nothing is known to lack.
    pub(super) fn anew(&self) -> Self {
        Self {
            lacking: Lacking::default(),
            ..self.clone()
        }
    }

    /// Takes note that a behaviour could not be examined, because the backend cannot do this.
    pub(super) fn lacks(&self, capability: &'static str) {
        let lacking = self.lacking.lock();
        let mut lacking = lacking.unwrap_or_else(PoisonError::into_inner);
        lacking.insert(capability);
    }

    /// The first of what [`lacks`](Self::lacks) was told.
    ///
    /// # Errors
    /// The subject says that the backend can do it.
    pub(super) fn found_lacking(&self) -> Result<Option<&'static str>, String> {
        let lacking = self.lacking.lock();
        let lacking = lacking.unwrap_or_else(PoisonError::into_inner);
        let unexpected = |name: &&&str| self.is_expected_to_lack(name) == Some(false);
        match lacking.iter().find(unexpected) {
            None => Ok(lacking.first().copied()),
            Some(name) => Err(format!(
                "the backend lacks `{name}`, which it is expected to have; `Subject::lacking` names \
                 what it cannot do"
            )),
        }
    }

    /// Whether the backend is known to lack this, if the subject says what it lacks.
    pub(super) fn is_expected_to_lack(&self, capability: &str) -> Option<bool> {
        self.expected.map(|names| names.contains(&capability))
    }

    /// Whether there is a backend to examine, or caches only.
    pub(super) fn has_backend(&self) -> bool {
        self.open.is_some()
    }

    /// A new handle to the cells.
    pub(super) fn backend(&self) -> Handle {
        match &self.open {
            Some(open) => Handle(open()),
            None => panic!(
                "this subject has caches only; `Subject::of` gives the behaviours of a backend \
                 something to examine"
            ),
        }
    }

    /// A new cache with this prefix.
    pub(super) fn cache(&self, prefix: &str) -> Cache {
        let alone = || self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = alone().get(prefix) {
            return cache.clone();
        }
        let cache = built((self.builder)(prefix));
        if !cache.is_shared() {
            alone().insert(prefix.to_owned(), cache.clone());
        }
        cache
    }

    /// A cache that holds little, with this prefix, if there are such.
    pub(super) fn bounded(&self, prefix: &str) -> Option<Cache> {
        self.bounded.as_ref().map(|open| built(open(prefix)))
    }

    /// The caches of two processes that share a prefix, new for this.
    pub(super) fn caches(&self) -> (Cache, Cache) {
        let prefix = fresh();
        (self.cache(&prefix), self.cache(&prefix))
    }

    /// The caches of two processes that share this prefix, and more settings.
    pub(super) fn caches_with(
        &self,
        prefix: &str,
        more: impl Fn(Builder) -> Builder,
    ) -> (Cache, Cache) {
        let new = || built(more((self.builder)(prefix)));
        let here = new();
        let there = if here.is_shared() {
            new()
        } else {
            here.clone()
        };
        (here, there)
    }

    /// Lets so much time pass for the backend.
    pub(super) async fn advance(&self, by: Duration) {
        match &self.advance {
            Some(advance) => advance(by),
            // A clock may be a tick behind.
            None => sleep(by + Duration::from_millis(20)).await,
        }
    }

    /// Whether what one process changes is seen by others only once the age is over of what they keep.
    pub(super) fn sees_late(&self) -> bool {
        self.age.is_some()
    }

    /// Waits until every process sees what any has changed.
    pub(super) async fn seen(&self) {
        if let Some(age) = self.age {
            self.advance(age).await;
        }
    }

    /// A time to live that a behaviour can wait for.
    pub(super) fn short(&self) -> Duration {
        let shortest = match &self.open {
            Some(open) => open().capabilities().shortest_ttl,
            None => Duration::ZERO,
        };
        shortest.max(Duration::from_millis(300))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("backend", &self.open.as_ref().map(|_| ".."))
            .field("clock", &self.advance.as_ref().map(|_| ".."))
            .finish_non_exhaustive()
    }
}

fn built(builder: Builder) -> Cache {
    builder
        .build()
        .expect("the settings are valid, and the OS has threads")
}

/// A handle to a backend that has to answer.
#[derive(Clone)]
pub(super) struct Handle(pub(super) Arc<dyn AnyBackend>);

/// What an operation answered, where no fault is expected.
#[track_caller]
pub(super) fn answered<T>(operation: &str, answer: Result<T, crate::error::Error>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!(
            "`{operation}` failed, where nothing stands in its way: {error}; an error means that \
             the outcome is unknown"
        ),
    }
}

impl Handle {
    pub(super) async fn read_all(&self, keys: &[&str]) -> Vec<Option<Cell>> {
        answered("read", self.0.read(keys).await)
    }

    pub(super) async fn read(&self, key: &str) -> Option<Cell> {
        let cells = self.read_all(&[key]).await;
        assert_eq!(cells.len(), 1, "`read` of one key answers with one cell");
        cells.into_iter().next().flatten()
    }

    pub(super) async fn acquire(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Acquired {
        answered("acquire", self.0.acquire(key, cell, ttl).await)
    }

    pub(super) async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> bool {
        answered("fill", self.0.fill(key, token, cell, ttl).await)
    }

    pub(super) async fn renew(&self, key: &str, token: Token, ttl: Duration) -> bool {
        answered("renew", self.0.renew(key, token, ttl).await)
    }

    pub(super) async fn release(&self, key: &str, token: Token) -> bool {
        answered("release", self.0.release(key, token).await)
    }

    pub(super) async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) {
        answered("write", self.0.write(key, cell, ttl).await);
    }

    pub(super) async fn invalidate(&self, keys: &[&str]) -> u64 {
        answered("invalidate", self.0.invalidate(keys).await)
    }

    pub(super) async fn now(&self) -> u64 {
        answered("now", self.0.now().await)
    }
}
