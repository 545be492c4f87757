//! Caches as a deployment describes them: a TOML file, and the environment over it.
//!
//! ```text
//! document      a file's tables, every value with its place
//! environment   CACHED_..., as the tables they amend
//! merge         both, and CACHE_URL, to one Config per cache
//! ```
//!
//! Errors name the place and what to write, and never show a value: it may be a password.

mod document;
mod environment;
mod merge;
mod place;
mod read;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::{Caches, UNNAMED};
use crate::error::Error;
use environment::Environment;

impl Caches {
    /// What `cached.toml`, or the file that `CACHED_CONFIG` names, and the environment say.
    pub(crate) fn load() -> Result<Self, Error> {
        let environment = Environment::of_process();
        let text = match environment.file()? {
            Some(path) => Some(read::named(&path)?),
            None => read::usual()?,
        };
        merge::merge(text.as_ref(), &environment)
    }

    /// What a file and the environment say.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        merge::merge(Some(&read::named(path)?), &Environment::of_process())
    }
}
