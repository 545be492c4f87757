//! The handle users hold: a cache to install, to name in `cache = ..`, or to use directly.
//!
//! The low-level operations keep the promises of cached functions: an explicit write or an
//! invalidation destroys the computation under way, and `get_or_set` is a read-through with one
//! computation per key, never a get followed by a set.

mod blocking;
mod builder;
#[cfg(feature = "config")]
mod config;
mod counters;
mod entry;
#[cfg(feature = "remote")]
mod lock;
mod mutate;
mod ops;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "remote")]
mod shared;
#[cfg(feature = "remote")]
mod shared_entry;
mod tenants;
mod tools;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod within;

use std::fmt;
use std::sync::Arc;

/// Does it on the shared backend, and returns, where the cache has one.
macro_rules! or_shared {
    ($cache:expr, await $shared:ident.$call:ident($($arg:expr),*)) => {
        #[cfg(feature = "remote")]
        if let Some($shared) = $cache.shared() {
            return $shared.$call($($arg),*).await;
        }
    };
    ($cache:expr, block $shared:ident.$call:ident($($arg:expr),*)) => {
        #[cfg(feature = "remote")]
        if let Some($shared) = $cache.shared() {
            return crate::engine::block_on($shared.$call($($arg),*));
        }
    };
}
pub(crate) use or_shared;

pub use blocking::BlockingCache;
pub use builder::Builder;
#[cfg(feature = "config")]
pub use config::Config;
pub use entry::{BlockingEntry, BlockingPlainEntry, Entry, PlainEntry};
#[cfg(feature = "remote")]
pub use lock::{BlockingLock, BlockingLockGuard, Lock, LockGuard};
pub use mutate::{BlockingEntryAll, EntryAll};

use crate::engine::{self, Config as Described, Engine};
use crate::error::Error;
use crate::event::Event;
use crate::key::Tenant;
use crate::registry::Site;

/// A cache. Clones share it.
///
/// ```
/// use cached_core::{Cache, Ttl};
///
/// # async fn example() -> Result<(), cached_core::Error> {
/// let cache = Cache::memory().capacity(10_000).build()?;
/// cache.set("greeting", &"hello".to_owned(), 60).await?;
/// assert_eq!(cache.get::<String>("greeting").await?, Some("hello".to_owned()));
///
/// let total = cache.get_or_set("total", Ttl::DEFAULT, || async { 42u64 }).await?;
/// assert_eq!(cache.incr_or("total-views", 1, 0).await?, 1);
/// # Ok(())
/// # }
/// ```
///
/// Whoever knows the low-level API of Django's caches finds it here, typed, async, and for sync
/// callers behind [`blocking`](Self::blocking), alike on every backend:
///
/// | Django | Here |
/// |---|---|
/// | `get(key)`, `get(key, default)` | [`get`](Self::get), which tells a stored `None` from a miss; [`get_or`](Self::get_or) |
/// | `set`, `add`, `get_or_set` | [`set`](Self::set), [`add`](Self::add), [`get_or_set`](Self::get_or_set), which computes once |
/// | `get_many`, `set_many`, `delete_many` | [`get_many`](Self::get_many), [`set_many`](Self::set_many), [`delete_many`](Self::delete_many): one round trip for each step, to each server |
/// | `delete`, `has_key` | [`delete`](Self::delete), [`contains`](Self::contains) |
/// | `touch`, `timeout=None`, `timeout=0` | [`touch`](Self::touch), [`Ttl::FOREVER`](crate::Ttl::FOREVER), a TTL of 0 |
/// | `incr`, `decr` | [`incr`](Self::incr), [`decr`](Self::decr): in one step; [`incr_or`](Self::incr_or) |
/// | `version=2`, `incr_version` | [`with_version`](Self::with_version), [`incr_version`](Self::incr_version) |
/// | `clear` | [`clear`](Self::clear), which touches nobody else's keys |
/// | `KEY_PREFIX`, `caches["name"]` | [`Builder::prefix`], [`Cache::named`] |
/// | `KEY_FUNCTION` | [`Builder::prefix_with`] for what requests have, such as a tenant; [`Builder::key_with`] |
///
/// Beyond it: [`invalidate`](Self::invalidate), [`invalidate_tag`](Self::invalidate_tag),
/// [`expire`](Self::expire), [`ttl`](Self::ttl), [`keys`](Self::keys),
/// [`delete_matching`](Self::delete_matching), [`warm`](Self::warm).
#[derive(Clone)]
pub struct Cache {
    pub(crate) engine: Arc<Engine>,
    pub(crate) version: u32,
    /// Whose entries this handle is for, whoever uses it.
    tenant: Option<Tenant>,
}

/// The low-level handle as a site, so that its calls have counters and stamps like any other.
pub(crate) static HANDLE: Site = Site::handle((module_path!(), file!(), line!()));

