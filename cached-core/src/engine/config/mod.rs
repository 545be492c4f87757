//! What a cache is made from.

mod offer;
mod scheme;
mod url;

use super::Overrides;
#[cfg(feature = "remote")]
use super::remote::Settings;
use crate::backend::memory::Bounds;
use crate::error::{Error, ErrorKind};
use crate::time::{Clock, Lifetime};

/// Everything a cache is built from.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) name: Option<String>,
    pub(crate) clock: Clock,
    pub(crate) default_ttl: Lifetime,
    pub(crate) stores: bool,
    pub(crate) bounds: Bounds,
    pub(crate) overrides: Overrides,
    #[cfg(feature = "remote")]
    pub(crate) remote: Option<Settings>,
}

/// Entries that a memory tier holds unless told otherwise.
const DEFAULT_ENTRIES: usize = 100_000;

/// The TTL of functions and writes that state none.
const DEFAULT_TTL_MS: u64 = 300_000;

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            clock: Clock::System,
            default_ttl: Lifetime(DEFAULT_TTL_MS),
            stores: true,
            bounds: Bounds {
                entries: DEFAULT_ENTRIES,
                weight: None,
            },
            overrides: Overrides::default(),
            #[cfg(feature = "remote")]
            remote: None,
        }
    }
}

impl Config {
    /// Refuses bounds and times that cannot work.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let fault = if self.bounds.entries == 0 {
            "the entry bound is 0; give at least 1, or use `dummy://` to store nothing"
        } else if self.bounds.weight == Some(0) {
            "the weight bound is 0 bytes; give at least 1, or use `dummy://` to store nothing"
        } else if self.default_ttl.is_zero() {
            "the default TTL is 0, so nothing could ever be served; give at least 1 second"
        } else {
            return Ok(self);
        };
        Err(Error::new(ErrorKind::Config, fault))
    }
}
