//! What tells the databases apart: how they spell the port, and what they say when it goes wrong.

use std::future::Future;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, Database};

use super::address::Address;
use crate::backend::port::Acquired;
use crate::error::{Error, ErrorKind};

/// A database that can hold a cache: `sqlx::Sqlite`, `sqlx::Postgres` or `sqlx::MySql`, as their
/// features allow. Nothing else implements it.
pub trait Dialect: Database {
    /// Its name in errors, logs and metrics, and the scheme of its URLs.
    const SCHEME: &'static str;

    /// Options of its URLs beside [`address::OPTIONS`](super::address::OPTIONS).
    const OPTIONS: &'static [&'static str];

    /// Whether writers wait for each other whatever they write, so that all of them share one
    /// connection.
    const ONE_WRITER: bool;

    /// How to reach the database at this URL, from which the options of the adapter were taken,
    /// and which is made if it is not there and may be.
    fn options(url: &str, create: bool) -> Result<Options<Self>, Error>;

    /// How to reach the database of a pool that was made elsewhere.
    fn beside(options: &Options<Self>) -> Result<Options<Self>, Error>;

    /// Where the database is, without credentials.
    fn place(options: &Options<Self>) -> String;

    /// The statements for this table.
    fn statements(table: &str) -> Statements;

    /// Whether this many keys are one argument each ([`Arg::Text`]) or one for all
    /// ([`Arg::Texts`]), and the statement for them.
    fn many(table: &str, verb: Many, keys: usize) -> (String, bool);

    /// Whether there is a statement that fills many leases and says which.
    const FILLS: bool;

    /// The statement that puts so many rows of name, token, cell, time to live and, to fill, the old
    /// token.
    fn batch(table: &str, verb: Verb, rows: usize) -> String;

    /// The statement that lists names: from this one on, before that one, after a third, so many.
    fn scan(table: &str) -> String;

    /// Whether what is done to many keys answers with rows.
    fn returns(verb: Many) -> bool;

    /// What the answer to an acquire says; `None` if something stood there that has to be read.
    fn acquired(answer: Answer) -> Option<Acquired>;

    /// Asks one thing over a connection that nobody else uses meanwhile.
    fn ask<'c>(
        connection: &'c mut Self::Connection,
        statement: &'c Statement,
        arguments: &'c [Arg],
    ) -> impl Future<Output = sqlx::Result<Answer>> + Send + 'c;

    /// Runs statements without arguments, several in one text, whose answers say nothing.
    fn run<'c>(
        connection: &'c mut Self::Connection,
        text: &'c str,
    ) -> impl Future<Output = sqlx::Result<()>> + Send + 'c;

    /// What is done first on a new connection.
    fn greet(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = sqlx::Result<Greeting>> + Send + '_;

    /// The database's own reason, with what to do about it; `None` to go by what it is for every
    /// database.
    fn explain(fault: &(dyn sqlx::error::DatabaseError + 'static)) -> Explained;
}

/// How to reach a database.
pub(crate) type Options<D> = <<D as Database>::Connection as Connection>::Options;

/// What a new connection tells.
#[derive(Debug, Clone, Default)]
pub struct Greeting {
    /// Where what is in the table comes from; see [`origin`](super::origin).
    pub origin: Option<String>,
    /// The largest cell that the database takes, where it says so only by closing the connection.
    pub largest: Option<u64>,
}

/// Kind of an error and its text, and whether another attempt may succeed at once.
#[derive(Debug)]
pub enum Explained {
    /// Somebody else was faster, and nothing was done: try again.
    Again,
    /// The table is not there.
    NoTable,
    /// What went wrong, and what to do about it.
    As(ErrorKind, &'static str),
    /// Nothing is known of it.
    Unknown,
}

/// What to do to many keys at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Many {
    /// Answers with the name and cell of each that is there.
    Read,
    /// Removes them; answers 1 or 0 as the number of each.
    Remove,
    /// Removes them, where the answer to [`Remove`](Self::Remove) leaves rows whose time is over:
    /// they may not come back when the clock is set back.
    Sweep,
    /// Puts tombstones in their place.
    Bury,
}

/// How many rows are put at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Whatever is there.
    Write,
    /// Where nothing is.
    Acquire,
    /// Where the old token is; answers with the names of those.
    Fill,
}

/// One statement, and what comes back.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its text.
    pub text: Arc<str>,
    /// Whether rows come back, or a count only.
    pub returns: bool,
}

