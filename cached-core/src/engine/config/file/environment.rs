//! What the environment says: `CACHED_<SETTING>` of every cache, `CACHED_CACHES_<NAME>_<SETTING>`
//! of one, `CACHED_CONFIG` the file, and `CACHE_URL` the unnamed cache.

use std::ffi::OsString;
use std::path::PathBuf;

use super::super::offer::{near, offer};
use super::super::setting::{Setting, settings_names};
use super::super::{NOT_REQUIRE_SHARED, REQUIRE_SHARED};
use super::UNNAMED;
use super::document::{Document, Said};
use super::place::Place;
use crate::error::Error;

const PREFIX: &str = "CACHED_";
const ONE: &str = "CACHES_";
const FILE: &str = "CONFIG";

/// The variables that concern caches.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Without `CACHED_`.
    ours: Vec<(String, OsString)>,
    url: Option<OsString>,
    /// Whether one is there that says nothing, and that nobody else has.
    mistaken: bool,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    pub(super) fn of(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            match name.to_str() {
                Some("CACHE_URL") => environment.url = Some(value),
                Some(NOT_REQUIRE_SHARED) => environment.mistaken = true,
                Some(name) => {
                    let ours = name.strip_prefix(PREFIX);
                    let ours = ours.map(|name| (name.to_owned(), value));
                    environment.ours.extend(ours);
                }
                None => {}
            }
        }
        environment.ours.sort();
        environment
    }

    /// The file that is to be read, if one is named.
    pub(super) fn file(&self) -> Result<Option<PathBuf>, Error> {
        let named = self.ours.iter().find(|(name, _)| name == FILE);
        let Some((_, path)) = named else {
            return Ok(None);
        };
        if path.is_empty() {
            let hint = "it is empty; name a file, or unset it to use `cached.toml`";
            return Err(variable(FILE).fault(hint));
        }
        Ok(Some(path.into()))
    }

    /// What `CACHE_URL` says.
    pub(super) fn url(&self) -> Result<Option<(String, Place)>, Error> {
        let place = Place::Variable("CACHE_URL".to_owned());
        let Some(url) = &self.url else {
            return Ok(None);
        };
        match url.to_str() {
            Some(url) => Ok(Some((url.trim().to_owned(), place))),
            None => Err(place.fault("it is not valid Unicode; write for example `memory://`")),
        }
    }

    /// What is said of the caches of that document, and of further ones, in the form of a document.
    pub(super) fn document(&self, file: &Document) -> Result<Document, Error> {
        if self.mistaken {
            let place = Place::Variable(NOT_REQUIRE_SHARED.to_owned());
            return Err(place.fault(&format!("did you mean `{REQUIRE_SHARED}`?")));
        }
        let mut caches: Vec<String> = file.caches.keys().cloned().collect();
        caches.push(UNNAMED.to_owned());
        for (name, _) in &self.ours {
            let new = name
                .strip_prefix(ONE)
                .and_then(|name| name.strip_suffix("_URL"));
            let new = new.filter(|new| !caches.iter().any(|known| in_capitals(known) == *new));
            caches.extend(
                new.filter(|new| !new.is_empty())
                    .map(str::to_ascii_lowercase),
            );
        }
        let mut document = Document::default();
        for (name, value) in self.ours.iter().filter(|(name, _)| name != FILE) {
            let place = variable(name);
            let text = || match value.to_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(place.fault("it is not valid Unicode")),
            };
            match Meant::by(name, &caches).map_err(|hint| place.fault(&hint))? {
                Meant::Nothing => {}
                Meant::Every(setting) => {
                    let (text, place) = (text()?, place.clone());
                    let said = Said {
                        setting,
                        text,
                        place,
                    };
                    document.defaults.say(said, &variable(name))?;
                }
                Meant::Url(cache) => {
                    let section = document.caches.entry(cache).or_default();
                    section.url = Some((text()?.trim().to_owned(), place));
                }
                Meant::One(cache, setting) => {
                    let (text, place) = (text()?, place.clone());
                    let said = Said {
                        setting,
                        text,
                        place,
                    };
                    let section = document.caches.entry(cache).or_default();
                    section.say(said, &variable(name))?;
                }
            }
        }
        Ok(document)
    }
}

fn variable(name: &str) -> Place {
    Place::Variable(format!("{PREFIX}{name}"))
}

/// A cache's name as a variable holds it.
fn in_capitals(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars()
        .map(legal)
        .collect::<String>()
        .to_ascii_uppercase()
}

/// What a variable is about.
enum Meant {
    /// Something else altogether: others may begin their variables with `CACHED_` too.
    Nothing,
    Every(&'static Setting),
    Url(String),
    One(String, &'static Setting),
}

impl Meant {
    /// Of a name without `CACHED_`; otherwise what it was most likely meant to be.
    fn by(name: &str, caches: &[String]) -> Result<Self, String> {
        if let Some(one) = name.strip_prefix(ONE) {
            return Self::one(one, caches);
        }
        let key = name.to_ascii_lowercase();
        if let Some(setting) = in_environment(&key) {
            return Ok(Self::Every(setting));
        }
        if name == "URL" || name == "CACHE_URL" {
            return Err("the unnamed cache's URL is in `CACHE_URL`".to_owned());
        }
        if let Some(rest) = name.strip_prefix("CACHE_") {
            return Err(format!("did you mean `{PREFIX}{ONE}{rest}`?"));
        }
        let known: Vec<&str> = settings_names().chain(["config"]).collect();
        match near(&key, &known) {
            Some(near) => {
                let near = near.to_ascii_uppercase();
                Err(format!(
                    "there is no such setting; did you mean `{PREFIX}{near}`?"
                ))
            }
            None => Ok(Self::Nothing),
        }
    }

    fn one(name: &str, caches: &[String]) -> Result<Self, String> {
        for cache in caches {
            let rest = name.strip_prefix(&in_capitals(cache));
            let Some(key) = rest.and_then(|rest| rest.strip_prefix('_')) else {
                continue;
            };
            let key = key.to_ascii_lowercase();
            match in_environment(&key) {
                _ if key == "url" => return Ok(Self::Url(cache.clone())),
                Some(setting) => return Ok(Self::One(cache.clone(), setting)),
                None => {}
            }
        }
        let known = settings_names().chain(["url"]).collect::<Vec<_>>();
        let part = |cache: &String| name.strip_prefix(&in_capitals(cache))?.strip_prefix('_');
        Err(match caches.iter().find_map(part) {
            Some(key) => format!(
                "there is no such setting; {}",
                offer(&key.to_ascii_lowercase(), &known)
            ),
            None => format!(
                "there is no such cache; known are `{}`, and one more is described by its URL, as \
                 in `CACHED_CACHES_SESSIONS_URL`",
                caches.join("`, `")
            ),
        })
    }
}

/// The setting of that name, unless it is a name itself: a cache is named by its variable.
fn in_environment(key: &str) -> Option<&'static Setting> {
    Setting::of(key).filter(|setting| setting.name != "name")
}