impl Cache {
    /// A builder of a cache in the memory of this process.
    pub fn memory() -> Builder {
        Builder::new(Described::default())
    }

    /// A builder of a cache that stores nothing, for development and tests. Concurrent calls still
    /// share a computation.
    pub fn dummy() -> Builder {
        Builder::new(Described {
            stores: false,
            ..Described::default()
        })
    }

    /// A builder of a cache on a backend of your own, or one that [`backend`](crate::backend) makes;
    /// [`at`](Self::at) is for URLs. See [`Backend`](crate::backend::Backend).
    #[cfg(feature = "remote")]
    pub fn on(backend: impl crate::backend::port::Backend) -> Builder {
        Builder::new(Described {
            remote: Some(engine::remote::Settings::new(backend)),
            ..Described::default()
        })
    }

    /// A builder of the cache that a URL describes, for settings that a URL does not spell.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn at(url: &str) -> Result<Builder, Error> {
        Described::from_url(url).map(Builder::new)
    }

    /// The cache a URL describes.
    ///
    /// - `memory://`, `dummy://` (stores nothing).
    /// - With the feature `redis`: `redis://user:password@host:6379/0`, `unix:///path?db=0`, and with
    ///   `redis-tls` also `rediss://`. Redis 6 or newer, or Valkey. A cluster, by some of its
    ///   servers: `redis+cluster://user:password@host:6379,host:6379`. What sentinels watch:
    ///   `redis+sentinel://user:password@host:26379,host:26379/mymaster/0`; user and password are
    ///   the server's, those of the sentinels are options, `sentinel_user` and
    ///   `sentinel_password`.
    /// - With the feature of that name: `memcached://a:11211,b:11211` and `memcached+unix:///path`;
    ///   `sqlite:///var/app.db`, `postgres://user:password@host/db`, `mysql://user:password@host/db`,
    ///   with the option `create=true` to make the table; `file:///var/cache/app`, a directory.
    ///
    /// Options behind `?`, percent-encoded and each once: `capacity` (entries), `weight` (`64MiB`,
    /// `512k` or bytes), `default_ttl` or `ttl` (`5m`, `1h30m` or seconds), `name`,
    /// `require_shared`; for shared backends also `prefix`, `timeout`, `lease` and `lock_cap`
    /// (`100ms` or milliseconds), `l1` (`true`, or a greatest age), `max_value` (a size), `format`
    /// (`bincode`, `message_pack`, `postcard`, `json`), `compress` (a size), `mac_key` (64 hexadecimal
    /// digits). Each is what the method of that name does in [`Builder`].
    ///
    /// With `require_shared=true`, or `CACHED_REQUIRE_SHARED=true` in the environment, `memory://`
    /// and `dummy://` are errors. A shared backend connects when it is first used; whether it can is
    /// asked by [`connect_checked`](Self::connect_checked).
    ///
    /// ```
    /// # async fn example() -> Result<(), cached_core::Error> {
    /// let cache = cached_core::Cache::connect("memory://?capacity=5000&weight=64MiB&ttl=5m").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Url`](crate::ErrorKind::Url) with the nearest scheme or option, or with the
    /// feature that the scheme needs; [`ErrorKind::Config`](crate::ErrorKind::Config) where it has
    /// to be shared and is not. They show nothing of the URL but its scheme.
    #[expect(
        clippy::unused_async,
        reason = "other schemes may have to ask somebody"
    )]
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::at(url)?.build()
    }

    /// [`connect`](Self::connect) that fails where the backend cannot be reached or refuses to serve:
    /// for programs that would rather not start.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Denied`](crate::ErrorKind::Denied),
    /// [`Protocol`](crate::ErrorKind::Protocol) and the like, or
    /// [`Timeout`](crate::ErrorKind::Timeout) after three seconds.
    pub async fn connect_checked(url: &str) -> Result<Self, Error> {
        let cache = Self::connect(url).await?;
        #[cfg(feature = "remote")]
        if let Some(remote) = cache.engine.remote() {
            remote.check(3_000).await?;
        }
        Ok(cache)
    }

    /// The cache that the environment variable `CACHE_URL` describes, or with the feature `config`
    /// also a file (see `Config`); memory if there is neither.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and of a file those of `Config::load`.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self::from_engine(Engine::new(engine::from_env()?)?))
    }

    /// The cache installed under that name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCache`](crate::ErrorKind::UnknownCache), naming those that are.
    pub fn named(name: &str) -> Result<Self, Error> {
        engine::by_name(name).map(Self::from_engine)
    }

    /// The cache that functions without a cache name use: the stand-in of a test scope, else the
    /// installed one.
    ///
    /// # Errors
    /// [`ErrorKind::Url`](crate::ErrorKind::Url) or [`Config`](crate::ErrorKind::Config) if nothing
    /// is installed and `CACHE_URL`, or what else describes the cache, is malformed.
    pub fn current() -> Result<Self, Error> {
        match engine::resolve(&HANDLE) {
            Some(engine) => Ok(Self::from_engine(engine)),
            None => Self::from_env(),
        }
    }

    pub(crate) fn from_engine(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            version: crate::registry::DEFAULT_VERSION,
            tenant: None,
        }
    }

    /// The same cache, reading and writing another version of every key. Functions with
    /// `version = n` use version `n`; all others use 1.
    #[must_use]
    pub fn with_version(&self, version: u32) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }

    /// The operations for sync callers.
    #[must_use]
    pub fn blocking(&self) -> BlockingCache<'_> {
        BlockingCache::new(self)
    }

    /// The name the cache was built with.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.engine.name()
    }

    /// What the values are in: `memory`, `dummy`, `redis` and so on.
    #[must_use]
    pub fn backend(&self) -> &str {
        #[cfg(feature = "remote")]
        if let Some(remote) = self.engine.remote() {
            return remote.backend_name();
        }
        if self.engine.keeps() {
            "memory"
        } else {
            "dummy"
        }
    }

    /// Whether other processes see what is in it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.engine.is_local()
    }

    /// The number of entries in memory, those that expired but were not yet displaced included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine.len()
    }

    /// Whether no entry is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The estimated weight of all entries in bytes: keys and bookkeeping, and values too where a
    /// weight bound is set.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.engine.weight()
    }

    /// Calls `subscriber` with every event, on the thread where it happens and outside of all
    /// locks. It lives as long as the cache, so one that holds the cache keeps both for ever. While nobody subscribes, events cost nothing. A slow subscriber slows its callers; a
    /// panicking one loses that event only.
    pub fn subscribe(&self, subscriber: impl Fn(&Event) + Send + Sync + 'static) {
        self.engine.subscribers.add(Arc::new(subscriber));
    }

    /// Calls `hook` with every invalidation, of the whole cache too, on a thread of its own. Mutators never wait for it:
    /// up to 1024 events queue, further ones are dropped and counted by
    /// [`dropped_events`](Self::dropped_events). A panicking hook loses that event only.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses the thread.
    pub fn on_invalidate(&self, hook: impl Fn(&Event) + Send + 'static) -> Result<(), Error> {
        self.engine.hooks.add(Box::new(hook)).map_err(|error| {
            let message = "no thread could be started for the invalidation hook";
            Error::new(crate::ErrorKind::Config, message).caused_by(error)
        })
    }

    /// Waits until every invalidation that a shared backend has not acknowledged yet is delivered, at
    /// most until `deadline`: the last thing to do before a process ends, because what is undelivered
    /// then is lost. In memory there is nothing to wait for.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if some are not delivered; they stay queued.
    #[cfg_attr(
        not(feature = "remote"),
        expect(clippy::unused_async, reason = "async for the backends that wait")
    )]
    pub async fn close(&self, deadline: std::time::Duration) -> Result<(), Error> {
        #[cfg(feature = "remote")]
        if let Some(remote) = self.engine.remote() {
            let left = remote.flush(deadline).await;
            if left > 0 {
                let message = format!(
                    "{left} invalidations are not delivered yet; other processes may serve older \
                     values until those expire"
                );
                return Err(Error::new(crate::ErrorKind::Timeout, message));
            }
        }
        let _ = deadline;
        Ok(())
    }

    /// How many invalidations a shared backend has not acknowledged yet; none in memory.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        #[cfg(feature = "remote")]
        if let Some(remote) = self.engine.remote() {
            return remote.undelivered();
        }
        0
    }

    /// How many invalidations a full hook queue dropped.
    #[must_use]
    pub fn dropped_events(&self) -> u64 {
        self.engine.hooks.dropped()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.name())
            .field("backend", &self.backend())
            .field("version", &self.version)
            .field("entries", &self.len())
            .finish()
    }
}

/// Makes this the cache of functions that name its name, or, if it has none, of all functions that
/// name no cache. Call it before the first cached function runs.
///
/// # Errors
/// [`ErrorKind::AlreadyInstalled`](crate::ErrorKind::AlreadyInstalled) if there is one already,
/// installed or put in place by first use; [`replace`] takes its place.
pub fn install(cache: Cache) -> Result<(), Error> {
    engine::install(cache.engine)
}

/// [`install`] that takes the place of the cache before, which it returns. Calls under way end in
/// the one they began in, and threads that called it may hold on to it: [`clear`](Cache::clear) it
/// to free its entries.
pub fn replace(cache: Cache) -> Option<Cache> {
    engine::replace(cache.engine).map(Cache::from_engine)
}

/// A cache given as an argument says where values are, not which.
#[diagnostic::do_not_recommend]
impl crate::key::Handle for Cache {}