impl Statement {
    /// A statement that answers with rows of [`Row`]'s three columns.
    pub(super) fn asks(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            returns: true,
        }
    }

    /// A statement that answers with a count of rows.
    pub(super) fn does(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            returns: false,
        }
    }
}

/// The statements of one table; their arguments in this order.
#[derive(Debug)]
pub struct Statements {
    /// Name, token, cell, time to live. See [`Dialect::acquired`].
    pub acquire: Statement,
    /// Token, cell, time to live, name, old token.
    pub fill: Statement,
    /// Time to live, name, token.
    pub renew: Statement,
    /// Name, token.
    pub release: Statement,
    /// Name, token, cell, time to live.
    pub write: Statement,
    /// The clock, as the number.
    pub now: Statement,
    /// How many: removes so many expired rows at most.
    pub cull: Statement,
    /// How many: drops so many rows, whatever their time, of a database that is full.
    pub evict: Option<Statement>,
    /// Pages in use, as the number.
    pub used: Option<Statement>,
    /// Pages of the file, as the number.
    pub made: Option<Statement>,
    /// The version of the table, as the number; no row if the table is not there.
    pub version: Statement,
    /// What makes the table, to be run as a whole.
    pub create: String,
    /// What drops the table.
    pub drop: String,
    /// The origin, how many: removes so many rows, whatever their time, unless the table is of
    /// this origin already.
    pub forget: Statement,
}

/// An argument of a statement.
#[derive(Debug, Clone)]
pub enum Arg {
    /// A key.
    Text(String),
    /// Keys, as one argument.
    Texts(Vec<String>),
    /// A cell.
    Bytes(Vec<u8>),
    /// A token, or that there is none.
    Token(Option<[u8; 16]>),
    /// Milliseconds, or a count.
    Int(i64),
}

impl Arg {
    /// The cell, if it is one.
    pub(super) fn cell(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// The rows, of a statement that returns some.
    pub rows: Vec<Row>,
    /// How many rows were touched, of one that does not.
    pub count: u64,
    /// What MySQL calls the last inserted id.
    pub note: u64,
}

/// One row: every statement answers with these columns, in this order.
#[derive(Debug, Default)]
pub struct Row {
    /// The key.
    pub name: Option<String>,
    /// The cell.
    pub cell: Option<Vec<u8>>,
    /// What the statement says.
    pub number: Option<i64>,
}

impl Answer {
    /// The sum of the numbers, or the count.
    pub(super) fn total(&self) -> u64 {
        let numbers = self.rows.iter().filter_map(|row| row.number);
        let sum: i64 = numbers.sum();
        self.count + u64::try_from(sum).unwrap_or_default()
    }
}

/// Writes [`Dialect::ask`] and [`Dialect::run`] for one database: sqlx's own traits cannot be
/// named for all of them without a page of bounds.
macro_rules! ask {
    ($database:ty, keys as $keys:ty) => {
        async fn ask<'c>(
            connection: &'c mut Self::Connection,
            statement: &'c Statement,
            arguments: &'c [Arg],
        ) -> sqlx::Result<Answer> {
            let text = sqlx::AssertSqlSafe(::std::sync::Arc::clone(&statement.text));
            let mut query = sqlx::query::<$database>(text);
            for argument in arguments {
                query = match argument {
                    Arg::Text(text) => query.bind(key_of(text)),
                    Arg::Texts(texts) => with_many(query, texts),
                    Arg::Bytes(bytes) => query.bind(bytes.as_slice()),
                    Arg::Token(token) => query.bind(token.as_ref().map(|token| token.as_slice())),
                    Arg::Int(number) => query.bind(*number),
                };
            }
            if !statement.returns {
                return Ok(counted(&query.execute(connection).await?));
            }
            let rows = query.fetch_all(connection).await?;
            let rows = rows.iter().map(|row| {
                Ok($crate::backend::sql::dialect::Row {
                    name: sqlx::Row::try_get::<Option<$keys>, _>(row, 0)?.map(name_of),
                    cell: sqlx::Row::try_get(row, 1)?,
                    number: sqlx::Row::try_get(row, 2)?,
                })
            });
            Ok(Answer {
                rows: rows.collect::<sqlx::Result<_>>()?,
                ..Answer::default()
            })
        }

        async fn run<'c>(connection: &'c mut Self::Connection, text: &'c str) -> sqlx::Result<()> {
            let text = sqlx::AssertSqlSafe(text.to_owned());
            sqlx::Executor::execute(connection, sqlx::raw_sql(text)).await?;
            Ok(())
        }
    };
}
pub(super) use ask;

