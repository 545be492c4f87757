//! What a server says of itself when a connection begins.

use redis::Value;

use crate::error::ErrorKind;

/// A server as one connection found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// `redis`, `valkey`, or what else it calls itself.
    pub(super) name: String,
    /// As it spells it; empty if it does not tell.
    pub(super) version: String,
    /// What every key of this connection ends in.
    pub(super) scope: Scope,
    /// Whether it tells of changed keys.
    pub(super) pushes: bool,
}

/// What sets the keys of one run of a server apart from those of the run before.
///
/// A server that restarts from a snapshot brings back values that were invalidated since; under
/// another scope nobody asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    suffix: String,
    known: bool,
}

/// Which conditional writes the server knows; each knows those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Dialect {
    /// Scripts only.
    Lua,
    /// `SET … NX GET`, from Redis 7.0 on and in every Valkey.
    SetGet,
    /// `SET … IFEQ`, from Valkey 8.1 and Redis 8.4 on.
    IfEq,
}

impl Scope {
    /// Bytes that a scope adds to a key.
    pub(super) const LEN: usize = 9;

    /// The scope of this run; `None` if the server does not tell which it is.
    pub(super) fn of(run_id: Option<&str>) -> Self {
        Self {
            suffix: format!("@{:08x}", run_id.map_or(0, digest)),
            known: run_id.is_some(),
        }
    }

    /// Whether a restart changes it.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// The key as the server knows it.
    pub(super) fn of_key(&self, key: &str) -> String {
        let mut scoped = String::with_capacity(key.len() + Self::LEN);
        scoped.push_str(key);
        scoped.push_str(&self.suffix);
        scoped
    }
}

impl Server {
    /// Reads the answers to `HELLO` and `INFO server`; either may be a refusal.
    pub(super) fn of(hello: &Value, info: &Value, pushes: bool) -> Self {
        let info = text(info).unwrap_or_default();
        let said = |of_hello: &str, of_info: &str| {
            let said = entry(hello, of_hello).or_else(|| field(info, of_info));
            said.unwrap_or_default().to_owned()
        };
        Self {
            name: said("server", "server_name"),
            version: said("version", "redis_version"),
            scope: Scope::of(field(info, "run_id").filter(|id| !id.is_empty())),
            pushes,
        }
    }

    /// The spelling it understands.
    pub(super) fn dialect(&self) -> Dialect {
        let mut parts = self.version.split('.').map(|part| part.parse::<u32>().ok());
        let mut part = || parts.next().flatten().unwrap_or_default();
        let version = (part(), part());
        let compares = match self.name.as_str() {
            "valkey" => (8, 1),
            _ => (8, 4),
        };
        if version >= compares {
            Dialect::IfEq
        } else if version >= (7, 0) {
            Dialect::SetGet
        } else {
            Dialect::Lua
        }
    }
}

/// Why this server cannot be used, if it cannot.
pub(super) fn unfit(hello: &Value, info: &Value) -> Option<(ErrorKind, &'static str)> {
    let info = text(info).unwrap_or_default();
    let mode = entry(hello, "mode").or_else(|| field(info, "redis_mode"));
    match (mode, entry(hello, "role")) {
        (Some("cluster"), _) => Some((
            ErrorKind::Config,
            "this is a node of a cluster, which this adapter does not speak; use one server",
        )),
        (Some("sentinel"), _) => Some((
            ErrorKind::Config,
            "this is a sentinel; name the server that it watches in the URL",
        )),
        (_, Some("replica" | "slave")) => Some((
            ErrorKind::ReadOnly,
            "this is a replica, which may not have seen an invalidation; name its primary in the \
             URL",
        )),
        _ => None,
    }
}

/// The microseconds since the epoch that `INFO server` mentions, in milliseconds.
pub(super) fn millis_of_info(info: &Value) -> Option<u64> {
    let micros: u64 = field(text(info)?, "server_time_usec")?.parse().ok()?;
    Some(micros / 1000)
}

/// The answer to `TIME`, in milliseconds.
pub(super) fn millis_of_time(time: &Value) -> Option<u64> {
    let Value::Array(parts) = time else {
        return None;
    };
    let mut parts = parts.iter().map(|part| text(part)?.parse::<u64>().ok());
    let (seconds, micros) = (parts.next()??, parts.next()??);
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}

