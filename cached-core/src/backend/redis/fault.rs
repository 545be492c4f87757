//! What can go wrong with a Redis, in the words of whoever has to mend it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use redis::RedisError;

use crate::error::{Error, ErrorKind};

/// An [`Error`] that can be copied: one failed attempt to connect fails every operation that
/// waited for it.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    kind: ErrorKind,
    message: Arc<str>,
    source: Option<Box<RedisError>>,
}

/// The server of a cluster that another one names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub(super) address: (String, u16),
    pub(super) slot: usize,
    /// Whether it is named for one operation: the slot is under way.
    pub(super) for_once: bool,
}

impl Fault {
    /// A fault that no error of the client stands behind. `at` is the server, without credentials.
    pub(super) fn new(kind: ErrorKind, at: &str, what: impl fmt::Display) -> Self {
        Self {
            kind,
            message: format!("redis at {at}: {what}").into(),
            source: None,
        }
    }

    /// The connection ended while something was asked.
    pub(super) fn lost(at: &str) -> Self {
        let what = "the connection was lost; it is being made anew";
        Self::new(ErrorKind::Unavailable, at, what)
    }

    /// Something that answers, but not as a Redis would.
    pub(super) fn unexpected(at: &str, command: &str, answer: &redis::Value) -> Self {
        // Its shape only: an answer may hold the user's data.
        let shape = match answer {
            redis::Value::Nil => "nothing",
            redis::Value::Int(_) => "a number",
            redis::Value::BulkString(_) => "bytes",
            redis::Value::Array(_) => "an array",
            redis::Value::Okay | redis::Value::SimpleString(_) => "a status",
            _ => "something else",
        };
        let what = format!(
            "`{command}` was answered with {shape}; is something else than Redis or Valkey \
             between here and the server?"
        );
        Self::new(ErrorKind::Protocol, at, what)
    }

    /// What the client says of an operation.
    pub(super) fn of(error: RedisError, at: &str) -> Self {
        let (kind, what) = explain(&error);
        Self {
            source: Some(Box::new(error)),
            ..Self::new(kind, at, what)
        }
    }

    /// What the client says of an attempt to connect.
    pub(super) fn of_connecting(error: RedisError, at: &str) -> Self {
        let (kind, what) = explain_connecting(&error).unwrap_or_else(|| explain(&error));
        Self {
            source: Some(Box::new(error)),
            ..Self::new(kind, at, what)
        }
    }

    /// What a sentinel says of a question.
    pub(super) fn of_sentinel(error: RedisError, at: &str) -> Self {
        if error
            .detail()
            .is_some_and(|detail| detail.contains("unknown command"))
        {
            let what = "this is no sentinel; name the sentinels in the URL, or write `redis://` \
                        for a server";
            return Self::new(ErrorKind::Config, at, what);
        }
        Self::of(error, at)
    }

    /// What the server says of the database that the URL names.
    pub(super) fn of_selecting(error: RedisError, database: i64, at: &str) -> Self {
        let (kind, what) = match error.detail() {
            Some(detail) if detail.contains("out of range") => (
                ErrorKind::Config,
                format!(
                    "there is no database {database}; lower the number at the end of the URL, or \
                     raise `databases` in redis.conf"
                ),
            ),
            _ => explain(&error),
        };
        Self {
            source: Some(Box::new(error)),
            ..Self::new(kind, at, what)
        }
    }

    /// The word with which the server's error began.
    pub(super) fn code(&self) -> Option<&str> {
        code_of(self.source.as_ref()?)
    }

    /// The same, of a server that may have been a primary before: a replica is as good as gone.
    pub(super) fn or_demoted(self) -> Self {
        match self.code() {
            Some("READONLY") => Self {
                kind: ErrorKind::Unavailable,
                ..self
            },
            _ => self,
        }
    }