/// A statement with the name of the table, that of its index and the clock filled in.
pub(super) fn fitted(text: &str, table: &str, now: &str) -> String {
    let (_, index) = table.rsplit_once('.').unwrap_or(("", table));
    let text = text.replace("{t}", table).replace("{i}", index);
    text.replace("{now}", now)
}

/// Statements that all databases spell alike, but for the marks of their arguments.
pub(super) const FILL: &str = "UPDATE {t} SET token = ?, cell = ?, expires = {now} + ? \
                               WHERE name = ? AND token = ? AND expires > {now}";
pub(super) const RENEW: &str =
    "UPDATE {t} SET expires = {now} + ? WHERE name = ? AND token = ? AND expires > {now}";
pub(super) const RELEASE: &str = "DELETE FROM {t} WHERE name = ? AND token = ? AND expires > {now}";

/// SQLite and PostgreSQL spell it like this.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) const WRITE: &str = "INSERT INTO {t} (name, token, cell, expires) \
                                VALUES (?, ?, ?, {now} + ?) ON CONFLICT (name) DO UPDATE SET \
                                token = excluded.token, cell = excluded.cell, \
                                expires = excluded.expires";

/// Where a database of a server is: behind a socket, or at a port of a host.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn place_of(socket: Option<&Path>, host: &str, port: u16, database: &str) -> String {
    match socket {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{host}:{port}/{database}"),
    }
}

/// Statements that put rows, as SQLite and PostgreSQL spell them; `values` has a row for each.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn put_values(verb: Verb, values: &str) -> String {
    let put = "INSERT INTO {t} AS c (name, token, cell, expires) \
               SELECT name, token, cell, {now} + ttl FROM n WHERE true ORDER BY name \
               ON CONFLICT (name) DO UPDATE SET token = excluded.token, cell = excluded.cell, \
               expires = excluded.expires";
    match verb {
        Verb::Write => format!("WITH n (name, token, cell, ttl) AS (VALUES {values}) {put}"),
        Verb::Acquire => format!(
            "WITH n (name, token, cell, ttl) AS (VALUES {values}) {put} WHERE c.expires <= {{now}}"
        ),
        Verb::Fill => format!(
            "WITH n (name, token, cell, ttl, old) AS (VALUES {values}) UPDATE {{t}} AS c \
             SET token = n.token, cell = n.cell, expires = {{now}} + n.ttl FROM n \
             WHERE c.name = n.name AND c.token = n.old AND c.expires > {{now}} \
             RETURNING {{key}}, {{none}}, {{none}}"
        ),
    }
}

/// What an acquire that answers with one row says: 1 for the caller's, or what is there.
#[cfg(feature = "postgres")]
pub(super) fn granted_or_found(answer: Answer) -> Option<Acquired> {
    let row = answer.rows.into_iter().next()?;
    match row.cell {
        Some(cell) => Some(Acquired::Found(crate::cell::Cell::from_bytes(cell))),
        None => Some(Acquired::Granted),
    }
}

/// Where the keys of a statement go: `?, ?, ?`.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn marks(keys: usize) -> String {
    let mut marks = "?, ".repeat(keys);
    marks.truncate(marks.len().saturating_sub(2));
    marks
}

/// Milliseconds of a time to live, rounded up to 1 at least. A thousand years stand for none.
pub(super) fn millis(ttl: Option<Duration>) -> i64 {
    const LONGEST: i64 = 1000 * 365 * 24 * 60 * 60 * 1000;
    let millis = ttl.map_or(u128::MAX, |ttl| ttl.as_nanos().div_ceil(1_000_000));
    i64::try_from(millis).unwrap_or(LONGEST).clamp(1, LONGEST)
}

/// The table of an address in a message about it.
pub(super) fn missing<D: Dialect>(address: &Address<D>) -> Error {
    let table = &address.table;
    let create = D::statements(table).create;
    let message = format!(
        "{} at {}: there is no table `{table}`; add `create=true` to the options of the URL, call \
         `create()` on the backend, or run\n{create}",
        address.scheme,
        D::place(&address.options),
    );
    Error::new(ErrorKind::Config, message)
}
