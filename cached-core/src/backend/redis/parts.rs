//! The parts of a URL, and what is wrong with them.
//!
//! Read here rather than by the client, because an error has to say what to write instead, and
//! must not show any piece of a password.

use std::path::PathBuf;

use redis::{ConnectionAddr, RedisConnectionInfo};

use crate::error::{Error, ErrorKind};

const DEFAULT_PORT: u16 = 6379;

/// What may stand behind `?`.
const OPTIONS: [&str; 3] = ["db", "user", "password"];

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

    fn is_socket(&self) -> bool {
        matches!(self.scheme, "unix" | "redis+unix")
    }

    /// The server's place.
    pub(super) fn address(&self) -> Result<ConnectionAddr, Error> {
        match self.scheme {
            "redis" => self
                .host()
                .map(|(host, port)| ConnectionAddr::Tcp(host, port)),
            "rediss" => self.tls(),
            "unix" | "redis+unix" => self.socket(),
            scheme => {
                let hint = "known are `redis://`, `rediss://`, `unix://` and `redis+unix://`";
                Err(bad_url(scheme, hint))
            }
        }
    }

    fn host(&self) -> Result<(String, u16), Error> {
        let (host, port) = match self.place.rsplit_once(':') {
            // A colon inside of the brackets of an IPv6 address ends no host.
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (self.place, None),
        };
        let host = host
            .strip_prefix('[')
            .map_or(host, |host| host.trim_end_matches(']'));
        if host.is_empty() {
            let hint = "it names no host; write `redis://127.0.0.1:6379`";
            return Err(bad_url(self.scheme, hint));
        }
        // Not shown: what stands there may be a password whose `@host` was forgotten.
        let hint = "the port behind the host is a number from 1 to 65535; a password goes before \
                    the host, as in `redis://:password@host`";
        let port = port
            .map_or(Ok(DEFAULT_PORT), str::parse)
            .map_err(|_| bad_url(self.scheme, hint))?;
        Ok((host.to_owned(), port))
    }

    #[cfg(feature = "redis-tls")]
    fn tls(&self) -> Result<ConnectionAddr, Error> {
        let (host, port) = self.host()?;
        Ok(ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        })
    }

    #[cfg(not(feature = "redis-tls"))]
    fn tls(&self) -> Result<ConnectionAddr, Error> {
        let hint = "this build speaks no TLS; add the feature `redis-tls` to `cached-core` in \
                    Cargo.toml";
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

    /// As whom to speak, and to which database.
    pub(super) fn settings(&self) -> Result<RedisConnectionInfo, Error> {
        let (user, password) = match self.login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (self.login, None),
        };
        let mut login = (Some(user).filter(|user| !user.is_empty()), password);
        let mut database = match self.path.trim_matches('/') {
            number if !self.is_socket() && !number.is_empty() => Some(number),
            _ => None,
        };
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (option, value) = pair.split_once('=').unwrap_or((pair, ""));
            match option {
                "db" => database = Some(value),
                "user" => login.0 = Some(value),
                "password" => login.1 = Some(value),
                unknown => return Err(self.unknown_option(unknown)),
            }
        }
        let mut settings = RedisConnectionInfo::default().set_db(self.database(database)?);
        if let Some(user) = login.0 {
            settings = settings.set_username(self.decoded(user)?);
        }
        if let Some(password) = login.1.filter(|password| !password.is_empty()) {
            settings = settings.set_password(self.decoded(password)?);
        }
        Ok(settings)
    }

    fn database(&self, written: Option<&str>) -> Result<i64, Error> {
        let number = written.map_or(Ok(0), str::parse::<u32>);
        let hint = "the database is a number, as in `redis://127.0.0.1:6379/0` or `?db=0`";
        Ok(i64::from(number.map_err(|_| bad_url(self.scheme, hint))?))
    }

    fn decoded(&self, written: &str) -> Result<String, Error> {
        let hint = "a `%` begins two hex digits, and what they spell is UTF-8; `%` itself is \
                    written `%25`";
        percent_decoded(written).ok_or_else(|| bad_url(self.scheme, hint))
    }

    fn unknown_option(&self, option: &str) -> Error {
        let near = OPTIONS.iter().find(|known| resembles(option, known));
        let offer = match near {
            Some(near) => format!("did you mean `{near}`"),
            None => format!("a Redis takes `{}`", OPTIONS.join("`, `")),
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