/// Text in any of the forms in which a server sends it.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

/// One entry of the map that `HELLO` answers with.
fn entry<'a>(hello: &'a Value, name: &str) -> Option<&'a str> {
    let Value::Map(entries) = hello else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| text(key) == Some(name))?;
    text(&found.1)
}

/// One line of an `INFO`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines().filter_map(|line| line.split_once(':'));
    lines.find_map(|(key, value)| (key == name).then(|| value.trim()))
}

/// Eight hex digits of a run id: its first ones, or, if it is spelled otherwise, FNV-1a of it.
fn digest(run_id: &str) -> u32 {
    let first = run_id
        .get(..8)
        .filter(|first| first.bytes().all(|b| b.is_ascii_hexdigit()));
    let digits = first.and_then(|first| u32::from_str_radix(first, 16).ok());
    digits.unwrap_or_else(|| {
        run_id.bytes().fold(0x811C_9DC5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    })
}

#[cfg(all(test, feature = "servers"))]
mod tests {
    use super::*;

    fn info(lines: &str) -> Value {
        Value::BulkString(lines.as_bytes().to_vec())
    }

    #[test]
    fn a_server_is_known_by_hello_or_by_info() {
        let pair =
            |k: &str, v: &str| (Value::SimpleString(k.into()), Value::SimpleString(v.into()));
        let hello = Value::Map(vec![pair("server", "valkey"), pair("version", "8.1.0")]);
        let lines = info("# Server\r\nredis_version:6.2.1\r\nrun_id:0123abcdff\r\n");
        let server = Server::of(&hello, &lines, true);
        assert_eq!(
            (server.name.as_str(), server.dialect()),
            ("valkey", Dialect::IfEq)
        );
        assert_eq!(server.scope.of_key("a"), "a@0123abcd");
        assert!(server.scope.is_known());
        assert_eq!(
            Server::of(&Value::Nil, &lines, true).dialect(),
            Dialect::Lua
        );
    }

    #[test]
    fn the_spelling_goes_by_name_and_version() {
        let dialect = |name: &str, version: &str| {
            let server = Server {
                name: name.into(),
                version: version.into(),
                scope: Scope::of(None),
                pushes: false,
            };
            server.dialect()
        };
        assert_eq!(dialect("redis", "6.2.19"), Dialect::Lua);
        assert_eq!(dialect("redis", "7.0.15"), Dialect::SetGet);
        assert_eq!(dialect("redis", "8.0.2"), Dialect::SetGet);
        assert_eq!(dialect("redis", "8.4.0"), Dialect::IfEq);
        assert_eq!(dialect("redis", "10.0"), Dialect::IfEq);
        assert_eq!(dialect("valkey", "7.2.4"), Dialect::SetGet);
        assert_eq!(dialect("valkey", "8.0.9"), Dialect::SetGet);
        assert_eq!(dialect("valkey", "8.1.1"), Dialect::IfEq);
        assert_eq!(dialect("valkey", "9.1.2"), Dialect::IfEq);
        assert_eq!(dialect("dragonfly", "df-1.25"), Dialect::Lua);
    }

    #[test]
    fn a_server_that_tells_nothing_has_the_fixed_scope() {
        let server = Server::of(&Value::Nil, &Value::Nil, false);
        assert_eq!(server.scope.of_key("a"), "a@00000000");
        assert!(!server.scope.is_known());
        assert_eq!(server.dialect(), Dialect::Lua);
    }

    #[test]
    fn run_ids_of_another_spelling_are_hashed() {
        let (one, two) = (
            Scope::of(Some("dragonfly-1")),
            Scope::of(Some("dragonfly-2")),
        );
        assert_ne!(one, two);
        assert_eq!(one.of_key("").len(), Scope::LEN);
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let part = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let time = Value::Array(vec![part("1700000000"), part("123456")]);
        assert_eq!(millis_of_time(&time), Some(1_700_000_000_123));
        assert_eq!(millis_of_time(&Value::Nil), None);
        let usec = info("server_time_usec:1700000000123456\r\n");
        assert_eq!(millis_of_info(&usec), Some(1_700_000_000_123));
    }
}
