//! The database: a SQLite file, behind a handle that counts what is asked of it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cached_core::Handle;
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, QueryBuilder, Sqlite};
use tokio::sync::Semaphore;

/// What can go wrong. It is `Clone`, so that callers who waited for one failing query all get its
/// error; one that is not would make each of them ask again.
#[derive(Debug, Clone)]
pub(crate) enum DbError {
    /// There is no such row.
    NotFound,
    /// The database refused.
    Sql(Arc<sqlx::Error>),
}

/// Leads to the database. Two handles never make a query answer differently, so it is a `Handle`:
/// an argument that need not be in a key.
#[derive(Clone, Handle)]
pub(crate) struct Db {
    pool: SqlitePool,
    queries: Arc<AtomicU64>,
    wire: Option<Arc<Wire>>,
}

/// How much a new database holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) authors: i64,
    pub(crate) posts: i64,
    pub(crate) comments: i64,
}

type Rows<'q, O> = QueryAs<'q, Sqlite, O, SqliteArguments>;

impl Db {
    /// Creates the file and fills it.
    pub(crate) async fn create(file: &Path, size: Size) -> Result<Self, DbError> {
        let db = Self::connect(options(file).create_if_missing(true)).await?;
        fill(&db.pool, size).await?;
        Ok(db)
    }

    /// Opens a file that another process created.
    pub(crate) async fn open(file: &Path) -> Result<Self, DbError> {
        Self::connect(options(file)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, DbError> {
        Ok(Self {
            pool: SqlitePoolOptions::new().connect_with(options).await?,
            queries: Arc::default(),
            wire: None,
        })
    }

    /// The one row of a query.
    pub(crate) async fn one<O>(&self, query: Rows<'_, O>) -> Result<O, DbError>
    where
        O: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let row = self.ask(query.fetch_optional(&self.pool)).await?;
        row.ok_or(DbError::NotFound)
    }

    /// All rows of a query.
    pub(crate) async fn all<O>(&self, query: Rows<'_, O>) -> Result<Vec<O>, DbError>
    where
        O: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.ask(query.fetch_all(&self.pool)).await
    }

    /// Changes exactly one row.
    pub(crate) async fn change(
        &self,
        statement: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<(), DbError> {
        let done = self.ask(statement.execute(&self.pool)).await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(DbError::NotFound)
        }
    }

    async fn ask<T>(&self, answer: impl Future<Output = sqlx::Result<T>>) -> Result<T, DbError> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let answer = answer.await?;
        if let Some(wire) = &self.wire {
            wire.carry().await;
        }
        Ok(answer)
    }

    /// How many statements were sent so far, by all clones of this handle.
    pub(crate) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// A handle whose answers get stuck on their way back, until the wire is released.
    pub(crate) fn stuck(&self) -> (Self, Arc<Wire>) {
        let wire = Arc::new(Wire::new());
        (
            Self {
                wire: Some(Arc::clone(&wire)),
                ..self.clone()
            },
            wire,
        )
    }

    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
}

/// Stands for a slow network: the database has answered, the application does not know yet.
pub(crate) struct Wire {
    answered: Semaphore,
    released: Semaphore,
}

impl Wire {
    fn new() -> Self {
        Self {
            answered: Semaphore::new(0),
            released: Semaphore::new(0),
        }
    }

    async fn carry(&self) {
        self.answered.add_permits(1);
        // Nobody adds permits: this ends when the semaphore is closed.
        let _closed = self.released.acquire().await;
    }

    /// Waits until the database has answered a query.
    pub(crate) async fn answered(&self) {
        if let Ok(permit) = self.answered.acquire().await {
            permit.forget();
        }
    }

    /// Lets all answers through.
    pub(crate) fn release(&self) {
        self.released.close();
    }
}

const SCHEMA: &str = "
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE posts (
        id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors,
        title TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE comments (
        id INTEGER PRIMARY KEY, post INTEGER NOT NULL REFERENCES posts, text TEXT NOT NULL
    );
    CREATE INDEX posts_by_author ON posts (author);
    CREATE INDEX comments_by_post ON comments (post);
";

/// The most rows in one statement: SQLite takes 32,766 values, and no table has over four columns.
const BATCH: usize = 5_000;

async fn fill(pool: &SqlitePool, size: Size) -> Result<(), DbError> {
    let mut all = pool.begin().await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *all).await?;

    for ids in batches(size.authors) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO authors ");
        insert.push_values(ids, |mut row, id| {
            row.push_bind(id).push_bind(format!("Author {id}"));
        });
        insert.build().execute(&mut *all).await?;
    }
    for ids in batches(size.posts) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO posts ");
        insert.push_values(ids, |mut row, id| {
            let (author, body) = (scattered(id, size.authors), text(id));
            row.push_bind(id)
                .push_bind(author)
                .push_bind(format!("Post {id}"))
                .push_bind(body);
        });
        insert.build().execute(&mut *all).await?;
    }
    for ids in batches(size.comments) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO comments ");
        insert.push_values(ids, |mut row, id| {
            // Of two posts the older one, so that old posts are discussed more.
            let post = scattered(id, size.posts).min(scattered(-id, size.posts));
            row.push_bind(id)
                .push_bind(post)
                .push_bind(format!("Comment {id}"));
        });
        insert.build().execute(&mut *all).await?;
    }
    Ok(all.commit().await?)
}

/// The ids from 1 to `last`, in portions.
fn batches(last: i64) -> impl Iterator<Item = Vec<i64>> {
    let ids: Vec<i64> = (1..=last).collect();
    let batches: Vec<_> = ids.chunks(BATCH).map(<[i64]>::to_vec).collect();
    batches.into_iter()
}

/// Some id from 1 to `last`, the same for the same `id`.
fn scattered(id: i64, last: i64) -> i64 {
    let mixed = id.wrapping_mul(0x1e37_79b9_7f4a_7c15) >> 20;
    1 + mixed.rem_euclid(last)
}

fn text(id: i64) -> String {
    const WORDS: [&str; 8] = [
        "a", "cache", "*keeps*", "what", "the", "database", "<said>", "once",
    ];
    let word = |n: i64| WORDS[usize::try_from(scattered(id + n, 8) - 1).unwrap_or(0)];
    let paragraph = |first: i64| (first..first + 60).map(word).collect::<Vec<_>>().join(" ");
    format!("{}\n\n{}", paragraph(0), paragraph(60))
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(Arc::new(error))
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such row"),
            Self::Sql(error) => write!(f, "the database failed: {error}"),
        }
    }
}

impl std::error::Error for DbError {}