    /// Where the refusal of the server at `at` says that the key is.
    pub(super) fn names_another(&self, at: &str) -> Option<Elsewhere> {
        let (place, slot) = self.source.as_ref()?.redirect_node()?;
        let (host, port) = place.rsplit_once(':')?;
        let own = at.rsplit_once(':').map_or(at, |(host, _)| host);
        let host = match host {
            "" | "?" => own,
            host => host,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(Elsewhere {
            address: (host.to_owned(), port.parse().ok()?),
            slot: slot.into(),
            for_once: self.code() == Some("ASK"),
        })
    }

    /// Whether the server says that the key is elsewhere.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self.code(), Some("MOVED" | "ASK"))
    }

    /// Whether the server did not understand the command, so that an older spelling may do.
    pub(super) fn is_syntax(&self) -> bool {
        let detail = self.source.as_ref().and_then(|source| source.detail());
        detail.is_some_and(|detail| detail.contains("syntax error"))
    }

    /// Whether the server still reads but takes no writes for now, and is no replica: what it
    /// holds is up to date.
    pub(super) fn refuses_writes(&self) -> bool {
        matches!(self.code(), Some("OOM" | "MISCONF" | "NOREPLICAS"))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Self::new(fault.kind, &*fault.message);
        match fault.source {
            Some(source) => error.caused_by(*source),
            None => error,
        }
    }
}

/// Faults that mean something else before a connection stands than after.
fn explain_connecting(error: &RedisError) -> Option<(ErrorKind, String)> {
    if error.kind() == redis::ErrorKind::RESP3NotSupported {
        let what = "it does not know HELLO; Redis 6 or newer, or Valkey, is needed (a proxy in \
                    between may be what is too old)";
        return Some((ErrorKind::Protocol, what.to_owned()));
    }
    explain_unreachable(error)
}

/// Faults below the protocol.
fn explain_unreachable(error: &RedisError) -> Option<(ErrorKind, String)> {
    let fault = io_error(error)?;
    let what = match fault.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there; start the server, or correct \
             the host and port of the URL"
            .to_owned(),
        io::ErrorKind::NotFound => "there is no such socket; start the server with `unixsocket`, \
             or correct the path of the URL"
            .to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not open the socket; see `unixsocketperm` \
             in redis.conf"
            .to_owned(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "it closed the connection before it answered; if it is a Redis, it speaks TLS where the \
             URL says `redis://`, or none where it says `rediss://`"
                .to_owned()
        }
        // What rustls says when the other side does not speak TLS, or has a wrong certificate.
        io::ErrorKind::InvalidData => format!(
            "TLS failed: {fault}; if the port does not speak TLS write `redis://`, if its \
             certificate is your own authority's name that in SSL_CERT_FILE"
        ),
        _ => format!("it cannot be reached: {fault}; correct the host and port of the URL"),
    };
    Some((ErrorKind::Unavailable, what))
}

/// Kind and text of a fault, with what to do about it.
fn explain(error: &RedisError) -> (ErrorKind, String) {
    if let Some(code) = code_of(error) {
        return explain_code(code, error);
    }
    match error.kind() {
        redis::ErrorKind::Parse => (
            ErrorKind::Protocol,
            "what answers there does not speak Redis's protocol; correct the host and port of the \
             URL"
            .to_owned(),
        ),
        redis::ErrorKind::AuthenticationFailed => denied(error),
        redis::ErrorKind::InvalidClientConfig => (ErrorKind::Config, error.to_string()),
        redis::ErrorKind::Io => (
            ErrorKind::Unavailable,
            format!("the connection was lost: {error}"),
        ),
        _ => (ErrorKind::Protocol, error.to_string()),
    }
}

/// Kind and text of what the server itself refused.
fn explain_code(code: &str, error: &RedisError) -> (ErrorKind, String) {
    let detail = error.detail().unwrap_or_default();
    let (kind, fix) = match code {
        "WRONGPASS" | "NOAUTH" => return denied(error),
        "ERR" if detail.contains("AUTH") => return denied(error),
        "ERR" if detail.contains("max number of clients") => (
            ErrorKind::Unavailable,
            "the server is at its `maxclients`; raise it, or look for who leaks connections",
        ),
        "ERR" if detail.contains("cluster support disabled") => (
            ErrorKind::Config,
            "this server is in no cluster; write `redis://` in the URL",
        ),
        code => fix(code).unwrap_or((ErrorKind::Protocol, "the server refused a command")),
    };
    (kind, format!("{fix} ({code} {detail})"))
}

