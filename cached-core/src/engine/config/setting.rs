//! Every setting that a deployment can make: one row each, with the same name as option of a URL,
//! as key of a file, as method of the builder, and in capitals in the environment.

#[cfg(feature = "remote")]
use super::value::key;
use super::value::{bytes, millis, number, yes};
use super::{Config, Lifetime};
#[cfg(feature = "remote")]
use crate::codec::{Format, MAX_BYTES};
#[cfg(feature = "remote")]
use crate::engine::remote::{Keep, Settings, is_prefix};

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// What is to be written, for whoever wrote something else.
    takes: &'static str,
    set: Set,
}

/// How it is set; `None` if the text says nothing that it can be.
#[derive(Debug)]
enum Set {
    Every(fn(&mut Config, &str) -> Option<()>),
    /// For shared backends alone.
    #[cfg(feature = "remote")]
    Shared(fn(&mut Settings, &str) -> Option<()>),
    /// For want of the feature.
    #[allow(dead_code, reason = "nothing is missing where every feature is on")]
    Missing(&'static str),
}

/// A setting of shared backends, if the feature is there.
macro_rules! shared {
    ($feature:tt, $set:expr) => {{
        #[cfg(feature = $feature)]
        {
            Set::Shared($set)
        }
        #[cfg(not(feature = $feature))]
        {
            Set::Missing($feature)
        }
    }};
}

/// `ttl` is short for `default_ttl`.
const SHORT: (&str, &str) = ("ttl", "default_ttl");

const SETTINGS: &[Setting] = &[
    Setting {
        name: "capacity",
        takes: "a whole number of entries, 1 at least, as in `10000`",
        set: Set::Every(|config, text| {
            config.bounds.entries = usize::try_from(at_least_one(number(text)?)?).ok()?;
            Some(())
        }),
    },
    Setting {
        name: "weight",
        takes: "a size of at least 1 byte, as in `64MiB`, `1GB`, `512k` or `4096`",
        set: Set::Every(|config, text| {
            config.bounds.weight = Some(at_least_one(bytes(text)?)?);
            Some(())
        }),
    },
    Setting {
        name: "default_ttl",
        takes: "a time of more than 0, as in `5m`, `1h30m`, `300` (seconds), or `forever`",
        set: Set::Every(|config, text| {
            config.default_ttl = lifetime(text)?;
            Some(())
        }),
    },
    Setting {
        name: "name",
        takes: "the name that functions give in `cache = \"name\"`, which is not empty",
        set: Set::Every(|config, text| {
            config.name = Some(text.to_owned()).filter(|name| !name.is_empty());
            config.name.as_ref().map(|_| ())
        }),
    },
    Setting {
        name: "require_shared",
        takes: "`true` or `false`",
        set: Set::Every(|config, text| {
            config.require_shared = yes(text)?;
            Some(())
        }),
    },
    Setting {
        name: "prefix",
        takes: "1 to 20 of the characters `A-Z a-z 0-9 _ - .`",
        set: shared!("remote", |remote, text| {
            remote.prefix = Some(text).filter(|text| is_prefix(text))?.to_owned();
            Some(())
        }),
    },
    Setting {
        name: "timeout",
        takes: "a time of at least 1 ms, as in `100ms`, `2s` or `100` (milliseconds)",
        set: shared!("remote", |remote, text| {
            remote.limits.set_operation(at_least_one(millis(text, 1)?)?);
            Some(())
        }),
    },
    Setting {
        name: "lease",
        takes: "a time of at least 1 ms, as in `10s` or `10000` (milliseconds)",
        set: shared!("remote", |remote, text| {
            remote.limits.lease = at_least_one(millis(text, 1)?)?;
            Some(())
        }),
    },
    Setting {
        name: "lock_cap",
        takes: "a time, as in `60s` or `60000` (milliseconds)",
        set: shared!("remote", |remote, text| {
            remote.limits.lock_cap = millis(text, 1)?;
            Some(())
        }),
    },
    Setting {
        name: "l1",
        takes: "`true` where the backend tells of changes (Redis), else how old a value may be that \
                is kept in memory in front of it, as in `10s` or `10` (seconds); or `false`",
        set: shared!("remote", |remote, text| {
            remote.l1 = match yes(text) {
                Some(yes) => yes.then_some(Keep::WATCHED),
                None => Some(Keep::at_most(age(text)?)),
            };
            Some(())
        }),
    },
    Setting {
        name: "max_value",
        takes: "a size of 1 byte to 256MiB, as in `8MiB`, `512k` or `4096`",
        set: shared!("remote", |remote, text| {
            let bytes = usize::try_from(at_least_one(bytes(text)?)?).ok()?;
            let bytes = Some(bytes).filter(|bytes| *bytes <= MAX_BYTES)?;
            remote.codec = remote.codec.with_max_bytes(bytes);
            Some(())
        }),
    },
    Setting {
        name: "format",
        takes: "`bincode` or `message_pack`, or with the feature of that name `postcard` or `json`",
        set: shared!("remote", |remote, text| {
            remote.codec = remote.codec.with_format(format(text)?);
            Some(())
        }),
    },
    Setting {
        name: "compress",
        takes: "the size from which on values are compressed, as in `4KiB`",
        set: shared!("compress", |remote, text| {
            let from = usize::try_from(bytes(text)?).ok()?;
            remote.codec = remote.codec.with_compression(from);
            Some(())
        }),
    },
    Setting {
        name: "mac_key",
        takes: "32 bytes as 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
        set: shared!("remote", |remote, text| {
            remote.codec = remote.codec.with_mac_key(key(text)?);
            Some(())
        }),
    },
];

impl Setting {
    /// The setting of that name, in full or short.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        let name = if name == SHORT.0 { SHORT.1 } else { name };
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Whether it says something of that cache.
    #[cfg(feature = "config")]
    pub(super) fn concerns(&self, config: &Config) -> bool {
        matches!(self.set, Set::Every(_)) || !config.is_local()
    }

