//! Where a database is and which table of it holds the cache, as a URL spells it.

use std::fmt;

use super::dialect::{Dialect, Options};
use crate::error::{Error, ErrorKind};

/// What stands behind `?` for every database.
const OPTIONS: &[&str] = &["create", "table", "connections"];

/// The table unless the URL names one.
pub(super) const TABLE: &str = "cached_cells";

/// Connections that are open at the same time, at most.
const CONNECTIONS: usize = 8;
/// As many where each of them is a thread, beside the writer's.
const READERS: usize = 4;

/// The address of one table.
pub(crate) struct Address<D: Dialect> {
    pub(super) options: Options<D>,
    pub(super) table: String,
    pub(super) create: bool,
    pub(super) connections: usize,
    /// How the backend is called.
    pub(super) scheme: &'static str,
}

impl<D: Dialect> Address<D> {
    /// What may stand behind `?`.
    pub(crate) const OPTIONS: &'static [&'static [&'static str]] = &[OPTIONS, D::OPTIONS];

    /// Reads a URL; options of the cache itself are not to be in it any more.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            pairs.partition(|pair| OPTIONS.contains(&split(pair).0));
        if let Some(unknown) = theirs
            .iter()
            .find(|pair| !D::OPTIONS.contains(&split(pair).0))
        {
            let known = [OPTIONS, D::OPTIONS].concat().join("`, `");
            let (option, _) = split(unknown);
            return Err(bad(
                url,
                &format!("there is no option `{option}`; known are `{known}`"),
            ));
        }
        let mut place = place.to_owned();
        if !theirs.is_empty() {
            place = format!("{place}?{}", theirs.join("&"));
        }
        let mut address = Self::new(D::options(&place, ours.contains(&"create=true"))?);
        for pair in ours {
            address.set(url, pair)?;
        }
        Ok(address)
    }

    /// The default table of this database.
    pub(super) fn new(options: Options<D>) -> Self {
        Self {
            options,
            table: TABLE.to_owned(),
            create: false,
            connections: if D::ONE_WRITER { READERS } else { CONNECTIONS },
            scheme: D::SCHEME,
        }
    }

    fn set(&mut self, url: &str, pair: &str) -> Result<(), Error> {
        let (option, value) = split(pair);
        match (option, value) {
            ("create", "true") => self.create = true,
            ("create", "false") => self.create = false,
            ("create", _) => return Err(bad(url, "`create` takes `true` or `false`")),
            ("table", name) => self.table = table::<D>(name)?,
            _ => match value.parse() {
                Ok(count @ 1..=1000) => self.connections = count,
                _ => return Err(bad(url, "`connections` takes a number from 1 to 1000")),
            },
        }
        Ok(())
    }
}

/// The name of a table, where the database has schemas with or without one before it. What it is made of needs no quotes in
/// any database, and cannot end a statement.
pub(super) fn table<D: Dialect>(name: &str) -> Result<String, Error> {
    let word = |part: &str| {
        let letters = part
            .bytes()
            .all(|b| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit());
        let begins = part.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        letters && begins && part.len() <= 48
    };
    let parts: Vec<&str> = name.split('.').collect();
    let deep = if D::ONE_WRITER { 1 } else { 2 };
    if parts.len() <= deep && parts.iter().all(|part| word(part)) {
        return Ok(name.to_owned());
    }
    let message = format!(
        "`{}` cannot name a table of the cache: take up to 48 of `a-z 0-9 _`, no digit first, \
         with or without a schema as in `app.cached_cells`",
        name.escape_default()
    );
    Err(Error::new(ErrorKind::Config, message))
}

impl<D: Dialect> Clone for Address<D> {
    fn clone(&self) -> Self {
        Self {
            options: self.options.clone(),
            table: self.table.clone(),
            create: self.create,
            connections: self.connections,
            scheme: self.scheme,
        }
    }
}

/// Where it is, without credentials.
impl<D: Dialect> fmt::Debug for Address<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("at", &D::place(&self.options))
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

fn split(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

/// An error about a URL, of which only the scheme is shown: any other part may be a password.
pub(super) fn bad(url: &str, hint: &str) -> Error {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    Error::new(ErrorKind::Url, format!("cache URL `{scheme}://…`: {hint}"))
}

/// What sqlx cannot read. What ends a host too early is mostly a piece of a password.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn unread(url: &str, fault: &sqlx::Error) -> Error {
    let what = fault.to_string();
    let what = what.trim_start_matches("error with configuration: ");
    let of_place = ["port", "host", "domain", "IPv"];
    match of_place.iter().any(|part| what.contains(part)) {
        true => bad(
            url,
            &format!(
                "{what}; in a user or password `/` is written `%2F`, `?` `%3F`, `#` `%23`, `@` `%40`"
            ),
        ),
        false => bad(url, what),
    }
}

/// The text without percent-encoding; `None` if that is malformed.
#[cfg_attr(not(feature = "file"), allow(dead_code))]
pub(super) fn percent_decoded(written: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        let digits = digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then_some(digits)?;
        decoded.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(decoded).ok()
}
