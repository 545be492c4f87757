//! Invalidation that commits together with the application's own transaction, on each database: what
//! readers that come before the write, between it and the commit, and after it are given.

mod identities;
mod refused;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cached_core::backend::{self, Transaction};
use cached_core::event::EventKind;
use cached_core::testing::with_cache;
use cached_core::{Cache, Handle, Outcome, cached};
use tokio::time::timeout;

use super::{Directory, Server};
use crate::support::{Gate, Watch};

/// The application's side of one database: a table with one post.
trait Posts: sqlx::Database {
    async fn connect(url: &str) -> sqlx::Pool<Self> {
        let pool = sqlx::Pool::connect(url).await.expect("it is there");
        Self::run(&pool, "CREATE TABLE posts (id INTEGER, title VARCHAR(99))").await;
        Self::run(&pool, "INSERT INTO posts VALUES (7, 'old')").await;
        pool
    }

    /// A cache in the database, as one process has it.
    async fn cache(pool: &sqlx::Pool<Self>) -> Cache;
    async fn run(pool: &sqlx::Pool<Self>, statement: &str);
    async fn write(connection: &mut Self::Connection, title: &str);
    async fn read(connection: &mut Self::Connection);
    async fn title(pool: sqlx::Pool<Self>) -> String;
    fn reader(pool: &sqlx::Pool<Self>, gate: &Gate) -> Reader;
}

macro_rules! posts {
    ($($database:ty),*) => {$(
        impl Posts for $database {
            async fn cache(pool: &sqlx::Pool<Self>) -> Cache {
                let table = backend::beside_pool(pool).expect("it is no database in memory");
                table.create().await.expect("the user may");
                // Not the patience of a test, but of whoever waits for a transaction.
                let cache = Cache::on(table).prefix("app").timeout(Duration::from_secs(5));
                cache.build().expect("valid")
            }

            async fn run(pool: &sqlx::Pool<Self>, statement: &str) {
                let text = sqlx::AssertSqlSafe(statement.to_owned());
                sqlx::query(text).execute(pool).await.expect("it is well-formed");
            }

            async fn write(connection: &mut Self::Connection, title: &str) {
                let text = format!("UPDATE posts SET title = '{title}' WHERE id = 7");
                let update = sqlx::query(sqlx::AssertSqlSafe(text)).execute(connection);
                update.await.expect("nobody else writes");
            }

            async fn read(connection: &mut Self::Connection) {
                let select = sqlx::query("SELECT title FROM posts").fetch_all(connection);
                select.await.expect("it is there");
            }

            async fn title(pool: sqlx::Pool<Self>) -> String {
                let select = sqlx::query_scalar("SELECT title FROM posts WHERE id = 7");
                select.fetch_one(&pool).await.expect("it is there")
            }

            fn reader(pool: &sqlx::Pool<Self>, gate: &Gate) -> Reader {
                let (pool, gate) = (pool.clone(), gate.clone());
                Reader(Arc::new(move || {
                    let (title, gate) = (Self::title(pool.clone()), gate.clone());
                    Box::pin(async move {
                        let title = title.await;
                        gate.passed().await;
                        title
                    })
                }))
            }
        }
    )*};
}

posts!(sqlx::Sqlite, sqlx::Postgres, sqlx::MySql);

type Reading = Pin<Box<dyn Future<Output = String> + Send>>;

/// Reads the title, and passes a gate with what it read.
#[derive(Clone, Handle)]
struct Reader(Arc<dyn Fn() -> Reading + Send + Sync>);

#[cached(key = "committed:<id>", ttl = 60, tags("author:<id>"), version = 2)]
async fn title(reader: &Reader, id: u64) -> String {
    assert!(id < 4, "see `How`");
    (reader.0)().await
}

fn open() -> Gate {
    let gate = Gate::default();
    gate.open();
    gate
}

/// All ways to name what is to be invalidated.
#[derive(Debug, Clone, Copy)]
enum How {
    Entry,
    Key,
    Tag,
    All,
}

const WAYS: [How; 4] = [How::Entry, How::Key, How::Tag, How::All];

impl How {
    fn id(self) -> u64 {
        self as u64
    }

