//! What a cache is made from, and how a URL spells it.

use super::Overrides;
#[cfg(feature = "remote")]
use super::remote::Settings;
use crate::backend::memory::Bounds;
use crate::error::{Error, ErrorKind};
use crate::time::{Clock, Lifetime, Ttl};

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

/// What stands before `://`.
const SCHEMES: &[&str] = &[
    "memory",
    "dummy",
    "redis",
    "rediss",
    "unix",
    "redis+unix",
    "memcached",
    "memcached+unix",
];
/// What stands behind `?` for every scheme.
const OPTIONS: &[&str] = &["max_entries", "max_weight", "default_ttl", "name"];
/// What stands there for a shared backend too.
const REMOTE_OPTIONS: &[&str] = &["prefix", "timeout", "lease", "lock_cap", "max_value"];
/// What the client of a Redis takes beside them.
#[cfg(feature = "redis")]
const CLIENT_OPTIONS: &[&str] = &["db", "user", "password"];

impl Config {
    /// Reads `memory://?max_entries=1000&default_ttl=60` and the like.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(bad_url(url, "there is no `://` in it; write `memory://`"));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        match scheme {
            "memory" | "dummy" if !path.trim_matches('/').is_empty() => {
                let hint = format!("`{scheme}://` takes no host or path; options go behind `?`");
                Err(bad_url(url, &hint))
            }
            "memory" | "dummy" => {
                let mut config = Self {
                    stores: scheme == "memory",
                    ..Self::default()
                };
                config.set_all(url, pairs)?;
                config.checked()
            }
            "redis" | "rediss" | "unix" | "redis+unix" => Self::redis(url, scheme, path, pairs),
            "memcached" | "memcached+unix" => Self::memcached(url, scheme, path, pairs),
            _ => Err(unknown_scheme(url, scheme)),
        }
    }

    #[cfg(not(feature = "memcached"))]
    fn memcached<'u>(
        url: &str,
        scheme: &str,
        _: &str,
        _: impl Iterator<Item = &'u str>,
    ) -> Result<Self, Error> {
        let hint = format!(
            "`{scheme}://` needs the feature `memcached` of cached-core: \
             `cargo add cached-core --features memcached`"
        );
        Err(bad_url(url, &hint))
    }

    /// All options are ours: the client has none.
    #[cfg(feature = "memcached")]
    fn memcached<'u>(
        url: &str,
        scheme: &str,
        path: &str,
        pairs: impl Iterator<Item = &'u str>,
    ) -> Result<Self, Error> {
        use crate::backend::memcached::{Address, Memcached, OPTIONS as CLIENT};
        let known = [OPTIONS, REMOTE_OPTIONS, CLIENT].concat();
        let pairs: Vec<&str> = pairs.collect();
        for pair in &pairs {
            let (option, _) = pair.split_once('=').unwrap_or((pair, ""));
            if !known.contains(&option) {
                let hint = format!("there is no option `{option}`; {}", offer(option, &known));
                return Err(bad_url(url, &hint));
            }
        }
        let address = Address::parse(&format!("{scheme}://{path}"))?;
        let servers = Memcached::new(&address, super::remote::runtime()?);
        let mut config = Self {
            remote: Some(Settings::new(servers)),
            ..Self::default()
        };
        config.set_all(url, pairs.into_iter())?;
        config.checked()
    }

    fn set_all<'u>(
        &mut self,
        url: &str,
        pairs: impl Iterator<Item = &'u str>,
    ) -> Result<(), Error> {
        for pair in pairs {
            let (option, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.set(url, option, value)?;
        }
        Ok(())
    }

    #[cfg(not(feature = "redis"))]
    fn redis<'u>(
        url: &str,
        scheme: &str,
        _: &str,
        _: impl Iterator<Item = &'u str>,
    ) -> Result<Self, Error> {
        let hint = format!(
            "`{scheme}://` needs the feature `redis` of cached-core: \
             `cargo add cached-core --features redis`"
        );
        Err(bad_url(url, &hint))
    }

    /// The options of the cache are ours; what is left is the client's.
    #[cfg(feature = "redis")]
    fn redis<'u>(
        url: &str,
        scheme: &str,
        path: &str,
        pairs: impl Iterator<Item = &'u str>,
    ) -> Result<Self, Error> {
        use crate::backend::redis::{Address, Redis};
        let is_ours = |pair: &&str| {
            let (option, _) = pair.split_once('=').unwrap_or((pair, ""));
            OPTIONS.contains(&option) || REMOTE_OPTIONS.contains(&option)
        };
        let (ours, theirs): (Vec<&str>, Vec<&str>) = pairs.partition(is_ours);
        for pair in &theirs {
            let (option, _) = pair.split_once('=').unwrap_or((pair, ""));
            if !CLIENT_OPTIONS.contains(&option) {
                let known = [OPTIONS, REMOTE_OPTIONS, CLIENT_OPTIONS].concat();
                let hint = format!("there is no option `{option}`; {}", offer(option, &known));
                return Err(bad_url(url, &hint));
            }
        }
        let mut address = format!("{scheme}://{path}");
        if !theirs.is_empty() {
            address = format!("{address}?{}", theirs.join("&"));
        }
        let redis = Redis::new(&Address::parse(&address)?, super::remote::runtime()?);
        let mut config = Self {
            remote: Some(Settings::redis(redis)),
            ..Self::default()
        };
        config.set_all(url, ours.into_iter())?;
        config.checked()
    }

    #[cfg(feature = "remote")]
    fn set_remote(&mut self, url: &str, option: &str, value: &str) -> Result<bool, Error> {
        let Some(remote) = &mut self.remote else {
            return Ok(false);
        };
        match option {
            "prefix" => remote.prefix = value.to_owned(),
            "timeout" => remote.limits.operation = number(url, option, value)?,
            "lease" => remote.limits.lease = number(url, option, value)?,
            "lock_cap" => remote.limits.lock_cap = number(url, option, value)?,
            "max_value" => {
                remote.codec = remote.codec.with_max_bytes(number(url, option, value)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set(&mut self, url: &str, option: &str, value: &str) -> Result<(), Error> {
        #[cfg(feature = "remote")]
        if self.set_remote(url, option, value)? {
            return Ok(());
        }
        match option {
            "max_entries" => self.bounds.entries = number(url, option, value)?,
            "max_weight" => self.bounds.weight = Some(number(url, option, value)?),
            "default_ttl" => {
                self.default_ttl =
                    Ttl::from(number::<u64>(url, option, value)?).resolve(self.default_ttl)?;
            }
            "name" => self.name = Some(value.to_owned()),
            _ if REMOTE_OPTIONS.contains(&option) => {
                let hint = format!("`{option}` is for shared backends, such as `redis://`");
                return Err(bad_url(url, &hint));
            }
            _ => {
                let hint = format!("there is no option `{option}`; {}", offer(option, OPTIONS));
                return Err(bad_url(url, &hint));
            }
        }
        Ok(())
    }

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

fn number<N: std::str::FromStr>(url: &str, option: &str, value: &str) -> Result<N, Error> {
    value.parse().map_err(|_| {
        bad_url(
            url,
            &format!("`{option}` takes a whole number, as in `{option}=1000`"),
        )
    })
}

fn bad_url(url: &str, hint: &str) -> Error {
    // Credentials of a URL meant for another backend stay out of the message.
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    };
    Error::new(ErrorKind::Url, format!("cache URL `{shown}`: {hint}"))
}

fn unknown_scheme(url: &str, scheme: &str) -> Error {
    let hint = format!(
        "this build knows no scheme `{scheme}`; {} as in `CACHE_URL=memory://`",
        offer(scheme, SCHEMES)
    );
    bad_url(url, &hint)
}

/// "did you mean `x`" where a known word is near, else all of them.
fn offer(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|known| (distance(word, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 3);
    match near {
        Some((_, near)) => format!("did you mean `{near}`,"),
        None => format!("known are `{}`,", known.join("`, `")),
    }
}

/// Levenshtein distance of two short words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fault(url: &str) -> String {
        Config::from_url(url)
            .expect_err("the URL is malformed")
            .to_string()
    }

    #[test]
    fn urls_spell_the_options() {
        let config = Config::from_url("memory://?max_entries=10&max_weight=20&default_ttl=5")
            .expect("well-formed");
        assert_eq!(config.bounds.entries, 10);
        assert_eq!(config.bounds.weight, Some(20));
        assert_eq!(config.default_ttl, Lifetime(5000));
        assert!(!Config::from_url("dummy://").expect("well-formed").stores);
    }

    #[test]
    fn faults_name_the_fix() {
        assert!(fault("memroy://").contains("did you mean `memory`"));
        assert!(fault("memory").contains("write `memory://`"));
        assert!(fault("memory://?max_entrys=3").contains("did you mean `max_entries`"));
        assert!(fault("memory://?max_entries=many").contains("whole number"));
        assert!(fault("memory://?max_entries=0").contains("at least 1"));
        assert!(fault("memory://host").contains("no host or path"));
    }

    #[cfg(feature = "redis")]
    #[test]
    fn faults_of_a_redis_url_name_the_fix_and_no_password() {
        assert!(fault("redis://:hunter2@host/0?prefx=a").contains("did you mean `prefix`"));
        assert!(
            fault("redis://:hunter2@host/0?max_entrys=3").contains("did you mean `max_entries`")
        );
        assert!(fault("redis://host/0?timeout=soon").contains("whole number"));
        for url in [
            "redis://:hunter2@host/0?prefx=a",
            "redis://:hunter2@host/db",
            "redis://user:hunter2@host:port/0",
            "rediss://:hunter2@host/0?x=1",
            "unix://:hunter2@host?db=x",
        ] {
            assert!(!fault(url).contains("hunter2"), "{url}");
        }
    }

    #[cfg(not(feature = "redis"))]
    #[test]
    fn a_scheme_of_a_missing_feature_names_it() {
        assert!(fault("redis://:hunter2@host/0").contains("`redis`"));
        assert!(!fault("redis://:hunter2@host/0").contains("hunter2"));
    }
}
