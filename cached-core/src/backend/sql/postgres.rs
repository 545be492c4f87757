//! PostgreSQL.
//!
//! The table is `UNLOGGED`: a server that crashed, a standby that took over and a base backup that
//! was restored find it empty, so none of them brings back what was invalidated, and no write waits
//! for a disk. What is done in one transaction stays one, a tombstone in the user's own included.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, Postgres};

use super::dialect::{
    Answer, Arg, Dialect, Explained, FILL, Greeting, Many, RELEASE, RENEW, Statement, Statements,
    Verb, WRITE, ask, fitted, granted_or_found, place_of, put_values,
};
use super::{VERSION, address};
use crate::backend::port::Acquired;
use crate::error::{Error, ErrorKind};

/// The clock, in milliseconds since the Unix epoch; not the transaction's, which stands still while
/// a statement waits for a lock.
const NOW: &str = "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";

type Asked<'q> = sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>;

impl Dialect for Postgres {
    const SCHEME: &'static str = "postgres";
    const OPTIONS: &'static [&'static str] = &[
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    const ONE_WRITER: bool = false;

    fn options(url: &str, _: bool) -> Result<PgConnectOptions, Error> {
        let options =
            PgConnectOptions::from_str(url).map_err(|fault| address::unread(url, &fault))?;
        Self::beside(&options)
    }

    fn beside(options: &PgConnectOptions) -> Result<PgConnectOptions, Error> {
        Ok(options.clone().disable_statement_logging())
    }

    fn place(options: &PgConnectOptions) -> String {
        let database = options.get_database().unwrap_or(options.get_username());
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
            // What is there is read as of the beginning: if it came later, there is no row at all.
            acquire: asks(
                "WITH put AS (INSERT INTO {t} AS c (name, token, cell, expires) \
                 VALUES ($1, $2, $3, {now} + $4) ON CONFLICT (name) DO UPDATE \
                 SET token = excluded.token, cell = excluded.cell, expires = excluded.expires \
                 WHERE c.expires <= {now} RETURNING 1) \
                 SELECT NULL::TEXT, NULL::BYTEA, 1::BIGINT FROM put UNION ALL \
                 SELECT NULL, cell, 0::BIGINT FROM {t} WHERE name = $1 AND expires > {now} \
                 AND NOT EXISTS (SELECT 1 FROM put)",
            ),
            fill: does(&numbered(FILL)),
            renew: does(&numbered(RENEW)),
            release: does(&numbered(RELEASE)),
            write: does(&numbered(WRITE)),
            now: asks("SELECT NULL::TEXT, NULL::BYTEA, {now}"),
            cull: does(
                "DELETE FROM {t} WHERE name IN (SELECT name FROM {t} \
                 WHERE expires <= (SELECT {now}) ORDER BY expires LIMIT $1 FOR UPDATE SKIP LOCKED)",
            ),
            // A table of ours that somebody has made a logged one is of no version.
            version: asks(
                "SELECT NULL::TEXT, NULL::BYTEA, CASE WHEN relpersistence = 'u' THEN version \
                 WHEN version = 0 THEN 0 ELSE -1 END FROM (SELECT relpersistence, COALESCE(CAST(\
                 substring(obj_description(oid, 'pg_class') FROM 'cached-core schema ([0-9]+)') \
                 AS BIGINT), 0) AS version FROM pg_class WHERE oid = to_regclass('{t}')) AS c",
            ),
            create: create(table),
            evict: None,
            used: None,
            made: None,
            forget: does(
                "DELETE FROM {t} WHERE name IN (SELECT name FROM {t} WHERE name >= '!' LIMIT $2) \
                 AND NOT EXISTS (SELECT 1 FROM {t} WHERE name = ' origin' AND cell = $1)",
            ),
            drop: fit("DROP TABLE IF EXISTS {t}", table),
        }
    }

    fn many(table: &str, verb: Many, _: usize) -> (String, bool) {
        let text = match verb {
            Many::Read => {
                "SELECT name, cell, NULL::BIGINT FROM {t} \
                           WHERE name = ANY($1) AND expires > {now}"
            }
            // Locked in one order: two who take the same rows in different ones block each other.
            Many::Remove => {
                "WITH gone AS (SELECT name FROM {t} WHERE name = ANY($1) \
                             ORDER BY name FOR UPDATE) \
                             DELETE FROM {t} AS c USING gone WHERE c.name = gone.name \
                             RETURNING NULL::TEXT, NULL::BYTEA, (c.expires > {now})::INT::BIGINT"
            }
            Many::Sweep => "DELETE FROM {t} WHERE name = ANY($1)",
            Many::Bury => {
                "INSERT INTO {t} (name, token, cell, expires) \
                           SELECT name, NULL, '', 0 FROM unnest($1::TEXT[]) AS n (name) \
                           ORDER BY name ON CONFLICT (name) DO UPDATE \
                           SET token = NULL, cell = '', expires = 0"
            }
        };
        (fit(text, table), true)
    }

    const FILLS: bool = true;

    fn batch(table: &str, verb: Verb, rows: usize) -> String {
        let types = ["TEXT", "BYTEA", "BYTEA", "BIGINT", "BYTEA"];
        let columns = match verb {
            Verb::Fill => 5,
            Verb::Write | Verb::Acquire => 4,
        };
        let values = (0..rows).map(|row| {
            let marks = types[..columns].iter().enumerate();
            let marks = marks.map(|(at, kind)| format!("${}::{kind}", row * columns + at + 1));
            format!("({})", marks.collect::<Vec<_>>().join(", "))
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let text = put_values(verb, &values).replace("{key}", "c.name");
        fit(
            &text
                .replacen("{none}", "NULL::BYTEA", 1)
                .replace("{none}", "NULL::BIGINT"),
            table,
        )
    }

    fn scan(table: &str) -> String {
        let text = "SELECT name, NULL::BYTEA, NULL::BIGINT FROM {t} WHERE name >= $1 AND name < $2 \
                    AND name > $3 AND expires > {now} ORDER BY name LIMIT $4";
        fit(text, table)
    }

    fn returns(verb: Many) -> bool {
        matches!(verb, Many::Read | Many::Remove)
    }

    fn acquired(answer: Answer) -> Option<Acquired> {
        granted_or_found(answer)
    }

    async fn greet(connection: &mut Self::Connection) -> sqlx::Result<Greeting> {
        let settings = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                        SET lock_timeout = 1000; SET statement_timeout = 5000";
        Self::run(connection, settings).await?;
        Ok(Greeting::default())
    }

    fn explain(fault: &(dyn sqlx::error::DatabaseError + 'static)) -> Explained {
        let code = fault.code().unwrap_or_default();
        let (kind, fix) = match &*code {
            "40001" | "40P01" => return Explained::Again,
            "42P01" => return Explained::NoTable,
            "42501" => (
                ErrorKind::Denied,
                "grant the user SELECT, INSERT, UPDATE and DELETE on the table; CREATE on its \
                 schema to make it",
            ),
            "3D000" => (
                ErrorKind::Config,
                "make the database, or correct its name in the URL",
            ),
            "3F000" => (ErrorKind::Config, "make the schema, or correct its name"),
            "25006" | "0A000" | "55000" => (
                ErrorKind::ReadOnly,
                "this is a standby or takes no writes; name the primary in the URL",
            ),
            "53100" => (ErrorKind::Full, "make room on the server's disk"),
            "53300" => (
                ErrorKind::Unavailable,
                "the server is at its `max_connections`; raise it, or lower `connections` of the \
                 URL",
            ),
            "55P03" => (
                ErrorKind::Unavailable,
                "another transaction holds the key for long; keep transactions that invalidate \
                 short",
            ),
            "57014" => (ErrorKind::Timeout, "the server took too long"),
            code if code.starts_with("28") => (
                ErrorKind::Denied,
                "it refuses this user and password; correct them in the URL (a character of \
                 `:/?#[]@%` in them is percent-encoded)",
            ),
            code if code.starts_with("57P") || code.starts_with("08") => (
                ErrorKind::Unavailable,
                "the server is starting, or shutting down",
            ),
            code if code.starts_with("53") => {
                (ErrorKind::Unavailable, "the server lacks something")
            }
            code if code.starts_with("54") => (
                ErrorKind::TooLarge,
                "the value is over the server's limit; cache smaller ones",
            ),
            _ => return Explained::Unknown,
        };
        Explained::As(kind, fix)
    }

    ask!(Postgres, keys as String);
}

fn with_many<'q>(query: Asked<'q>, keys: &[String]) -> Asked<'q> {
    query.bind(keys)
}

