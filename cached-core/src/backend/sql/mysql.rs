//! MySQL and MariaDB.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlDatabaseError};

use super::dialect::{
    Answer, Arg, Dialect, Explained, FILL, Greeting, Many, RELEASE, RENEW, Statement, Statements,
    Verb, ask, fitted, marks, place_of,
};
use super::{VERSION, address};
use crate::backend::port::Acquired;
use crate::error::{Error, ErrorKind};

/// The clock, in milliseconds since the Unix epoch; of no time zone, so that no hour comes twice.
const NOW: &str = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)) DIV 1000)";

/// What stands beside a cell in one packet.
const BESIDE: u64 = 1024;

impl Dialect for MySql {
    const SCHEME: &'static str = "mysql";
    const OPTIONS: &'static [&'static str] = &[
        "ssl-mode",
        "ssl-ca",
        "ssl-cert",
        "ssl-key",
        "charset",
        "collation",
        "statement-cache-capacity",
        "socket",
    ];
    const ONE_WRITER: bool = false;

    fn options(url: &str, _: bool) -> Result<MySqlConnectOptions, Error> {
        let options =
            MySqlConnectOptions::from_str(url).map_err(|fault| address::unread(url, &fault))?;
        if options.get_database().is_none() {
            return Err(address::bad(
                url,
                "name a database, as in `mysql://user@host/app`",
            ));
        }
        Self::beside(&options)
    }

    fn beside(options: &MySqlConnectOptions) -> Result<MySqlConnectOptions, Error> {
        Ok(options.clone().disable_statement_logging())
    }

    fn place(options: &MySqlConnectOptions) -> String {
        let database = options.get_database().unwrap_or_default();
        let (host, port) = (options.get_host(), options.get_port());
        place_of(
            options.get_socket().map(PathBuf::as_path),
            host,
            port,
            database,
        )
    }

    fn statements(table: &str) -> Statements {
        let asks = |text: &str| Statement::asks(fit(text, table));
        let does = |text: &str| Statement::does(fit(text, table));
        Statements {
            // Assignments happen from left to right, so the time comes last. Where nothing is
            // changed the answer's note says 2: the count cannot tell that from a new row.
            acquire: does(
                "INSERT INTO {t} (name, token, cell, expires) VALUES (?, ?, ?, {now} + ?) \
                 ON DUPLICATE KEY UPDATE \
                 token = IF(expires <= {now}, VALUES(token), token), \
                 cell = IF(expires <= {now}, VALUES(cell), cell), \
                 expires = IF(expires <= {now}, VALUES(expires), \
                 IF(LAST_INSERT_ID(2) = 2, expires, expires))",
            ),
            fill: does(FILL),
            renew: does(RENEW),
            release: does(RELEASE),
            write: does(
                "INSERT INTO {t} (name, token, cell, expires) VALUES (?, ?, ?, {now} + ?) \
                 ON DUPLICATE KEY UPDATE token = VALUES(token), cell = VALUES(cell), \
                 expires = VALUES(expires)",
            ),
            now: asks("SELECT NULL, NULL, {now}"),
            cull: does("DELETE FROM {t} WHERE expires <= {now} ORDER BY expires LIMIT ?"),
            version: asks(&version(table)),
            create: create(table),
            evict: None,
            used: None,
            made: None,
            // What is deleted from can be looked at through another table only.
            forget: does(
                "DELETE FROM {t} WHERE name >= '!' AND NOT EXISTS (SELECT 1 FROM \
                 (SELECT cell FROM {t} WHERE name = ' origin') AS o WHERE o.cell = ?) LIMIT ?",
            ),
            drop: fit("DROP TABLE IF EXISTS {t}", table),
        }
    }

    fn many(table: &str, verb: Many, keys: usize) -> (String, bool) {
        let text = match verb {
            Many::Read => {
                "SELECT name, cell, NULL FROM {t} WHERE expires > {now} AND name IN ({?})"
            }
            Many::Remove => "DELETE FROM {t} WHERE expires > {now} AND name IN ({?})",
            Many::Sweep => "DELETE FROM {t} WHERE name IN ({?})",
            Many::Bury => {
                let rows = vec!["(?, NULL, '', 0)"; keys].join(", ");
                let text = format!(
                    "INSERT INTO {{t}} (name, token, cell, expires) VALUES {rows} \
                     ON DUPLICATE KEY UPDATE token = NULL, cell = '', expires = 0"
                );
                return (fit(&text, table), false);
            }
        };
        (fit(&text.replace("{?}", &marks(keys)), table), false)
    }

    const FILLS: bool = false;

    fn batch(table: &str, verb: Verb, rows: usize) -> String {
        let values = vec!["(?, ?, ?, {now} + ?)"; rows].join(", ");
        let update = match verb {
            Verb::Acquire => {
                "token = IF(expires <= {now}, VALUES(token), token), \
                 cell = IF(expires <= {now}, VALUES(cell), cell), \
                 expires = IF(expires <= {now}, VALUES(expires), expires)"
            }
            // There is none to fill.
            Verb::Write | Verb::Fill => {
                "token = VALUES(token), cell = VALUES(cell), expires = VALUES(expires)"
            }
        };
        let text = format!(
            "INSERT INTO {{t}} (name, token, cell, expires) VALUES {values} \
             ON DUPLICATE KEY UPDATE {update}"
        );
        fit(&text, table)
    }

    fn scan(table: &str) -> String {
        let text = "SELECT name, NULL, NULL FROM {t} WHERE name >= ? AND name < ? AND name > ? \
                    AND expires > {now} ORDER BY name LIMIT ?";
        fit(text, table)
    }

    fn returns(verb: Many) -> bool {
        verb == Many::Read
    }

    fn acquired(answer: Answer) -> Option<Acquired> {
        (answer.note != 2).then_some(Acquired::Granted)
    }

    async fn greet(connection: &mut Self::Connection) -> sqlx::Result<Greeting> {
        Self::run(
            connection,
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
             SET SESSION autocommit = 1, innodb_lock_wait_timeout = 1",
        )
        .await?;
        let origin = Statement::asks(
            "SELECT CAST(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@server_id) AS BINARY), \
             NULL, CAST(@@max_allowed_packet AS SIGNED)",
        );
        let told = Self::ask(connection, &origin, &[])
            .await?
            .rows
            .into_iter()
            .next();
        let told = told.unwrap_or_default();
        let packet = told.number.and_then(|bytes| u64::try_from(bytes).ok());
        Ok(Greeting {
            origin: told.name,
            largest: packet.map(|bytes| bytes.saturating_sub(BESIDE)),
        })
    }

    fn explain(fault: &(dyn sqlx::error::DatabaseError + 'static)) -> Explained {
        let Some(fault) = fault.try_downcast_ref::<MySqlDatabaseError>() else {
            return Explained::Unknown;
        };
        let (kind, fix) = match fault.number() {
            // A deadlock; a row that changed under a snapshot (MariaDB 11).
            1213 | 1020 => return Explained::Again,
            1146 => return Explained::NoTable,
            1044 => (
                ErrorKind::Denied,
                "there is no such database for this user: correct its name in the URL, make it, or \
                 grant the user SELECT, INSERT, UPDATE and DELETE in it, and CREATE, INDEX and DROP \
                 to make the table",
            ),
            1142 | 1143 | 1227 => (
                ErrorKind::Denied,
                "grant the user SELECT, INSERT, UPDATE and DELETE on the table; CREATE, INDEX and \
                 DROP to make it",
            ),
            1045 | 1698 | 1251 => (
                ErrorKind::Denied,
                "it refuses this user and password; correct them in the URL (a character of \
                 `:/?#[]@%` in them is percent-encoded)",
            ),
            1049 => (
                ErrorKind::Config,
                "make the database, or correct its name in the URL",
            ),
            1205 => (
                ErrorKind::Unavailable,
                "another transaction holds the key for long; keep transactions that invalidate \
                 short",
            ),
            1153 | 1301 => (
                ErrorKind::TooLarge,
                "the value is over the server's `max_allowed_packet`; raise it, or cache smaller \
                 ones",
            ),
            1021 | 1114 => (
                ErrorKind::Full,
                "make room on the server's disk, or in its tablespace",
            ),
            1290 | 1792 | 1836 => (
                ErrorKind::ReadOnly,
                "this is a replica or takes no writes; name the primary in the URL",
            ),
            1040 | 1203 | 1226 => (
                ErrorKind::Unavailable,
                "the server allows no more connections; raise `max_connections`, or lower \
                 `connections` of the URL",
            ),
            1053 | 1077 | 1078 | 1317 | 1927 => (
                ErrorKind::Unavailable,
                "the server is shutting down, or ended the statement",
            ),
            _ => return Explained::Unknown,
        };
        Explained::As(kind, fix)
    }

    ask!(MySql, keys as Vec<u8>);
}