    async fn invalidate(self, cache: &Cache, transaction: &mut impl Transaction) {
        let id = self.id();
        let done = match self {
            Self::Entry => title::entry(id).invalidate_in(transaction).await,
            Self::All => title::all().invalidate_in(transaction).await,
            Self::Tag => {
                let tag = format!("author:{id}");
                cache.invalidate_tag_in(transaction, tag.as_str()).await
            }
            Self::Key => {
                let keys = [format!("committed:{id}"), "another".to_owned()];
                let cache = cache.with_version(2);
                let keys = keys.iter().map(String::as_str);
                cache.invalidate_in(transaction, keys).await
            }
        };
        done.expect("the cache is in the database of the transaction");
    }
}

/// A computation that has read before the write: another process is given what is committed until
/// it is no longer, whoever joins after the commit is given nothing of it, and nothing is stored.
async fn nothing_from_before_the_commit_outlives_it<D: Posts>(pool: sqlx::Pool<D>)
where
    for<'t> sqlx::Transaction<'t, D>: Transaction,
{
    let (cache, other) = (D::cache(&pool).await, D::cache(&pool).await);
    let free = D::reader(&pool, &open());
    for how in WAYS {
        D::run(&pool, "UPDATE posts SET title = 'old'").await;
        let (gate, watch, id) = (Gate::default(), Watch::of(&cache), how.id());
        let slow = D::reader(&pool, &gate);
        with_cache(&cache, async {
            let reader = slow.clone();
            let first = cached_core::spawn(async move { title(&reader, id).await });
            gate.await_entered_async(1).await;
            let mut transaction = pool.begin().await.expect("there is room");
            D::write(&mut *transaction, "new").await;
            how.invalidate(&cache, &mut transaction).await;
            let between = with_cache(&other, title(&free, id)).await;
            assert_eq!(between, "old", "{how:?}: nothing is committed yet");
            transaction.commit().await.expect("it can be committed");
            let reader = slow.clone();
            let joiner = cached_core::spawn(async move { title(&reader, id).await });
            let joined =
                tokio::task::spawn_blocking(move || watch.await_count(EventKind::Joined, 1));
            joined.await.expect("it joins");
            gate.open();
            assert_eq!(first.await.expect("it ends"), "old", "it began before");
            assert_eq!(joiner.await.expect("it ends"), "new", "{how:?}");
            assert_eq!(title(&free, id).await, "new", "{how:?}");
            assert_eq!(with_cache(&other, title(&free, id)).await, "new", "{how:?}");
        })
        .await;
    }
}

/// A fill that is sent between the invalidation and the commit waits for it, and is refused.
async fn a_fill_in_between_waits_and_is_refused<D: Posts>(pool: sqlx::Pool<D>)
where
    for<'t> sqlx::Transaction<'t, D>: Transaction,
{
    let (cache, gate) = (D::cache(&pool).await, Gate::default());
    let reader = D::reader(&pool, &gate);
    with_cache(&cache, async {
        let slow = reader.clone();
        let mut first = cached_core::spawn(async move { title::traced(&slow, 0).await });
        gate.await_entered_async(1).await;
        let mut transaction = pool.begin().await.expect("there is room");
        D::write(&mut *transaction, "new").await;
        How::Entry.invalidate(&cache, &mut transaction).await;
        gate.open();
        let ended = timeout(Duration::from_millis(200), &mut first).await;
        assert!(ended.is_err(), "the fill has to wait for the transaction");
        transaction.commit().await.expect("it can be committed");
        let ended = first.await.expect("it ends");
        assert_eq!(ended, ("old".to_owned(), Outcome::Refused));
        assert_eq!(title(&reader, 0).await, "new");
    })
    .await;
}