fn key_of(name: &str) -> &str {
    name
}

fn name_of(name: String) -> String {
    name
}

fn counted(result: &sqlx::postgres::PgQueryResult) -> Answer {
    Answer {
        count: result.rows_affected(),
        ..Answer::default()
    }
}

/// What makes the table; as one text it is one transaction, and the lock lets one maker in.
fn create(table: &str) -> String {
    let text = format!(
        "SELECT pg_advisory_xact_lock(hashtext('cached-core {{t}}'));\n\
         CREATE UNLOGGED TABLE IF NOT EXISTS {{t}} (\n  \
         name TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,\n  token BYTEA,\n  \
         cell BYTEA NOT NULL,\n  expires BIGINT NOT NULL\n);\n\
         ALTER TABLE {{t}} ALTER COLUMN cell SET STORAGE EXTERNAL;\n\
         CREATE INDEX IF NOT EXISTS {{i}}_expires ON {{t}} (expires);\n\
         COMMENT ON TABLE {{t}} IS 'cached-core schema {VERSION}';"
    );
    fit(&text, table)
}

/// The marks of arguments as PostgreSQL has them.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    let add = |text, (at, part)| format!("{text}${at}{part}");
    (1..).zip(parts).fold(first, add)
}

fn fit(text: &str, table: &str) -> String {
    fitted(text, table, NOW)
}
