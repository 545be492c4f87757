//! Where something was written.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// Where a setting was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File {
        name: Arc<str>,
        /// From 1, as editors count.
        line: usize,
        column: usize,
    },
    Variable(String),
}

impl Place {
    /// The place of a byte of a text.
    pub(super) fn of(name: &Arc<str>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self::File {
            name: Arc::clone(name),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }

    /// An error of what is written here.
    pub(super) fn fault(&self, hint: &str) -> Error {
        Error::new(ErrorKind::Config, format!("{self}: {hint}"))
    }

    /// The same error, with the place before it.
    pub(super) fn located(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("{self}: {error}"))
    }
}

/// `cached.toml:3:7`, or the name of the variable.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