/// What to do about the errors that begin with a word of their own.
fn fix(code: &str) -> Option<(ErrorKind, &'static str)> {
    Some(match code {
        "NOPERM" => (
            ErrorKind::Denied,
            "grant the user the command and the key pattern with ACL SETUSER",
        ),
        "DENIED" => (
            ErrorKind::Denied,
            "the server is in protected mode: set a password there and put it into the URL, or \
             bind the server to an address that only friends reach",
        ),
        "OOM" => (
            ErrorKind::Full,
            "the server is full and may evict nothing: raise `maxmemory`, or set \
             `maxmemory-policy allkeys-lru`",
        ),
        "READONLY" => (
            ErrorKind::ReadOnly,
            "this is a replica; name its primary in the URL",
        ),
        "MISCONF" | "NOREPLICAS" => (
            ErrorKind::ReadOnly,
            "the server refuses writes until its disk or its replicas are back",
        ),
        "MOVED" | "ASK" | "TRYAGAIN" => (
            ErrorKind::Unavailable,
            "the servers of the cluster do not agree on who has this key; wait",
        ),
        "LOADING" | "BUSY" | "CLUSTERDOWN" | "MASTERDOWN" => {
            (ErrorKind::Unavailable, "the server is not ready; wait")
        }
        "WRONGTYPE" => (
            ErrorKind::Protocol,
            "something else than this cache writes there; use a database of its own",
        ),
        _ => return None,
    })
}

/// A user or password that is wrong or missing.
fn denied(error: &RedisError) -> (ErrorKind, String) {
    let said = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    };
    let what = match error.code() {
        Some("NOAUTH") => {
            "it asks for a password; write `redis://:password@host` or \
                           `redis://user:password@host`"
        }
        _ => {
            "it refuses this user and password; correct them in the URL (a character of \
              `:/?#[]@%` in them is percent-encoded)"
        }
    };
    (ErrorKind::Denied, format!("{what} ({said})"))
}

/// The operating system's error inside of the client's.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    let source = error.source()?;
    // The client keeps it behind an `Arc`, which is an error type of its own.
    let shared = source.downcast_ref::<Arc<dyn StdError + Send + Sync>>();
    match shared {
        Some(shared) => shared.downcast_ref(),
        None => source.downcast_ref(),
    }
}

/// Whether the connection cannot be used after this error.
pub(super) fn ends_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        // Its primary has writes that this server has not seen: nothing here may be believed.
        || code_of(error) == Some("READONLY")
}

/// The word with which the server's error began. Before Redis 7 a command that is refused inside of
/// a script is an `ERR` that ends in what the command said.
fn code_of(error: &RedisError) -> Option<&str> {
    let code = error.code()?;
    let detail = error.detail().filter(|_| code == "ERR");
    let inner = detail.and_then(|detail| {
        let (_, refusal) = detail
            .strip_prefix("Error running script")?
            .rsplit_once(": -")?;
        refusal.split(' ').next()
    });
    Some(inner.unwrap_or(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> RedisError {
        let parsed = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
        match parsed.and_then(redis::Value::extract_error) {
            Err(error) => error,
            Ok(value) => panic!("{value:?} is no refusal"),
        }
    }

    #[test]
    fn what_a_script_was_refused_is_seen_through_the_scripts_own_error() {
        let inside = |said: &str| {
            refusal(&format!(
                "ERR Error running script (call to f_0c31): @user_script:3: @user_script: 3: {said}"
            ))
        };
        let full = inside("-OOM command not allowed when used memory > 'maxmemory'.");
        assert_eq!(explain(&full).0, ErrorKind::Full);
        assert!(!ends_connection(&full));
        let replica = inside("-READONLY You can't write against a read only replica.");
        assert_eq!(explain(&replica).0, ErrorKind::ReadOnly);
        assert!(ends_connection(&replica));
        assert_eq!(
            code_of(&inside("attempt to index a nil value")),
            Some("ERR")
        );
        assert_eq!(code_of(&refusal("ERR no: -such command")), Some("ERR"));
        assert!(ends_connection(&refusal("READONLY You can't write")));
    }
}
