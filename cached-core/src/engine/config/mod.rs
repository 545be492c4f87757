//! What a cache is made from.

#[cfg(feature = "config")]
mod file;
mod offer;
mod scheme;
mod setting;
mod url;
mod value;

#[cfg(feature = "remote")]
use super::remote::{Keep, Settings};
use super::{Identity, Overrides};
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
    /// Whether a cache that other processes do not see is an error.
    pub(crate) require_shared: bool,
    pub(crate) bounds: Bounds,
    pub(crate) overrides: Overrides,
    pub(crate) identity: Identity,
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
            require_shared: false,
            bounds: Bounds {
                entries: DEFAULT_ENTRIES,
                weight: None,
            },
            overrides: Overrides::default(),
            identity: Identity::default(),
            #[cfg(feature = "remote")]
            remote: None,
        }
    }
}

impl Config {
    /// Whether nothing is shared with other processes.
    pub(crate) fn is_local(&self) -> bool {
        #[cfg(feature = "remote")]
        return self.remote.is_none();
        #[cfg(not(feature = "remote"))]
        true
    }

    /// What is kept in memory in front of a shared backend, unless functions say otherwise.
    #[cfg(feature = "remote")]
    fn near(&self) -> Option<Keep> {
        self.remote.as_ref().and_then(|remote| remote.l1)
    }

    /// Whether it is to keep what its backend tells the changes of.
    #[cfg(any(feature = "remote", feature = "config"))]
    fn is_watched(&self) -> bool {
        #[cfg(feature = "remote")]
        return self.near().is_some_and(|keep| !keep.is_stated());
        #[cfg(not(feature = "remote"))]
        false
    }

    /// Whether it wants to be told of changes, and its backend tells of none.
    fn lacks_watching(&self) -> bool {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            return !remote.watches() && (self.is_watched() || self.overrides.want_watching());
        }
        false
    }

    /// Whether something is to be kept for a time that is none, or has no end.
    fn states_no_age(&self) -> bool {
        #[cfg(feature = "remote")]
        if self.near().is_some_and(Keep::is_no_age) {
            return true;
        }
        self.overrides.state_no_age()
    }

    /// Refuses bounds and times that cannot work.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let fault = if self.require_shared && self.is_local() {
            "it is in this process alone, but `require_shared` asks for a cache that all processes \
             share: in production several processes would not see each other's invalidations; give \
             it a URL such as `redis://host:6379`, for instance in `CACHE_URL`, or say \
             `require_shared = false`"
        } else if self.bounds.entries == 0 {
            "the entry bound is 0; give at least 1, or use `dummy://` to store nothing"
        } else if self.bounds.weight == Some(0) {
            "the weight bound is 0 bytes; give at least 1, or use `dummy://` to store nothing"
        } else if self.default_ttl.is_zero() {
            "the default TTL is 0, so nothing could ever be served; give at least 1 second"
        } else if self.states_no_age() {
            "what is kept in memory in front of a shared backend has a greatest age of more than 0; \
             give for example 2 seconds, or leave `l1` out to keep nothing"
        } else if self.lacks_watching() {
            BLIND
        } else {
            return Ok(self);
        };
        Err(Error::new(ErrorKind::Config, fault))
    }
}

/// Why only an age will do, for whoever asked for what is watched.
const BLIND: &str = "its backend does not tell of changes, so what is kept in memory in front of it \
                     needs a greatest age: write for example `l1 = \"2s\"`, in a URL `l1=2s`, in code \
                     `.l1(2)`";

/// What the unnamed cache is called where caches are told by name.
#[cfg(feature = "config")]
pub(crate) const UNNAMED: &str = "default";

/// Every cache that a deployment describes.
#[derive(Debug, Clone)]
pub(crate) struct Caches {
    /// The one of functions that name none.
    pub(crate) unnamed: Config,
    pub(crate) named: Vec<Config>,
    /// What is most likely a mistake, though not an error.
    pub(crate) notes: Vec<String>,
}

