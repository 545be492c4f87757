//! What can go wrong with a memcached, in the words of whoever has to mend it.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// An [`Error`] that can be copied: one failed attempt to connect fails every operation that
/// waited for it.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    kind: ErrorKind,
    message: Arc<str>,
    source: Option<Arc<io::Error>>,
}

impl Fault {
    /// A fault of the server at this place.
    pub(super) fn new(kind: ErrorKind, at: &str, what: impl fmt::Display) -> Self {
        Self {
            kind,
            message: format!("memcached at {at}: {what}").into(),
            source: None,
        }
    }

    /// The connection ended while something was asked.
    pub(super) fn lost(at: &str) -> Self {
        let what = "the connection was lost; the next operation makes it anew";
        Self::new(ErrorKind::Unavailable, at, what)
    }

    /// The connection failed.
    pub(super) fn of_io(error: io::Error, at: &str) -> Self {
        let what = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there; start the server, or \
                correct the host and port of the URL"
                .to_owned(),
            io::ErrorKind::NotFound => "there is no such socket; start the server with `-s`, or \
                correct the path of the URL"
                .to_owned(),
            io::ErrorKind::PermissionDenied => {
                "this user may not open the socket; see `-a` of memcached".to_owned()
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                return Self::lost(at).caused_by(error);
            }
            _ => format!("it cannot be reached: {error}; correct the host and port of the URL"),
        };
        Self::new(ErrorKind::Unavailable, at, what).caused_by(error)
    }

    /// Nothing came for so long.
    pub(super) fn silent(at: &str, seconds: u64) -> Self {
        let what = format!(
            "no answer within {seconds} s; is the server stopped, overloaded, at its limit of \
             connections (`-c`) or behind a firewall, or elsewhere than the URL says?"
        );
        Self::new(ErrorKind::Unavailable, at, what)
    }

    /// Something that answers, but not as a memcached would. `got` is no user's data.
    pub(super) fn unexpected(at: &str, command: &str, got: &str) -> Self {
        // Whatever answers there may send anything.
        let got: String = got.chars().take(60).collect();
        let what = format!(
            "`{command}` was answered with `{}`; is something else than memcached there, or \
             between here and the server?",
            got.escape_default()
        );
        Self::new(ErrorKind::Protocol, at, what)
    }

    /// What the server itself refused: a line that begins with `SERVER_ERROR`, `CLIENT_ERROR` or
    /// `ERROR`.
    pub(super) fn refused(at: &str, command: &str, line: &str) -> Self {
        let (kind, fix) = if line.contains("out of memory") {
            let fix = "it has no room and may evict nothing: raise its `-m`, or start it without \
                       `-M`";
            (ErrorKind::Full, fix)
        } else if line.contains("too large") {
            (ErrorKind::TooLarge, "the value is over its `-I`; raise it")
        } else if line.contains("unauthenticated") || line.contains("authentication") {
            let fix = "it asks for a login (`-Y` or `-S`), which this client does not send; start \
                       it without, and let only trusted hosts reach it";
            (ErrorKind::Denied, fix)
        } else if line.starts_with("SERVER_ERROR") {
            (ErrorKind::Unavailable, "the server failed")
        } else {
            return Self::unexpected(at, command, line);
        };
        Self::new(kind, at, format!("{fix} (`{}`)", line.escape_default()))
    }

    /// A cell that no item of the server can hold.
    pub(super) fn too_large(at: &str, bytes: usize, limit: Option<usize>) -> Self {
        let limit = match limit {
            Some(limit) => format!("{limit} bytes"),
            None => "what one item may have".to_owned(),
        };
        let what = format!(
            "the encoded value has {bytes} bytes, which with its key is over the server's limit \
             of {limit}; start it with a larger `-I`, such as `-I 8m`, or cache less at once"
        );
        Self::new(ErrorKind::TooLarge, at, what)
    }

    /// The same, with what led to it.
    fn caused_by(mut self, source: io::Error) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What kind of fault it is.
    pub(super) fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Self::new(fault.kind, &*fault.message);
        match fault.source {
            Some(source) => error.caused_by(source),
            None => error,
        }
    }
}
