//! Building a cache.

use super::Cache;
#[cfg(feature = "remote")]
use crate::codec::Format;
#[cfg(feature = "remote")]
use crate::engine::remote::Keep;
use crate::engine::{Config, Engine, Override};
use crate::error::Error;
#[cfg(feature = "remote")]
use crate::time::Lifetime;
use crate::time::{Clock, Ttl};

/// Settings of a cache to be.
///
/// ```
/// use cached_core::Cache;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let sessions = Cache::memory()
///     .name("sessions")
///     .capacity(50_000)
///     .weight(64 << 20)
///     .default_ttl(Duration::from_secs(1800))
///     .build()?;
/// cached_core::install(sessions)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    pub(super) config: Config,
    default_ttl: Ttl,
}

impl Builder {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            default_ttl: Ttl::DEFAULT,
        }
    }

    /// The name that functions use in `cache = "name"`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = Some(name.into());
        self
    }

    /// How many entries fit; the least valuable are displaced beyond it. Default 100,000.
    pub fn capacity(mut self, entries: usize) -> Self {
        self.config.bounds.entries = entries;
        self
    }

    /// How many bytes of keys, values and bookkeeping fit; the latter is about 200 bytes per entry,
    /// and as much again for a tag that no other entry carries. What is really taken stays below
    /// 1.15 times this, for values that have no spare capacity and are not boxed.
    /// Unset by default: measuring a value costs one pass of its `Serialize` per fill, unless the
    /// function gives `weigh`.
    ///
    /// A value heavier than the share of one shard is not stored, and each call computes: such calls
    /// end in [`Outcome::NotStored`](crate::Outcome::NotStored), and [`Cache::set`] in an error.
    pub fn weight(mut self, bytes: u64) -> Self {
        self.config.bounds.weight = Some(bytes);
        self
    }

    /// The TTL of functions and writes that state none. Default 300 seconds.
    pub fn default_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.default_ttl = ttl.into();
        self
    }

    /// What holds for the functions with this key template, whatever their attributes say: to tune
    /// a deployment without building it anew.
    pub fn policy(mut self, template: &str, what: Override) -> Self {
        self.config.overrides.set(template, what);
        self
    }

    /// Refuses to build a cache that other processes do not see, in memory for instance: for
    /// programs that run as several processes.
    pub fn require_shared(mut self) -> Self {
        self.config.require_shared = true;
        self
    }

    /// The clock that times are read from; the system's unless a test gives a
    /// [`ManualClock`](crate::time::ManualClock).
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.config.clock = clock.into();
        self
    }

    /// What the keys of this cache begin with in a shared backend, so that several applications
    /// can use one server: 1 to 20 of `A-Z a-z 0-9 _ - .`. Default `cached`. Without effect in
    /// memory; there it is an error in a URL and in the table of a cache, and `[defaults]` has it for
    /// the shared caches alone.
    #[cfg(feature = "remote")]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.prefix = prefix.into();
        }
        self
    }

    /// How long an operation of a shared backend may take before the caller goes on without it.
    /// Default 100 ms; invalidations may take 250 ms or this, whichever is longer. Without effect
    /// in memory.
    #[cfg(feature = "remote")]
    pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.limits.set_operation(millis(timeout));
        }
        self
    }

    /// Keeps what is read from a shared backend in memory in front of it, for `ttl` at most: a hit
    /// there costs what a hit in memory does. Functions say otherwise by `l1 = "2s"` or
    /// `l1 = false`. [`capacity`](Self::capacity) and [`weight`](Self::weight) bound it.
    ///
    /// Redis and Valkey tell of changes, which reach other processes within a message
    /// ([`l1_watched`](Self::l1_watched)); of what another backend does not tell, a value may be
    /// served for as long as `ttl` after it was invalidated by another process. What this process
    /// invalidates or writes itself is gone at once. Within a computation and within a mutator the
    /// backend is asked, so no value is made of such an old one. Without effect in memory.
    ///
    /// [`build`](Self::build) fails for zero, for what is negative, and for what states no age, such
    /// as [`Ttl::FOREVER`].
    #[cfg(feature = "remote")]
    pub fn l1(mut self, ttl: impl Into<Ttl>) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.l1 = Some(Keep::at_most(ttl.into().or_zero(Lifetime(0))));
        }
        self
    }

    /// [`l1`](Self::l1) for what the backend tells the changes of, and nothing else: on Redis and
    /// Valkey from 6 on, by client tracking. While the connection over which it tells is lost, and
    /// for whatever was read before, nothing is served from memory. For 60 seconds at most.
    ///
    /// Another process may read what it has until the message reaches it: after half of 10,000
    /// invalidations had returned nothing old from 9 µs on, after 99 % from 21 µs on, after the
    /// slowest from 0.2 ms on (`cargo xtask bench coherence`: two processes and the server on two
    /// cores; 12 ms with other work on them, where the longest are waits for a core).
    ///
    /// [`build`](Self::build) fails on a backend that does not tell.
    #[cfg(feature = "remote")]
    pub fn l1_watched(mut self) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.l1 = Some(Keep::WATCHED);
        }
        self
    }

    /// The largest value that a shared backend is given, encoded, in bytes. Default 8 MiB, at most
    /// 256 MiB. Without effect in memory.
    #[cfg(feature = "remote")]
    pub fn max_value(mut self, bytes: usize) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.codec = remote.codec.with_max_bytes(bytes);
        }
        self
    }

    /// How values are written to a shared backend. Default [`Format::Bincode`]; types that need
    /// names use MessagePack by themselves. Every format is read, whatever this says.
    #[cfg(feature = "remote")]
    pub fn format(mut self, format: Format) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.codec = remote.codec.with_format(format);
        }
        self
    }

    /// Compresses values of at least so many encoded bytes (LZ4).
    #[cfg(feature = "compress")]
    pub fn compress(mut self, from_bytes: usize) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.codec = remote.codec.with_compression(from_bytes);
        }
        self
    }

    /// Signs what is written to a shared backend (HMAC-SHA256), and reads only what is signed with
    /// the same key: for servers that others can write to.
    #[cfg(feature = "remote")]
    pub fn mac_key(mut self, key: [u8; 32]) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.codec = remote.codec.with_mac_key(key);
        }
        self
    }

    /// How long a claim on a key lasts in a shared backend if the process that holds it renews it no
    /// more, because it was killed for instance. Default 10 seconds. Without effect in memory.
    #[cfg(feature = "remote")]
    pub fn lease(mut self, lease: std::time::Duration) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.limits.lease = millis(lease).max(1);
        }
        self
    }

    /// How long a computation is renewed under `lock` before other processes may begin their own.
    /// Default 60 seconds. Without effect in memory.
    #[cfg(feature = "remote")]
    pub fn lock_cap(mut self, cap: std::time::Duration) -> Self {
        if let Some(remote) = &mut self.config.remote {
            remote.limits.lock_cap = millis(cap);
        }
        self
    }

    /// Builds the cache.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a bound or default TTL of zero, for a
    /// cache that is not shared although [`require_shared`](Self::require_shared) was called, and for
    /// a first tier that the backend cannot do (see `l1` and `l1_watched`),
    /// [`ErrorKind::Ttl`](crate::ErrorKind::Ttl) for one that is negative or overflows.
    pub fn build(self) -> Result<Cache, Error> {
        let mut config = self.config;
        config.default_ttl = self.default_ttl.resolve(config.default_ttl)?;
        Ok(Cache::from_engine(Engine::new(config.checked()?)?))
    }
}

#[cfg(feature = "remote")]
fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2)
}