/// A computation that begins between the invalidation of its key and the commit begins with the
/// commit. One whose tag is outdated may begin before: it is stored as of the old tag.
async fn a_computation_that_begins_in_between_leaves_nothing_old<D: Posts>(pool: sqlx::Pool<D>)
where
    for<'t> sqlx::Transaction<'t, D>: Transaction,
{
    let (cache, other) = (D::cache(&pool).await, D::cache(&pool).await);
    let reader = D::reader(&pool, &open());
    for how in WAYS {
        D::run(&pool, "UPDATE posts SET title = 'old'").await;
        with_cache(&cache, async {
            let mut transaction = pool.begin().await.expect("there is room");
            D::write(&mut *transaction, "new").await;
            how.invalidate(&cache, &mut transaction).await;
            let (free, other) = (reader.clone(), other.clone());
            let mut reading = tokio::spawn(async move {
                let title = async { title(&free, how.id()).await };
                with_cache(&other, title).await
            });
            if let How::Entry | How::Key = how {
                let ended = timeout(Duration::from_millis(200), &mut reading).await;
                assert!(ended.is_err(), "{how:?}: it would read what is replaced");
                transaction.commit().await.expect("it can be committed");
                assert_eq!(reading.await.expect("it ends"), "new", "{how:?}");
                let stored = title::traced(&reader, how.id()).await;
                assert_eq!(stored, ("new".to_owned(), Outcome::Hit), "{how:?}");
            } else {
                transaction.commit().await.expect("it can be committed");
                assert_eq!(title(&reader, how.id()).await, "new", "{how:?}");
                let _ = reading.await.expect("it ends");
                assert_eq!(title(&reader, how.id()).await, "new", "{how:?}");
            }
        })
        .await;
    }
}

/// A rollback leaves the value, and the lease of a computation under way.
async fn a_rollback_invalidates_nothing<D: Posts>(pool: sqlx::Pool<D>)
where
    for<'t> sqlx::Transaction<'t, D>: Transaction,
{
    let cache = D::cache(&pool).await;
    let (free, gate) = (D::reader(&pool, &open()), Gate::default());
    let slow = D::reader(&pool, &gate);
    with_cache(&cache, async {
        let id = How::Key.id();
        assert_eq!(title(&free, id).await, "old");
        let first = cached_core::spawn(async move { title::traced(&slow, 0).await });
        gate.await_entered_async(1).await;
        let mut transaction = pool.begin().await.expect("there is room");
        D::write(&mut *transaction, "new").await;
        for how in WAYS {
            how.invalidate(&cache, &mut transaction).await;
        }
        transaction.rollback().await.expect("it can be rolled back");
        let hit = title::traced(&free, id).await;
        assert_eq!(hit, ("old".to_owned(), Outcome::Hit));
        gate.open();
        let ended = first.await.expect("it ends");
        assert_eq!(ended, ("old".to_owned(), Outcome::Stored));
    })
    .await;
}

/// A connection on which the application has begun a transaction by itself is one as well.
async fn a_connection_is_taken_as_well<D: Posts>(pool: sqlx::Pool<D>)
where
    D::Connection: Transaction,
{
    let cache = D::cache(&pool).await;
    cache.set("k", &1_u8, 60).await.expect("it answers");
    let mut transaction = pool.begin().await.expect("there is room");
    let done = cache.invalidate_in(&mut *transaction, ["k"]).await;
    done.expect("the cache is there");
    assert!(cache.contains("k").await.expect("it answers"));
    transaction.commit().await.expect("it can be committed");
    assert!(!cache.contains("k").await.expect("it answers"));
}

macro_rules! on_each {
    ($($test:ident)*) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let directory = Directory::new();
                let pool = sqlite(&directory).await;
                super::$test(pool).await;
            })*
        }
        mod postgres {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let url = Server::postgres().new_database();
                super::$test(<sqlx::Postgres as Posts>::connect(&url).await).await;
            })*
        }
        mod mysql {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let url = Server::mariadb().new_database();
                super::$test(<sqlx::MySql as Posts>::connect(&url).await).await;
            })*
        }
    };
}

on_each! {
    nothing_from_before_the_commit_outlives_it
    a_fill_in_between_waits_and_is_refused
    a_computation_that_begins_in_between_leaves_nothing_old
    a_rollback_invalidates_nothing
    a_connection_is_taken_as_well
}

/// In WAL mode readers go on while somebody writes, which is the application's to say.
async fn sqlite(directory: &Directory) -> sqlx::SqlitePool {
    let url = format!("sqlite://{}/app.db?mode=rwc", directory.path().display());
    let pool = <sqlx::Sqlite as Posts>::connect(&url).await;
    <sqlx::Sqlite as Posts>::run(&pool, "PRAGMA journal_mode = WAL").await;
    pool
}
