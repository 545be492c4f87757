//! What a server says of itself when a connection begins.

use redis::Value;

use super::scope::{Reign, Scope};
use crate::error::ErrorKind;

/// A server as one connection found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// `redis`, `valkey`, or what else it calls itself.
    pub(super) name: String,
    /// As it spells it; empty if it does not tell.
    pub(super) version: String,
    /// What its cells carry.
    pub(super) scope: Scope,
    /// As a primary, if it tells.
    pub(super) reign: Option<Reign>,
    /// Whether it tells of changed keys.
    pub(super) pushes: bool,
}

/// In what company a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// None: it is one server.
    Alone,
    /// Replicas, one of which sentinels may promote.
    Sentinels,
    /// It is one of several among which the keys are spread.
    Cluster,
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

impl Server {
    /// Reads the answers to `HELLO`, `INFO server` and `INFO replication`; each may be a refusal.
    pub(super) fn of(
        company: Company,
        hello: &Value,
        info: &Value,
        replication: &Value,
        pushes: bool,
    ) -> Self {
        let info = text(info).unwrap_or_default();
        let run = field(info, "run_id").filter(|id| !id.is_empty());
        let reign = run.zip(history(replication)).map(|(run, history)| Reign {
            run: run.to_owned(),
            history: history.to_owned(),
        });
        let said = |of_hello: &str, of_info: &str| {
            let said = entry(hello, of_hello).or_else(|| field(info, of_info));
            said.unwrap_or_default().to_owned()
        };
        Self {
            name: said("server", "server_name"),
            version: said("version", "redis_version"),
            scope: match company {
                Company::Alone => Scope::of_run(run),
                Company::Sentinels | Company::Cluster => Scope::of_reign(reign.as_ref()),
            },
            // A lone server is asked for no more than its run.
            reign: reign.filter(|_| company != Company::Alone),
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
pub(super) fn unfit(
    company: Company,
    hello: &Value,
    info: &Value,
) -> Option<(ErrorKind, &'static str)> {
    let info = text(info).unwrap_or_default();
    let mode = entry(hello, "mode").or_else(|| field(info, "redis_mode"));
    let mode = mode.unwrap_or_default();
    match (company, mode, entry(hello, "role")) {
        (_, "sentinel", _) => Some((
            ErrorKind::Config,
            "this is a sentinel; write `redis+sentinel://host:port/name` with the name of what it \
             watches, or name the server itself",
        )),
        (Company::Alone | Company::Sentinels, "cluster", _) => Some((
            ErrorKind::Config,
            "this is a node of a cluster; write `redis+cluster://` in the URL",
        )),
        (Company::Cluster, "standalone", _) => Some((
            ErrorKind::Config,
            "this server is in no cluster; write `redis://` in the URL",
        )),
        (Company::Alone, _, Some("replica" | "slave")) => Some((
            ErrorKind::ReadOnly,
            "this is a replica, which may not have seen an invalidation; name its primary in the \
             URL",
        )),
        (_, _, Some("replica" | "slave")) => Some((
            ErrorKind::Unavailable,
            "this is a replica by now; who is its primary is being asked",
        )),
        _ => None,
    }
}

/// Whether a server that was in this reign may still be: false once it says otherwise.
pub(super) fn still_reigns(reign: &Reign, replication: &Value) -> bool {
    let role = text(replication).and_then(|info| field(info, "role"));
    let same = history(replication).is_none_or(|history| history == reign.history);
    same && role.is_none_or(|role| role == "master")
}

fn history(replication: &Value) -> Option<&str> {
    field(text(replication)?, "master_replid").filter(|id| !id.is_empty())
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
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

/// The number in one line of what is laid out as an `INFO` is.
pub(super) fn number_in(info: &str, name: &str) -> Option<u64> {
    field(info, name)?.parse().ok()
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
        let server = Server::of(Company::Alone, &hello, &lines, &Value::Nil, true);
        assert_eq!(
            (server.name.as_str(), server.dialect()),
            ("valkey", Dialect::IfEq)
        );
        assert_eq!(server.scope.of_key("a"), "a@0123abcd");
        assert!(server.scope.is_known());
        assert_eq!(
            Server::of(Company::Alone, &Value::Nil, &lines, &Value::Nil, true).dialect(),
            Dialect::Lua
        );
    }

    #[test]
    fn the_spelling_goes_by_name_and_version() {
        let dialect = |name: &str, version: &str| {
            let server = Server {
                name: name.into(),
                version: version.into(),
                scope: Scope::of_run(None),
                reign: None,
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
        let server = Server::of(Company::Alone, &Value::Nil, &Value::Nil, &Value::Nil, false);
        assert_eq!(server.scope.of_key("a"), "a@00000000");
        assert!(!server.scope.is_known());
        assert_eq!(server.dialect(), Dialect::Lua);
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
