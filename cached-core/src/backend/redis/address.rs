//! Where a Redis is and as whom to speak to it, as a URL spells it.

use std::fmt;

use redis::{Client, ConnectionAddr, IntoConnectionInfo};

use super::parts::Parts;

use crate::error::{Error, ErrorKind};

/// The address of one server: `redis://user:password@host:6379/0`, `rediss://…` for TLS,
/// `unix:///path/to/socket?db=0` for a socket of this host.
///
/// User and password are percent-encoded where they contain one of `:/?#[]@%`. They appear in no
/// text that this type makes.
#[derive(Clone)]
pub(crate) struct Address {
    client: Client,
}

impl Address {
    /// Reads a URL; options of the cache itself are not to be in it any more.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let parts = Parts::of(url)?;
        let settings = parts.settings()?;
        let address = parts.address()?;
        let info = address.into_connection_info().map_err(unusable)?;
        let info = info.set_redis_settings(settings);
        let client = Client::open(info).map_err(unusable)?;
        Ok(Self { client })
    }

    /// The client for it.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}

/// The URL without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.client.get_connection_info();
        let settings = info.redis_settings();
        let login = match (settings.username(), settings.password()) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", user.unwrap_or_default()),
            (user, Some(_)) => format!("{}:***@", user.unwrap_or_default()),
        };
        let (at, db) = (place(info.addr()), settings.db());
        match info.addr() {
            ConnectionAddr::Unix(_) => write!(f, "unix://{login}{at}?db={db}"),
            ConnectionAddr::TcpTls { .. } => write!(f, "rediss://{login}{at}/{db}"),
            _ => write!(f, "redis://{login}{at}/{db}"),
        }
    }
}

/// As displayed.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Host and port, or the path of a socket.
pub(super) fn place(address: &ConnectionAddr) -> String {
    match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. }
            if host.contains(':') =>
        {
            format!("[{host}]:{port}")
        }
        address => address.to_string(),
    }
}

fn unusable(error: redis::RedisError) -> Error {
    Error::new(ErrorKind::Url, format!("cache URL: {error}")).caused_by(error)
}
