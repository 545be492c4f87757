//! Building a cache.

use super::Cache;
use crate::engine::{Config, Engine};
use crate::error::Error;
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
///     .max_entries(50_000)
///     .max_weight(64 << 20)
///     .default_ttl(Duration::from_secs(1800))
///     .build()?;
/// cached_core::install(sessions)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    config: Config,
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
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.config.bounds.entries = entries;
        self
    }

    /// How many bytes of keys, values and bookkeeping fit; the latter is about 150 bytes per entry.
    /// Unset by default: measuring a value costs one pass of its `Serialize` per fill, unless the
    /// function gives `weigh`.
    ///
    /// A value heavier than the share of one shard is not stored, and each call computes: such calls
    /// end in [`Outcome::NotStored`](crate::Outcome::NotStored), and [`Cache::set`] in an error.
    pub fn max_weight(mut self, bytes: u64) -> Self {
        self.config.bounds.weight = Some(bytes);
        self
    }

    /// The TTL of functions and writes that state none. Default 300 seconds.
    pub fn default_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.default_ttl = ttl.into();
        self
    }

    /// The clock that times are read from; the system's unless a test gives a
    /// [`ManualClock`](crate::time::ManualClock).
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.config.clock = clock.into();
        self
    }

    /// Builds the cache.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a bound or default TTL of zero,
    /// [`ErrorKind::Ttl`](crate::ErrorKind::Ttl) for one that is negative or overflows.
    pub fn build(self) -> Result<Cache, Error> {
        let mut config = self.config;
        config.default_ttl = self.default_ttl.resolve(config.default_ttl)?;
        Ok(Cache::from_engine(Engine::new(config.checked()?)))
    }
}