    /// What to write for it.
    pub(super) fn hint(&self) -> String {
        format!("`{}` takes {}", self.name, self.takes)
    }

    /// Whether it could be made of a cache that it concerns; otherwise what to write instead.
    #[cfg(feature = "config")]
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        #[cfg(feature = "remote")]
        if let Set::Shared(set) = self.set {
            let done = set(&mut Settings::local(&crate::time::Clock::System), text);
            return done.ok_or_else(|| self.hint());
        }
        let _ = text;
        Ok(())
    }

    /// Makes the setting; otherwise what to write instead. The hint holds nothing of the text.
    pub(super) fn apply(&self, config: &mut Config, text: &str) -> Result<(), String> {
        let name = self.name;
        let done = match self.set {
            Set::Every(set) => set(config, text),
            #[cfg(feature = "remote")]
            Set::Shared(set) => match &mut config.remote {
                Some(remote) => set(remote, text),
                None => return Err(not_shared(name)),
            },
            Set::Missing(_) if config.is_local() => return Err(not_shared(name)),
            Set::Missing(feature) => {
                return Err(format!(
                    "`{name}` needs the feature `{feature}` of cached-core: \
                     `cargo add cached-core --features {feature}`"
                ));
            }
        };
        done.ok_or_else(|| self.hint())
    }
}

/// The names of the settings that a cache can have.
pub(super) fn names(config: &Config) -> Vec<&'static str> {
    let settings = SETTINGS.iter();
    let known =
        settings.filter(|setting| matches!(setting.set, Set::Every(_)) || !config.is_local());
    known.map(|setting| setting.name).collect()
}

/// Every name that a file or a variable may hold, the short ones too. A cache is named by its table
/// there, or by its variable.
#[cfg(feature = "config")]
pub(super) fn settings_names() -> impl Iterator<Item = &'static str> {
    let names = SETTINGS.iter().map(|setting| setting.name);
    names.filter(|name| *name != "name").chain([SHORT.0])
}

/// A TTL that something can be served for.
pub(super) fn lifetime(text: &str) -> Option<Lifetime> {
    if text == "forever" {
        return Some(Lifetime::FOREVER);
    }
    age(text)
}

/// A time that has an end.
pub(super) fn age(text: &str) -> Option<Lifetime> {
    millis(text, 1_000).and_then(at_least_one).map(Lifetime)
}

fn at_least_one(number: u64) -> Option<u64> {
    Some(number).filter(|number| *number > 0)
}

fn not_shared(name: &str) -> String {
    format!("`{name}` is for shared backends, such as `redis://`")
}

#[cfg(feature = "remote")]
fn format(text: &str) -> Option<Format> {
    match text {
        "bincode" => Some(Format::Bincode),
        "message_pack" => Some(Format::MessagePack),
        #[cfg(feature = "postcard")]
        "postcard" => Some(Format::Postcard),
        #[cfg(feature = "json")]
        "json" => Some(Format::Json),
        _ => None,
    }
}
