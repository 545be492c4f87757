//! Where the servers are, as a URL spells it.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, ErrorKind};

/// The port of a server that states none.
const PORT: u16 = 11211;

/// The addresses of the servers: `memcached://host:11211,other:11211`, or
/// `memcached+unix:///path/to/socket` for a socket of this host.
///
/// Their order says nothing: every list of the same servers places every key alike.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(Vec<Server>);

/// One of them. Its text is what the ring places it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Server {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// Reads a URL; options of the cache itself are not to be in it any more.
    ///
    /// # Errors
    /// [`ErrorKind::Url`] if it is malformed, names a server twice, has options, or a login, which
    /// the error does not repeat.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| unusable("there is no `://` in it; write `memcached://host:11211`"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(unusable(
                "a login was given, which this client does not send; let only trusted hosts reach \
                 the servers, and leave out what stands before `@`",
            ));
        }
        if let Some(option) = query.split('&').find(|option| !option.is_empty()) {
            let name = option.split('=').next().unwrap_or_default();
            return Err(unusable(&format!("memcached takes no option `{name}`")));
        }
        match scheme {
            "memcached" => Self::of_hosts(place),
            "memcached+unix" if place.starts_with('/') => {
                Ok(Self(vec![Server::Unix(PathBuf::from(place))]))
            }
            "memcached+unix" => Err(unusable(
                "give the whole path of the socket, as in `memcached+unix:///run/memcached.sock`",
            )),
            _ => Err(unusable(
                "the scheme is `memcached://`, or `memcached+unix://`",
            )),
        }
    }

    fn of_hosts(list: &str) -> Result<Self, Error> {
        let list = list.strip_suffix('/').unwrap_or(list);
        if list.contains('/') {
            return Err(unusable(
                "it has no databases; leave out what follows the `/`",
            ));
        }
        let mut servers = list
            .split(',')
            .map(Server::parse)
            .collect::<Result<Vec<_>, _>>()?;
        servers.sort();
        match servers.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(unusable(&format!("`{}` is named twice", pair[0]))),
            None => Ok(Self(servers)),
        }
    }

    /// In an order that does not depend on the URL's; at least one.
    pub(super) fn servers(&self) -> &[Server] {
        &self.0
    }
}

impl Server {
    fn parse(text: &str) -> Result<Self, Error> {
        let (host, port) = match text.rsplit_once(':') {
            // A colon inside of brackets belongs to an address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None => PORT,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(|| {
                    // Whatever it is, it may be a password.
                    unusable(&format!(
                        "what follows a host is no port; write `host:{PORT}`"
                    ))
                })?,
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let is_name = |host: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !host.is_empty() && host.chars().all(fits)
        };
        match bare {
            Some(v6) if v6.parse::<std::net::Ipv6Addr>().is_ok() => {}
            None if is_name(host) => {}
            _ => {
                return Err(unusable(&format!(
                    "what stands there is no host; write `memcached://host:{PORT}`, several \
                     separated by commas, IPv6 addresses in brackets, and no path"
                )));
            }
        }
        let host = bare.unwrap_or(host).to_ascii_lowercase();
        Ok(Self::Tcp { host, port })
    }
}

/// Host and port, or the path of the socket.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The URL, its servers in order.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, server) in self.0.iter().enumerate() {
            match (at, server) {
                (0, Server::Tcp { .. }) => write!(f, "memcached://{server}")?,
                (0, Server::Unix(_)) => write!(f, "memcached+unix://{server}")?,
                _ => write!(f, ",{server}")?,
            }
        }
        Ok(())
    }
}

/// As displayed.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn unusable(what: &str) -> Error {
    Error::new(ErrorKind::Url, format!("cache URL: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_servers_says_nothing() {
        let one = Address::parse("memcached://B.example:1,a,[::1]:7/").expect("well-formed");
        let other = Address::parse("memcached://a:11211,[::1]:7,b.example:1").expect("well-formed");
        assert_eq!(one, other);
        assert_eq!(one.to_string(), "memcached://[::1]:7,a:11211,b.example:1");
        let socket = Address::parse("memcached+unix:///run/m.sock").expect("well-formed");
        assert_eq!(socket.to_string(), "memcached+unix:///run/m.sock");
    }

    #[test]
    fn faults_name_the_fix_and_no_login() {
        for (url, fix) in [
            ("memcached://", "host:11211"),
            ("memcached://a,,b", "host:11211"),
            ("memcached://a:0", "no port"),
            ("memcached://a:many", "no port"),
            ("memcached://a:1/0", "no databases"),
            ("memcached://a/0", "no databases"),
            ("memcached://::1", "brackets"),
            ("memcached://[::1", "brackets"),
            ("memcached://a b", "is no host"),
            ("memcached://a\r\nflush_all", "is no host"),
            ("memcached://ü", "is no host"),
            ("memcached://a,A", "twice"),
            ("memcached://a?weight=3", "`weight`"),
            ("memcached://me:hunter2@a", "trusted"),
            ("memcached+unix://run/m.sock", "whole path"),
            ("memcache://a", "memcached://"),
            ("memcached", "://"),
        ] {
            let error = Address::parse(url).expect_err("it is malformed");
            let text = error.to_string();
            assert!(text.contains(fix), "{url}: {text}");
            assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
            assert_eq!(error.kind(), ErrorKind::Url);
        }
    }
}
