//! Tables of databases, and directories, as a URL spells them.

use super::{Config, OPTIONS, REMOTE_OPTIONS, bad_url};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use crate::engine::remote::Settings;
use crate::error::Error;

impl Config {
    /// A table of a database, or a directory. The options of the cache are ours; what is left is the
    /// adapter's.
    pub(super) fn sql<'u>(
        url: &str,
        scheme: &str,
        path: &str,
        pairs: impl Iterator<Item = &'u str>,
    ) -> Result<Self, Error> {
        let is_ours = |pair: &&str| {
            let (option, _) = pair.split_once('=').unwrap_or((pair, ""));
            OPTIONS.contains(&option) || REMOTE_OPTIONS.contains(&option)
        };
        let (ours, theirs): (Vec<&str>, Vec<&str>) = pairs.partition(is_ours);
        let feature = match scheme {
            "postgresql" => "postgres",
            "mariadb" => "mysql",
            scheme => scheme,
        };
        let address = format!("{feature}://{path}?{}", theirs.join("&"));
        let Some(config) = Self::on_table(feature, &address) else {
            let hint = format!(
                "`{scheme}://` needs the feature `{feature}` of cached-core: \
                 `cargo add cached-core --features {feature}`"
            );
            return Err(bad_url(url, &hint));
        };
        let mut config = config?;
        config.set_all(url, ours.into_iter())?;
        config.checked()
    }

    /// The adapter for this scheme, if this build has it.
    fn on_table(scheme: &str, _address: &str) -> Option<Result<Self, Error>> {
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        use crate::backend;
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => Some(backend::sqlite(_address).map(Self::on)),
            #[cfg(feature = "file")]
            "file" => Some(backend::file(_address).map(Self::on)),
            #[cfg(feature = "postgres")]
            "postgres" => Some(backend::postgres(_address).map(Self::on)),
            #[cfg(feature = "mysql")]
            "mysql" => Some(backend::mysql(_address).map(Self::on)),
            _ => None,
        }
    }

    /// A cache on this backend.
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    fn on(backend: impl crate::backend::Backend) -> Self {
        Self {
            remote: Some(Settings::new(backend)),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fault(url: &str) -> String {
        let opened = Config::from_url(url);
        opened.expect_err("the URL is malformed").to_string()
    }

    #[test]
    fn databases_take_the_options_of_caches_and_their_own() {
        for (feature, url) in [
            (
                "sqlite",
                "sqlite:///tmp/a.db?create=true&prefix=shop&timeout=50",
            ),
            (
                "postgres",
                "postgresql://u:hunter2@host/db?sslmode=disable&default_ttl=5",
            ),
            (
                "mysql",
                "mariadb://u:hunter2@host/db?table=cells&max_value=1000",
            ),
            (
                "file",
                "file:///tmp/cached-nowhere?max_bytes=2000000&lease=500",
            ),
        ] {
            match Config::from_url(url) {
                Ok(config) => assert_eq!(config.bounds.weight, None, "{url}"),
                Err(fault) => assert!(fault.to_string().contains(&format!("`{feature}`"))),
            }
            let said = fault(&format!("{url}&nonsense=1"));
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
