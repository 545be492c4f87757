//! Caches as a deployment describes them.

use std::path::Path;

use super::Builder;
use crate::engine::{self, Caches, UNNAMED};
use crate::error::{Error, ErrorKind};

/// The caches that a file and the environment describe (feature `config`).
///
/// A program that calls nothing gets them too: at the first use of a cached function whose cache
/// nobody installed. Call [`load`](Self::load) and [`install`](Self::install) at its start, so that
/// a mistake ends it; at first use a mistake is reported once, and functions run uncached.
///
/// ```no_run
/// # fn main() -> Result<(), cached_core::Error> {
/// cached_core::Config::load()?.install()?;
/// # Ok(())
/// # }
/// ```
///
/// The file is `cached.toml` in the working directory, if there is one, or the one that
/// `CACHED_CONFIG` names, which then has to be there:
///
/// ```toml
/// [defaults]                        # of every cache
/// ttl = "5m"
/// prefix = "shop"
///
/// [caches.default]                  # of functions that name no cache
/// url = "redis://localhost:6379/1"
/// timeout = "100ms"
///
/// [caches.sessions]                 # of functions with `cache = "sessions"`
/// url = "memory://"
/// capacity = 10_000
///
/// [caches.default.policy."post:<id>"]   # whatever the attribute says
/// ttl = "30s"                           # or `off = true`
/// l1 = "2s"                             # or `true`, or `false`
/// ```
///
/// # Settings
///
/// They have one name in files, as options of URLs, and as methods of [`Builder`]: `capacity`,
/// `weight`, `default_ttl` (in short `ttl`), `require_shared`; for shared backends also `prefix`,
/// `l1`, `timeout`, `lease`, `lock_cap`, `max_value`, `format`, `compress`, `mac_key`. Sizes are
/// `64MiB`, `1GB`, `512k` or bytes; times are `"1h30m"`, `"100ms"`, or numbers: of seconds for TTLs
/// and `l1`, of milliseconds for all others.
///
/// `l1` says what is kept in memory in front of a shared backend: `true` is
/// [`Builder::l1_watched`], an error where the backend does not tell of changes; a time is
/// [`Builder::l1`]; `false` is nothing, as if it were left out. A policy says it for one template:
/// [`Override::l1_watched`](crate::Override::l1_watched), [`l1`](crate::Override::l1) and
/// [`no_l1`](crate::Override::no_l1).
///
/// # Environment
///
/// `CACHED_<SETTING>` stands for a line of `[defaults]`, such as `CACHED_DEFAULT_TTL=1m`;
/// `CACHED_CACHES_<NAME>_<SETTING>` for one of that cache's table, such as
/// `CACHED_CACHES_SESSIONS_URL`, which describes the cache if no file does. `CACHE_URL` is the
/// unnamed cache's URL. Other variables that resemble these are errors.
///
/// # What counts
///
/// Of a URL: `CACHE_URL`, else `CACHED_CACHES_<NAME>_URL`, else the file's. Of any other setting:
/// `CACHED_CACHES_<NAME>_<SETTING>`, else the URL's option, else the cache's table, else
/// `CACHED_<SETTING>`, else `[defaults]`. What a program builds and installs itself takes no part.
#[derive(Debug, Clone)]
pub struct Config {
    caches: Caches,
}

impl Config {
    /// Reads the file, if there is one, and the environment.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with file, line and column, or the variable, and what to write there;
    /// [`ErrorKind::Url`] likewise for a URL. No error shows a value, which may be a password.
    pub fn load() -> Result<Self, Error> {
        Caches::load().map(|caches| Self { caches })
    }

    /// Reads this file, which has to be there, and the environment.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn read(file: impl AsRef<Path>) -> Result<Self, Error> {
        Caches::read(file.as_ref()).map(|caches| Self { caches })
    }

    /// The names of the caches. The unnamed one, which is always there, goes by `default`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.caches.named.iter();
        [UNNAMED]
            .into_iter()
            .chain(named.filter_map(|config| config.name.as_deref()))
    }

    /// What is most likely a mistake, though not an error: policies of templates that no function
    /// of the program has. [`install`](Self::install) reports them.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.caches.notes
    }

    /// A builder of one of the caches, for what a file cannot say; see [`names`](Self::names).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownCache`], naming those that are described.
    pub fn builder(&self, name: &str) -> Result<Builder, Error> {
        let mut named = self.caches.named.iter();
        let found = match name {
            UNNAMED => Some(&self.caches.unnamed),
            name => named.find(|config| config.name.as_deref() == Some(name)),
        };
        let config = found.ok_or_else(|| {
            let known: Vec<&str> = self.names().collect();
            let message = format!(
                "no cache named `{name}` is described; there are `{}`, and `[caches.{name}]` \
                 describes one more",
                known.join("`, `")
            );
            Error::new(ErrorKind::UnknownCache, message)
        })?;
        Ok(Builder::new(config.clone()))
    }

    /// Installs all of them, or none. Call it before the first cached function runs.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyInstalled`] if one of them is in place already;
    /// [`ErrorKind::Config`] if the OS refuses the thread of a shared backend.
    pub fn install(self) -> Result<(), Error> {
        engine::install_all(self.caches)
    }
}