#[cfg(not(feature = "config"))]
impl Caches {
    /// What `CACHE_URL` says; memory if it is not set.
    pub(crate) fn load() -> Result<Self, Error> {
        use std::env::{VarError, var};
        let unnamed = match var("CACHE_URL") {
            Ok(url) => Config::from_url(url.trim()).map_err(|fault| match fault.kind() {
                ErrorKind::Url => Error::new(ErrorKind::Url, format!("CACHE_URL: {fault}")),
                _ => fault,
            })?,
            Err(VarError::NotPresent) => Config::from_url("memory://")?,
            // The fault itself shows the value, which may hold a password.
            Err(VarError::NotUnicode(_)) => {
                let message =
                    "CACHE_URL is not valid Unicode; write for example `CACHE_URL=memory://`";
                return Err(Error::new(ErrorKind::Url, message));
            }
        };
        Ok(Self {
            unnamed,
            named: Vec::new(),
            notes: unread(std::env::vars_os(), "cached.toml".as_ref())
                .into_iter()
                .collect(),
        })
    }
}

/// What a deployment says in vain to a program without the feature `config`.
#[cfg(any(test, not(feature = "config")))]
fn unread(
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    file: &std::path::Path,
) -> Option<String> {
    let names = variables.filter_map(|(name, _)| name.into_string().ok());
    let is_ours = |name: &String| {
        let rest = name.strip_prefix("CACHED_").unwrap_or_default();
        let known = setting::Setting::of(&rest.to_ascii_lowercase()).is_some();
        name != REQUIRE_SHARED && (known || rest == "CONFIG" || rest.starts_with("CACHES_"))
    };
    let variable = names.filter(is_ours).min();
    let unread = variable.or_else(|| file.exists().then(|| file.display().to_string()))?;
    Some(format!(
        "{unread}: it is not read, for want of the feature `config` of cached-core: \
         `cargo add cached-core --features config`"
    ))
}

/// The variable that forbids caches which other processes do not see.
const REQUIRE_SHARED: &str = "CACHED_REQUIRE_SHARED";

/// What somebody who has written `CACHE_URL` may take for it, and then run without.
const NOT_REQUIRE_SHARED: &str = "CACHE_REQUIRE_SHARED";

/// What the environment says of every cache that is described rather than built.
pub(super) fn require_shared() -> Result<bool, Error> {
    if std::env::var_os(NOT_REQUIRE_SHARED).is_some() {
        let hint = format!("{NOT_REQUIRE_SHARED}: did you mean `{REQUIRE_SHARED}`?");
        return Err(Error::new(ErrorKind::Config, hint));
    }
    let Some(text) = std::env::var_os(REQUIRE_SHARED) else {
        return Ok(false);
    };
    text.to_str().and_then(value::yes).ok_or_else(|| {
        let hint = format!("`{REQUIRE_SHARED}` takes `true` or `false`");
        Error::new(ErrorKind::Config, hint)
    })
}

#[cfg(test)]
mod tests {
    use super::unread;

    #[test]
    fn what_needs_the_feature_of_files_is_not_passed_over_in_silence() {
        let said = |name: &str, file: &str| {
            let variable = [(name.into(), "hunter2".into())];
            unread(variable.into_iter(), file.as_ref())
        };
        for name in ["CACHED_CONFIG", "CACHED_DEFAULT_TTL", "CACHED_CACHES_A_URL"] {
            let note = said(name, "nowhere.toml").expect("it says nothing without the feature");
            assert!(
                note.starts_with(name) && note.contains("`config`"),
                "{note}"
            );
            assert!(!note.contains("hunter2"), "{note}");
        }
        for name in ["CACHED_REQUIRE_SHARED", "CACHED_BY_OTHERS", "CACHE_URL"] {
            assert_eq!(said(name, "nowhere.toml"), None, "{name}");
        }
        let note = said("HOME", "Cargo.toml").expect("the file is there");
        assert!(note.starts_with("Cargo.toml: it is not read"), "{note}");
    }
}
