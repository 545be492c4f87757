//! SQLite: one file, one writer at a time, any number of readers.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::dialect::{
    Answer, Arg, Dialect, Explained, FILL, Greeting, Many, RELEASE, RENEW, Statement, Statements,
    Verb, WRITE, ask, fitted, marks, put_values,
};
use super::{VERSION, address};
use crate::backend::port::Acquired;
use crate::error::{Error, ErrorKind};

/// The clock, in milliseconds since the Unix epoch.
const NOW: &str = "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)";

/// How long a write may wait for another process's.
const BUSY: Duration = Duration::from_secs(4);

impl Dialect for Sqlite {
    const SCHEME: &'static str = "sqlite";
    const OPTIONS: &'static [&'static str] = &[];
    const ONE_WRITER: bool = true;

    fn options(url: &str, create: bool) -> Result<SqliteConnectOptions, Error> {
        let path = url.split_once("://").map_or(url, |(_, path)| path);
        if path.is_empty() {
            return Err(address::bad(
                url,
                "name a file, as in `sqlite:///var/cache/app.db`",
            ));
        }
        if path.contains(":memory:") {
            let hint = "a database in memory is seen by one connection only; use `memory://`, or \
                        name a file, as in `sqlite:///var/cache/app.db`";
            return Err(address::bad(url, hint));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|fault| address::bad(url, &fault.to_string()))?;
        Ok(tuned(options.create_if_missing(create)))
    }

    fn beside(options: &SqliteConnectOptions) -> Result<SqliteConnectOptions, Error> {
        let name = options.get_filename().as_os_str().to_string_lossy();
        if name.is_empty() || name.contains(":memory:") || name.starts_with("file:sqlx-in-memory") {
            let message = "the pool's database is in memory, which a connection of the cache's own \
                           does not see; use `memory://`, or a database in a file";
            return Err(Error::new(ErrorKind::Config, message));
        }
        // Its journal is the application's business.
        let options = options.clone().busy_timeout(BUSY);
        Ok(options.disable_statement_logging())
    }

    fn place(options: &SqliteConnectOptions) -> String {
        options.get_filename().display().to_string()
    }

    fn statements(table: &str) -> Statements {
        let asks = |text: &str| Statement::asks(fit(text, table));
        let does = |text: &str| Statement::does(fit(text, table));
        Statements {
            acquire: asks(
                "INSERT INTO {t} (name, token, cell, expires) VALUES (?1, ?2, ?3, {now} + ?4) \
                 ON CONFLICT (name) DO UPDATE SET token = excluded.token, cell = excluded.cell, \
                 expires = excluded.expires WHERE expires <= {now} RETURNING NULL, NULL, 1",
            ),
            fill: does(FILL),
            renew: does(RENEW),
            release: does(RELEASE),
            write: does(WRITE),
            now: asks("SELECT NULL, NULL, {now}"),
            cull: does(
                "DELETE FROM {t} WHERE name IN \
                 (SELECT name FROM {t} WHERE expires <= {now} ORDER BY expires LIMIT ?1)",
            ),
            version: asks(
                "SELECT NULL, NULL, CAST(substr(sql, instr(sql, 'cached-core schema ') + 19, 6) \
                 AS INTEGER) FROM sqlite_schema WHERE type = 'table' AND name = '{t}'",
            ),
            create: create(table),
            // What the adapter itself keeps begins with a space.
            evict: Some(does(
                "DELETE FROM {t} WHERE rowid IN (SELECT rowid FROM (SELECT rowid, expires FROM {t} \
                 WHERE name > '!' AND rowid >= (SELECT min(rowid) + \
                 abs(random()) % (max(rowid) - min(rowid) + 1) FROM {t}) \
                 ORDER BY rowid LIMIT ?1 * 4) ORDER BY expires LIMIT ?1)",
            )),
            used: Some(asks(
                "SELECT NULL, NULL, page_count - freelist_count FROM pragma_page_count, \
                 pragma_freelist_count",
            )),
            made: Some(asks("SELECT NULL, NULL, page_count FROM pragma_page_count")),
            forget: does(
                "DELETE FROM {t} WHERE rowid IN (SELECT rowid FROM {t} WHERE name >= '!' LIMIT ?2) \
                 AND NOT EXISTS (SELECT 1 FROM {t} WHERE name = ' origin' AND cell = ?1)",
            ),
            drop: fit("DROP TABLE IF EXISTS {t}", table),
        }
    }

    fn many(table: &str, verb: Many, keys: usize) -> (String, bool) {
        let text = match verb {
            Many::Read => {
                "SELECT name, cell, NULL FROM {t} WHERE expires > {now} AND name IN ({?})"
            }
            // In a transaction of the user's own, too: it holds the one lock on the database, so
            // nobody can slip in.
            Many::Remove | Many::Sweep | Many::Bury => {
                "DELETE FROM {t} WHERE name IN ({?}) RETURNING NULL, NULL, expires > {now}"
            }
        };
        (fit(&text.replace("{?}", &marks(keys)), table), false)
    }

    const FILLS: bool = true;

    fn batch(table: &str, verb: Verb, rows: usize) -> String {
        let row = match verb {
            Verb::Fill => "(?, ?, ?, ?, ?)",
            Verb::Write | Verb::Acquire => "(?, ?, ?, ?)",
        };
        let values = vec![row; rows].join(", ");
        let text = put_values(verb, &values);
        fit(
            &text.replace("{key}", "name").replace("{none}", "NULL"),
            table,
        )
    }

    fn scan(table: &str) -> String {
        let text = "SELECT name, NULL, NULL FROM {t} WHERE name >= ?1 AND name < ?2 AND name > ?3 \
                    AND expires > {now} ORDER BY name LIMIT ?4";
        fit(text, table)
    }

    fn returns(_: Many) -> bool {
        true
    }

    fn acquired(answer: Answer) -> Option<Acquired> {
        (!answer.rows.is_empty()).then_some(Acquired::Granted)
    }

    async fn greet(_: &mut Self::Connection) -> sqlx::Result<Greeting> {
        Ok(Greeting {
            origin: boot_id(),
            largest: None,
        })
    }

    fn explain(fault: &(dyn sqlx::error::DatabaseError + 'static)) -> Explained {
        // The extended code; its last byte is the plain one.
        let code = fault.code().and_then(|code| code.parse::<u32>().ok());
        let Some(code) = code else {
            return Explained::Unknown;
        };
        let (kind, fix) = match code & 0xFF {
            1 if fault.message().contains("no such table") => return Explained::NoTable,
            // SQLITE_BUSY_SNAPSHOT: a transaction of the user's read before somebody wrote.
            5 if code == 517 => return Explained::Again,
            3 | 23 => (
                ErrorKind::Denied,
                "let this process read and write the file and its directory",
            ),
            5 | 6 => (
                ErrorKind::Unavailable,
                "another connection held the database for too long; keep write transactions short",
            ),
            8 => (
                ErrorKind::ReadOnly,
                "let this process write the file and its directory",
            ),
            10 => (
                ErrorKind::Unavailable,
                "the disk failed; see the system's log",
            ),
            11 => (
                ErrorKind::Protocol,
                "the file is damaged; remove it together with `-wal` and `-shm` beside it",
            ),
            13 => (
                ErrorKind::Full,
                "make room on the disk; until then nothing is stored, nor invalidated",
            ),
            14 => (
                ErrorKind::Unavailable,
                "the file cannot be opened; make its directory, or add `create=true` to the \
                 options of the URL to make the file",
            ),
            18 => (
                ErrorKind::TooLarge,
                "the value is over SQLite's limit; cache smaller ones",
            ),
            26 => (
                ErrorKind::Protocol,
                "the file is no SQLite database; remove it, or name another one",
            ),
            _ => return Explained::Unknown,
        };
        Explained::As(kind, fix)
    }

    ask!(Sqlite, keys as String);
}