/// Binary, as the column is: compared as text, the index would not be used.
fn key_of(name: &str) -> &[u8] {
    name.as_bytes()
}

/// Its keys are arguments of their own.
fn with_many<Q>(query: Q, _: &[String]) -> Q {
    query
}

fn name_of(name: Vec<u8>) -> String {
    String::from_utf8_lossy(&name).into_owned()
}

fn counted(result: &sqlx::mysql::MySqlQueryResult) -> Answer {
    Answer {
        count: result.rows_affected(),
        note: result.last_insert_id(),
        ..Answer::default()
    }
}

fn version(table: &str) -> String {
    let (schema, table) = match table.split_once('.') {
        Some((schema, table)) => (format!("'{schema}'"), table),
        None => ("DATABASE()".to_owned(), table),
    };
    format!(
        "SELECT NULL, NULL, CAST(SUBSTRING_INDEX(table_comment, 'cached-core schema ', -1) AS SIGNED) \
         FROM information_schema.tables WHERE table_schema = {schema} AND table_name = '{table}'"
    )
}

fn create(table: &str) -> String {
    let text = format!(
        "CREATE TABLE IF NOT EXISTS {{t}} (\n  name VARBINARY(255) NOT NULL PRIMARY KEY,\n  \
         token BINARY(16),\n  cell LONGBLOB NOT NULL,\n  expires BIGINT NOT NULL,\n  \
         INDEX expires (expires)\n) ENGINE = InnoDB COMMENT = 'cached-core schema {VERSION}';"
    );
    fit(&text, table)
}

fn fit(text: &str, table: &str) -> String {
    fitted(text, table, NOW)
}
