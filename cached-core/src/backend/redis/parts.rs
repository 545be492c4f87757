//! The parts of a URL, and what is wrong with them.
//!
//! Read here rather than by the client, because an error has to say what to write instead, and
//! must not show any piece of a password.

use std::path::PathBuf;

use redis::{ConnectionAddr, RedisConnectionInfo};

use super::server::Company;
use crate::error::{Error, ErrorKind};

/// What may stand behind `?`; the last two with sentinels only.
pub(crate) const OPTIONS: [&str; 5] = [
    "db",
    "user",
    "password",
    "sentinel_user",
    "sentinel_password",
];

/// What is written behind the host part and behind `?`.
pub(super) struct Settings {
    /// As whom to speak to the servers, and to which database.
    pub(super) login: RedisConnectionInfo,
    /// As whom to speak to sentinels.
    pub(super) sentinels: RedisConnectionInfo,
    /// What sentinels call what they watch; empty without sentinels.
    pub(super) watched: String,
}

/// The parts of a URL, as written.
pub(super) struct Parts<'a> {
    scheme: &'a str,
    login: &'a str,
    place: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a URL apart.
    pub(super) fn of(url: &'a str) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| {
            let hint = "there is no `://` in it; write `redis://127.0.0.1:6379`";
            Error::new(ErrorKind::Url, format!("cache URL: {hint}"))
        })?;
        if rest.contains('#') {
            let hint = "a `#` stands for nothing in it; in a password it is written `%23`";
            return Err(bad_url(scheme, hint));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let parts = Self {
            scheme,
            login,
            place,
            path,
            query,
        };
        parts.without_stray_at()
    }

    /// Refuses what is most likely a password with a character that ends the host part early.
    fn without_stray_at(self) -> Result<Self, Error> {
        let beyond = !self.is_socket() && (self.path.contains('@') || self.query.contains('@'));
        if beyond || self.login.contains('@') {
            let hint = "user and password are percent-encoded: `/` is written `%2F`, `?` `%3F`, \
                        `@` `%40`";
            return Err(bad_url(self.scheme, hint));
        }
        Ok(self)
    }

    /// In what company the server is.
    pub(super) fn company(&self) -> Company {
        match self.scheme.split_once('+') {
            Some((_, "cluster")) => Company::Cluster,
            Some((_, "sentinel")) => Company::Sentinels,
            _ => Company::Alone,
        }
    }

    fn is_socket(&self) -> bool {
        matches!(self.scheme, "unix" | "redis+unix")
    }

    /// The places that are named; one at least.
    pub(super) fn addresses(&self) -> Result<Vec<ConnectionAddr>, Error> {
        match self.scheme {
            "unix" | "redis+unix" => Ok(vec![self.socket()?]),
            "redis" | "rediss" if self.place.contains(',') => {
                let hint = "it names one server; those of a cluster are named as in \
                            `redis+cluster://host:6379,host:6379`, sentinels as in \
                            `redis+sentinel://host:26379,host:26379/mymaster`";
                Err(bad_url(self.scheme, hint))
            }
            "redis" | "rediss" => Ok(vec![self.server(self.place, 6379)?]),
            "redis+cluster" | "rediss+cluster" => self.servers(6379),
            "redis+sentinel" | "rediss+sentinel" => self.servers(26_379),
            scheme => {
                let hint = "known are `redis://`, `rediss://`, `unix://`, `redis+unix://`, \
                            `redis+cluster://` and `redis+sentinel://`";
                Err(bad_url(scheme, hint))
            }
        }
    }

    /// The places between the commas.
    fn servers(&self, default_port: u16) -> Result<Vec<ConnectionAddr>, Error> {
        let places = self.place.split(',');
        places
            .map(|place| self.server(place, default_port))
            .collect()
    }

    /// One place, spoken to as the scheme says.
    fn server(&self, place: &str, default_port: u16) -> Result<ConnectionAddr, Error> {
        let (host, port) = self.host(place, default_port)?;
        match self.scheme.starts_with("rediss") {
            true => self.tls(host, port),
            false => Ok(ConnectionAddr::Tcp(host, port)),
        }
    }

    fn host(&self, place: &str, default_port: u16) -> Result<(String, u16), Error> {
        let (host, port) = match place.rsplit_once(':') {
            // A colon inside of the brackets of an IPv6 address ends no host.
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (place, None),
        };
        let bare = host.strip_prefix('[').and_then(|v6| v6.strip_suffix(']'));
        if bare.is_none() && host.contains(['[', ']', ':']) {
            let hint = "an IPv6 address stands in brackets, as in `redis://[::1]:6379`; a password \
                        goes before the host, as in `redis://:password@host`";
            return Err(bad_url(self.scheme, hint));
        }
        let host = bare.unwrap_or(host);
        if host.is_empty() {
            let hint = "it names no host; write `redis://127.0.0.1:6379`";
            return Err(bad_url(self.scheme, hint));
        }
        // Not shown: what stands there may be a password whose `@host` was forgotten.
        let hint = "the port behind the host is a number from 1 to 65535; a password goes before \
                    the host, as in `redis://:password@host`";
        let port = port
            .map_or(Ok(default_port), str::parse)
            .map_err(|_| bad_url(self.scheme, hint))?;
        Ok((host.to_owned(), port))
    }

    #[cfg(feature = "redis-tls")]
    fn tls(&self, host: String, port: u16) -> Result<ConnectionAddr, Error> {
        Ok(ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        })
    }

    #[cfg(not(feature = "redis-tls"))]
    fn tls(&self, _: String, _: u16) -> Result<ConnectionAddr, Error> {
        let hint = "this build speaks no TLS, for want of the feature `redis-tls` of cached-core: \
                    `cargo add cached-core --features redis-tls`";
        Err(bad_url(self.scheme, hint))
    }

    fn socket(&self) -> Result<ConnectionAddr, Error> {
        let path = self.decoded(self.path)?;
        if !self.place.is_empty() || path.len() < 2 {
            let hint = "a socket is named by its whole path, as in `unix:///run/redis.sock`";
            return Err(bad_url(self.scheme, hint));
        }
        Ok(ConnectionAddr::Unix(PathBuf::from(path)))
    }

    /// As whom to speak to whom, and to which database.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let (user, password) = match self.login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (self.login, None),
        };
        let mut login = (Some(user).filter(|user| !user.is_empty()), password);
        let mut sentinels = (None, None);
        let (watched, in_path) = self.watched_and_database()?;
        let mut database = in_path;
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (option, value) = pair.split_once('=').unwrap_or((pair, ""));
            let of_sentinels = self.company() == Company::Sentinels;
            match option {
                "db" if in_path.is_some() => {
                    let hint = "the database is in it twice, in the path and as `db`; leave one";
                    return Err(bad_url(self.scheme, hint));
                }
                "db" => database = Some(value),
                "user" => login.0 = Some(value),
                "password" => login.1 = Some(value),
                "sentinel_user" if of_sentinels => sentinels.0 = Some(value),
                "sentinel_password" if of_sentinels => sentinels.1 = Some(value),
                unknown => return Err(self.unknown_option(unknown)),
            }
        }
        Ok(Settings {
            login: self.login_of(login)?.set_db(self.database(database)?),
            sentinels: self.login_of(sentinels)?,
            watched: self.decoded(watched)?,
        })
    }

    /// What is watched, and the database, as the path has them.
    fn watched_and_database(&self) -> Result<(&'a str, Option<&'a str>), Error> {
        let path = self.path.trim_matches('/');
        let written = Some(path).filter(|path| !path.is_empty());
        match self.company() {
            Company::Alone if self.is_socket() => Ok(("", None)),
            Company::Alone | Company::Cluster => Ok(("", written)),
            Company::Sentinels => {
                let path = written.ok_or_else(|| {
                    let hint = "behind the sentinels stands the name of what they watch, as in \
                                `redis+sentinel://host:26379/mymaster/0`";
                    bad_url(self.scheme, hint)
                })?;
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                Ok((name, Some(database).filter(|number| !number.is_empty())))
            }
        }
    }

    /// A user and a password, as they are written.
    fn login_of(
        &self,
        (user, password): (Option<&str>, Option<&str>),
    ) -> Result<RedisConnectionInfo, Error> {
        let mut login = RedisConnectionInfo::default();
        if let Some(user) = user {
            login = login.set_username(self.decoded(user)?);
        }
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            login = login.set_password(self.decoded(password)?);
        }
        Ok(login)
    }

    fn database(&self, written: Option<&str>) -> Result<i64, Error> {
        let number = written.map_or(Ok(0), str::parse::<u32>);
        let hint = "the database is a number, as in `redis://127.0.0.1:6379/0` or `?db=0`";
        let number = number.map_err(|_| bad_url(self.scheme, hint))?;
        if number != 0 && self.company() == Company::Cluster {
            let hint = "a cluster has one database, 0; leave the number out, and use `prefix` to \
                        keep caches apart";
            return Err(bad_url(self.scheme, hint));
        }
        Ok(i64::from(number))
    }

    fn decoded(&self, written: &str) -> Result<String, Error> {
        let hint = "a `%` begins two hex digits, and what they spell is UTF-8; `%` itself is \
                    written `%25`";
        percent_decoded(written).ok_or_else(|| bad_url(self.scheme, hint))
    }

    fn unknown_option(&self, option: &str) -> Error {
        let known = match self.company() {
            Company::Sentinels => &OPTIONS[..],
            Company::Alone | Company::Cluster => &OPTIONS[..3],
        };
        let near = known.iter().find(|known| resembles(option, known));
        let offer = match near {
            Some(near) => format!("did you mean `{near}`"),
            None => format!("a Redis takes `{}`", known.join("`, `")),
        };
        let hint = format!("there is no option `{option}`; {offer}");
        bad_url(self.scheme, &hint)
    }
}

/// The scheme is all that is shown: any other part may hold a piece of a password that was not
/// percent-encoded.
fn bad_url(scheme: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Url, format!("cache URL `{scheme}://…`: {hint}"))
}

fn percent_decoded(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            byte => byte,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Whether a word is a known one, misspelled or cut short.
fn resembles(word: &str, known: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let shared = word
        .bytes()
        .zip(known.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    shared >= 2 || (shared >= 1 && word.len().abs_diff(known.len()) <= 1)
}
