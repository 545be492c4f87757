//! Where a Redis is and as whom to speak to it, as a URL spells it.

use std::fmt;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use super::parts::Parts;
use super::server::Company;

use crate::error::{Error, ErrorKind};

/// The address of one server: `redis://user:password@host:6379/0`, `rediss://…` for TLS,
/// `unix:///path/to/socket?db=0` for a socket of this host; of a cluster by some of its servers:
/// `redis+cluster://host:6379,host:6379`; of whatever sentinels watch under a name:
/// `redis+sentinel://host:26379,host:26379/name/0`.
///
/// User and password are percent-encoded where they contain one of `:/?#[]@%`. They appear in no
/// text that this type makes.
#[derive(Clone)]
pub(crate) struct Address {
    company: Company,
    /// The server, or all that the URL names.
    clients: Vec<Client>,
    watched: Option<Watched>,
}

/// What sentinels watch.
#[derive(Clone)]
pub(super) struct Watched {
    /// What they call it.
    pub(super) name: String,
    /// As whom to speak to it; the host is of no meaning.
    pub(super) model: Client,
}

impl Address {
    /// Reads a URL; options of the cache itself are not to be in it any more.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let parts = Parts::of(url)?;
        let company = parts.company();
        let settings = parts.settings()?;
        let addresses = parts.addresses()?;
        let first = addresses.first().cloned();
        let watched = match (company, first) {
            (Company::Sentinels, Some(address)) => Some(Watched {
                name: settings.watched,
                model: client(address, settings.login.clone())?,
            }),
            _ => None,
        };
        let login = match company {
            Company::Sentinels => settings.sentinels,
            Company::Alone | Company::Cluster => settings.login,
        };
        let clients = addresses
            .into_iter()
            .map(|address| client(address, login.clone()));
        Ok(Self {
            company,
            clients: clients.collect::<Result<_, _>>()?,
            watched,
        })
    }

    /// In what company the server is.
    pub(super) fn company(&self) -> Company {
        self.company
    }

    /// The client for each place that the URL names; one at least.
    pub(super) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// What the sentinels watch.
    pub(super) fn watched(&self) -> Option<&Watched> {
        self.watched.as_ref()
    }
}

fn client(address: ConnectionAddr, login: RedisConnectionInfo) -> Result<Client, Error> {
    let info: ConnectionInfo = address.into_connection_info().map_err(unusable)?;
    Client::open(info.set_redis_settings(login)).map_err(unusable)
}

/// The URL without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watched = self.watched.as_ref();
        let named = self.clients.iter().map(Client::get_connection_info);
        let model = watched.map(|watched| watched.model.get_connection_info());
        let Some(info) = model.or_else(|| named.clone().next()) else {
            return Ok(());
        };
        let settings = info.redis_settings();
        let login = match (settings.username(), settings.password()) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", user.unwrap_or_default()),
            (user, Some(_)) => format!("{}:***@", user.unwrap_or_default()),
        };
        let places: Vec<String> = named.map(|info| place(info.addr())).collect();
        let (at, db) = (places.join(","), settings.db());
        let scheme = match info.addr() {
            ConnectionAddr::Unix(_) => return write!(f, "unix://{login}{at}?db={db}"),
            ConnectionAddr::TcpTls { .. } => "rediss",
            _ => "redis",
        };
        match (self.company, watched) {
            (Company::Cluster, _) => write!(f, "{scheme}+cluster://{login}{at}"),
            (_, Some(watched)) => {
                write!(f, "{scheme}+sentinel://{login}{at}/{}/{db}", watched.name)
            }
            _ => write!(f, "{scheme}://{login}{at}/{db}"),
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
