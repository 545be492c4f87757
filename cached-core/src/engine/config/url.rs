//! How a URL spells a cache.

use super::Config;
use super::offer::offer;
use super::scheme::{Opens, Scheme, scheme};
use crate::error::{Error, ErrorKind};
use crate::time::Ttl;

/// What stands behind `?` for every scheme.
const OPTIONS: &[&str] = &["max_entries", "max_weight", "default_ttl", "name"];
/// What stands there for a shared backend too.
const REMOTE_OPTIONS: &[&str] = &["prefix", "timeout", "lease", "lock_cap", "max_value"];

impl Config {
    /// Reads `memory://?max_entries=1000&default_ttl=60` and the like.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        let Some((name, rest)) = url.split_once("://") else {
            return Err(bad_url(url, "there is no `://` in it; write `memory://`"));
        };
        let scheme = scheme(name).map_err(|hint| bad_url(url, &hint))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (theirs, ours): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .partition(|pair| scheme.options.contains(&pair_of(pair).0));
        let mut address = format!("{name}://{place}");
        if !theirs.is_empty() {
            address = format!("{address}?{}", theirs.join("&"));
        }
        let mut config = Self::opened(scheme, &address)?;
        for (option, value) in ours.into_iter().map(pair_of) {
            config.set(url, scheme, option, value)?;
        }
        config.checked()
    }

    /// The cache at an address, before any option is looked at.
    fn opened(scheme: &Scheme, address: &str) -> Result<Self, Error> {
        let (name, place) = address.split_once("://").unwrap_or((address, ""));
        match scheme.opens {
            Opens::Memory | Opens::Nothing if !place.trim_matches('/').is_empty() => {
                let hint = format!("`{name}://` takes no host or path; options go behind `?`");
                Err(bad_url(address, &hint))
            }
            Opens::Memory => Ok(Self::default()),
            Opens::Nothing => Ok(Self {
                stores: false,
                ..Self::default()
            }),
            #[cfg(feature = "remote")]
            Opens::Shared(open) => Ok(Self {
                remote: Some(open(address)?),
                ..Self::default()
            }),
            Opens::Missing(feature) => {
                let hint = format!(
                    "`{name}://` needs the feature `{feature}` of cached-core: \
                     `cargo add cached-core --features {feature}`"
                );
                Err(bad_url(address, &hint))
            }
        }
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

    fn set(&mut self, url: &str, scheme: &Scheme, option: &str, value: &str) -> Result<(), Error> {
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
                let known = match scheme.opens {
                    #[cfg(feature = "remote")]
                    Opens::Shared(_) => [OPTIONS, REMOTE_OPTIONS, scheme.options].concat(),
                    _ => OPTIONS.to_vec(),
                };
                let hint = format!("there is no option `{option}`; {}", offer(option, &known));
                return Err(bad_url(url, &hint));
            }
        }
        Ok(())
    }
}

/// `option=value`, or an option alone.
fn pair_of(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Lifetime;

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
