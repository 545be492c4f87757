//! How a URL spells a cache: `scheme://place?option=value&…`.
//!
//! Of a URL, errors show the scheme alone: any other part may be a password, or a piece of one
//! that was not percent-encoded. For the same reason they show no option that is not a known one.

use super::offer::offer;
use super::scheme::{Opens, Scheme, elsewhere, resembles_one, scheme};
use super::setting::{self, Setting};
use super::value::percent_decoded;
use super::{Config, require_shared};
use crate::error::{Error, ErrorKind};

/// What a URL says, before the options are applied.
pub(super) struct Parsed {
    pub(super) config: Config,
    options: Vec<(&'static Setting, String)>,
    shown: String,
}

impl Config {
    /// Reads `memory://?capacity=1000&default_ttl=1m` and the like. What `CACHED_REQUIRE_SHARED`
    /// says holds unless the URL says otherwise.
    pub(crate) fn from_url(url: &str) -> Result<Self, Error> {
        let mut parsed = Parsed::of(url)?;
        parsed.config.require_shared = require_shared()?;
        parsed.finish()?.checked().map_err(|wrong| {
            let message = format!("cache URL `{}`: {wrong}", shown(url));
            Error::new(wrong.kind(), message)
        })
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
                let tls = name.starts_with("rediss");
                let feature = if tls { "redis-tls" } else { feature };
                let hint = format!(
                    "`{name}://` needs the feature `{feature}` of cached-core: \
                     `cargo add cached-core --features {feature}`"
                );
                Err(bad_url(address, &hint))
            }
        }
    }
}

impl Parsed {
    pub(super) fn of(url: &str) -> Result<Self, Error> {
        let Some((name, rest)) = url.split_once("://") else {
            return Err(bad_url(url, &without_slashes(url)));
        };
        let scheme = scheme(name).map_err(|hint| bad_url(url, &hint))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if query.contains(['@', '#', '?']) {
            let hint = "user, password and options are percent-encoded: `/` is written `%2F`, `?` \
                        `%3F`, `@` `%40`, `#` `%23`";
            return Err(bad_url(url, hint));
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<(&str, &str)> = pairs.map(pair_of).collect();
        no_repetition(&pairs).map_err(|hint| bad_url(url, &hint))?;
        let (theirs, ours): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .partition(|(option, _)| scheme.options().any(|own| own == *option));
        let query: Vec<String> = theirs
            .iter()
            .map(|(o, value)| format!("{o}={value}"))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let address = format!("{name}://{place}{mark}{}", query.join("&"));
        let config = Config::opened(scheme, &address)?;
        let options = ours.into_iter().map(|(option, value)| {
            let known = Setting::of(option).ok_or_else(|| no_option(option, scheme, &config))?;
            let value = percent_decoded(value).ok_or_else(not_decoded)?;
            Ok((known, value))
        });
        let options = options.collect::<Result<_, String>>();
        Ok(Self {
            options: options.map_err(|hint| bad_url(url, &hint))?,
            shown: shown(url),
            config,
        })
    }

    /// Whether the URL makes the setting of that name.
    #[cfg(feature = "config")]
    pub(super) fn states(&self, name: &str) -> bool {
        let mut stated = self.options.iter();
        stated.any(|(setting, _)| setting.name == name)
    }

    /// The cache with every option of the URL.
    pub(super) fn finish(mut self) -> Result<Config, Error> {
        for (setting, value) in &self.options {
            let applied = setting.apply(&mut self.config, value);
            applied.map_err(|hint| fault(&self.shown, &hint))?;
        }
        Ok(self.config)
    }
}

/// What to write where no `://` says what the scheme is.
fn without_slashes(url: &str) -> String {
    let name = url.split(':').next().unwrap_or_default();
    match scheme(name) {
        _ if url.is_empty() => {
            "it is empty; write `memory://`, or for example `redis://127.0.0.1:6379`".to_owned()
        }
        Ok(_) if url.contains(':') && name != "memory" => {
            format!("there is no `://` in it; write it as in `{name}://…`")
        }
        Err(hint) if elsewhere(name).is_some() => hint,
        _ => "there is no `://` in it; write `memory://`, or for example `redis://127.0.0.1:6379`"
            .to_owned(),
    }
}

/// `option=value`, or an option alone.
fn pair_of(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

fn no_repetition(pairs: &[(&str, &str)]) -> Result<(), String> {
    let name = |option| Setting::of(option).map_or(option, |setting| setting.name);
    for (at, (option, _)) in pairs.iter().enumerate() {
        if pairs[..at]
            .iter()
            .any(|(before, _)| name(*before) == name(option))
        {
            let what = Setting::of(option).map_or("an option", |setting| setting.name);
            return Err(format!("`{what}` is in it twice; leave one of them"));
        }
    }
    Ok(())
}

fn no_option(option: &str, scheme: &Scheme, config: &Config) -> String {
    let own = scheme.options();
    let known: Vec<&str> = setting::names(config).into_iter().chain(own).collect();
    format!("an option in it is unknown; {}", offer(option, &known))
}

fn not_decoded() -> String {
    "a `%` begins two hex digits, and what they spell is UTF-8; `%` itself is written `%25`".into()
}

/// The scheme of a URL, unless it may be something else.
fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) if resembles_one(scheme) => {
            let rest = if rest.is_empty() { "" } else { "…" };
            format!("{scheme}://{rest}")
        }
        _ => "…".to_owned(),
    }
}

fn bad_url(url: &str, hint: &str) -> Error {
    fault(&shown(url), hint)
}

fn fault(shown: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Url, format!("cache URL `{shown}`: {hint}"))
}

#[cfg(test)]
mod tests;
