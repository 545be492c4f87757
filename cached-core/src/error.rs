//! The one error type of the public API: what went wrong, where, and what to do about it.
//!
//! A cached function never returns it: cache faults become misses, counters and one report.
//! It comes from the low-level handle, from configuration and from [`check`](crate::check).

use std::error::Error as StdError;
use std::fmt;

/// What kind of thing went wrong; match on it to react, print the [`Error`] to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is empty, or a part of it could not be serialised.
    Key,
    /// A TTL is negative, not a number of milliseconds that fits, or otherwise unusable.
    Ttl,
    /// No live value is under the key, and the operation needs one.
    NotFound,
    /// The stored value is of another type than the operation needs.
    WrongType,
    /// A counter would leave the range of `i64`.
    Overflow,
    /// A cache URL is malformed, or names an unknown scheme or option, or one twice.
    Url,
    /// No cache of that name was installed.
    UnknownCache,
    /// A cache is in use already, so another cannot silently take its place.
    AlreadyInstalled,
    /// A builder was given a bound or duration that cannot work, or a configuration says what it
    /// cannot mean.
    Config,
    /// A value is heavier than the cache allows for one entry.
    TooLarge,
    /// A value's `Serialize` implementation failed.
    Unencodable,
    /// A backend cannot be reached, or the connection to it was lost.
    Unavailable,
    /// A backend did not answer in time; what was asked of it may or may not have happened.
    Timeout,
    /// A backend refuses this user, password or command.
    Denied,
    /// A backend has no room and may evict nothing.
    Full,
    /// A backend takes no writes, because it is a replica.
    ReadOnly,
    /// Whatever answers is not the backend it should be.
    Protocol,
    /// This backend has no such operation.
    Unsupported,
    /// Others changed the value at every try to change it.
    Contended,
    /// Somebody else held the lock for as long as one would wait.
    Locked,
}

/// An error of the cache itself. Its text says what to do next.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind; for backends. The message says what to do next.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The same, with what led to it.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The kind, the text as it is, for it may have several lines, and what led to it: a `main` that
/// returns the error prints this.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)?;
        match &self.source {
            Some(source) if !self.message.contains(&source.to_string()) => {
                write!(f, " (caused by: {source})")
            }
            _ => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};

    #[test]
    fn what_main_prints_of_an_error_can_be_read() {
        let error = Error::new(ErrorKind::Config, "write \"a\"\nor \"b\"");
        assert_eq!(format!("{error:?}"), "Config: write \"a\"\nor \"b\"");
        let led = Error::new(ErrorKind::Url, "no file").caused_by(error);
        let shown = format!("{led:?}");
        assert_eq!(shown, "Url: no file (caused by: write \"a\"\nor \"b\")");
        let told = Error::new(ErrorKind::Url, "no file (denied)").caused_by(led);
        let told = Error::new(ErrorKind::Url, told.to_string()).caused_by(told);
        assert_eq!(format!("{told:?}"), "Url: no file (denied)");
    }
}
