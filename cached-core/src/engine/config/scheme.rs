//! Which backend the scheme of a URL opens: one row per backend in [`SCHEMES`].

use super::offer::{near, offer_as};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use crate::backend::sql::Address;
#[cfg(feature = "remote")]
use crate::engine::remote::Settings;
#[cfg(feature = "remote")]
use crate::error::Error;

/// What stands before `://`, and what comes of it.
pub(super) struct Scheme {
    pub(super) names: &'static [&'static str],
    /// The options behind `?` that are for the backend alone. It finds them as they were written;
    /// those of every cache are gone from its URL.
    options: &'static [&'static [&'static str]],
    pub(super) opens: Opens,
}

pub(super) enum Opens {
    /// The memory of this process.
    Memory,
    /// Nothing is stored.
    Nothing,
    /// A shared backend, by the URL without the options of the cache.
    #[cfg(feature = "remote")]
    #[allow(
        dead_code,
        reason = "not where `remote` alone is on, for a backend by code"
    )]
    Shared(fn(&str) -> Result<Settings, Error>),
    /// One that this build lacks, for want of the feature.
    #[allow(dead_code, reason = "nothing is missing where every feature is on")]
    Missing(&'static str),
}

impl Scheme {
    /// The options behind `?` that are for the backend alone.
    pub(super) fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.options.iter().flat_map(|some| some.iter().copied())
    }
}

/// A shared backend if the feature is there.
macro_rules! opens {
    ($feature:tt, $open:expr) => {{
        #[cfg(feature = $feature)]
        {
            Opens::Shared($open)
        }
        #[cfg(not(feature = $feature))]
        {
            Opens::Missing($feature)
        }
    }};
}

/// What an adapter says of its options, if the feature is there.
macro_rules! options {
    ($feature:tt, $options:expr) => {{
        #[cfg(feature = $feature)]
        {
            $options
        }
        #[cfg(not(feature = $feature))]
        {
            &[]
        }
    }};
}

const SCHEMES: &[Scheme] = &[
    Scheme {
        names: &["memory"],
        options: &[],
        opens: Opens::Memory,
    },
    Scheme {
        names: &["dummy"],
        options: &[],
        opens: Opens::Nothing,
    },
    Scheme {
        names: &[
            "redis",
            "rediss",
            "unix",
            "redis+unix",
            "redis+cluster",
            "rediss+cluster",
            "redis+sentinel",
            "rediss+sentinel",
        ],
        options: options!("redis", &[&crate::backend::redis::OPTIONS]),
        opens: opens!("redis", |url| {
            use crate::backend::redis::{Address, Redis};
            let runtime = crate::engine::remote::runtime()?;
            Ok(Settings::redis(Redis::new(&Address::parse(url)?, runtime)))
        }),
    },
    Scheme {
        names: &["memcached", "memcached+unix"],
        options: &[],
        opens: opens!("memcached", |url| {
            crate::backend::memcached(url).map(Settings::new)
        }),
    },
    Scheme {
        names: &["sqlite"],
        options: options!("sqlite", Address::<sqlx::Sqlite>::OPTIONS),
        opens: opens!("sqlite", |url| {
            crate::backend::sqlite(url).map(Settings::new)
        }),
    },
    Scheme {
        names: &["postgres", "postgresql"],
        options: options!("postgres", Address::<sqlx::Postgres>::OPTIONS),
        opens: opens!("postgres", |url| {
            crate::backend::postgres(&spelled("postgres", url)).map(Settings::new)
        }),
    },
    Scheme {
        names: &["mysql", "mariadb"],
        options: options!("mysql", Address::<sqlx::MySql>::OPTIONS),
        opens: opens!("mysql", |url| {
            crate::backend::mysql(&spelled("mysql", url)).map(Settings::new)
        }),
    },
    Scheme {
        names: &["file"],
        options: &[&["max_bytes"]],
        opens: opens!("file", |url| crate::backend::file(url).map(Settings::new)),
    },
];

/// The URL with this scheme in place of one that means the same.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn spelled(scheme: &str, url: &str) -> String {
    let (_, place) = url.split_once("://").unwrap_or(("", url));
    format!("{scheme}://{place}")
}

fn names() -> Vec<&'static str> {
    let names = SCHEMES.iter().flat_map(|scheme| scheme.names);
    names.copied().collect()
}

/// Whether a text is a scheme, or a misspelled one.
pub(super) fn resembles_one(name: &str) -> bool {
    near(name, &names()).is_some()
}

/// Whether an option is for some backend alone, and so stands in URLs only.
#[cfg(feature = "config")]
pub(super) fn is_option(name: &str) -> bool {
    let mut options = SCHEMES.iter().flat_map(Scheme::options);
    options.any(|option| option == name)
}

/// The row of a scheme, or what to write instead of it.
pub(super) fn scheme(name: &str) -> Result<&'static Scheme, String> {
    let found = SCHEMES.iter().find(|scheme| scheme.names.contains(&name));
    found.ok_or_else(|| {
        if let Some(write) = elsewhere(name) {
            return format!("this is no scheme here; {write}");
        }
        let example = near(name, &names()).unwrap_or("memory");
        let hint = offer_as(name, &names(), &format!("CACHE_URL={example}://"));
        format!("this build knows no such scheme; {hint}")
    })
}

/// What to write for a scheme that others have, or that somebody may guess.
pub(super) fn elsewhere(name: &str) -> Option<&'static str> {
    // `tiered:memory://,redis://` and the like.
    Some(match name.split(':').next()? {
        "tiered" | "tiers" | "two-tier" | "layered" | "multi" | "hybrid" | "l1" => {
            "memory in front of a shared backend is an option of that: `redis://host:6379?l1=true`, \
             or where the backend tells of no changes a greatest age, `memcached://host?l1=2s`"
        }
        "valkey" => "Valkey speaks Redis's protocol: write `redis://host:6379`",
        "valkeys" => "Valkey speaks Redis's protocol: write `rediss://host:6379`",
        "locmem" | "mem" | "local" | "ram" => "write `memory://`",
        "db" | "dbcache" | "database" | "sql" => {
            "write `sqlite:///path/of/a.db`, `postgres://..` or `mysql://..`"
        }
        "filebased" | "filesystem" | "dir" | "disk" => "a directory is `file:///var/cache/app`",
        "null" | "none" | "noop" | "off" => "write `dummy://`, which stores nothing",
        _ => return None,
    })
}