fn key_of(name: &str) -> &str {
    name
}

/// Its keys are arguments of their own.
fn with_many<Q>(query: Q, _: &[String]) -> Q {
    query
}

fn name_of(name: String) -> String {
    name
}

fn counted(result: &sqlx::sqlite::SqliteQueryResult) -> Answer {
    Answer {
        count: result.rows_affected(),
        ..Answer::default()
    }
}

/// What makes the table, with the version in its text, which SQLite keeps.
fn create(table: &str) -> String {
    let text = format!(
        "CREATE TABLE IF NOT EXISTS {{t}} ( /* cached-core schema {VERSION} */\n  \
         name TEXT NOT NULL PRIMARY KEY,\n  token BLOB,\n  cell BLOB NOT NULL,\n  \
         expires INTEGER NOT NULL\n);\n\
         CREATE INDEX IF NOT EXISTS {{i}}_expires ON {{t}} (expires);"
    );
    fit(&text, table)
}

fn fit(text: &str, table: &str) -> String {
    fitted(text, table, NOW)
}

/// The boot of this machine, where it can be told.
fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The settings under which a killed process tears nothing.
pub(super) fn tuned(options: SqliteConnectOptions) -> SqliteConnectOptions {
    // Where a start of the machine cannot be told, what was acknowledged has to survive it.
    let synchronous = match boot_id() {
        Some(_) => SqliteSynchronous::Normal,
        None => SqliteSynchronous::Full,
    };
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}
