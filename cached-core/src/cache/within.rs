//! Invalidation that commits together with a transaction of the user's.

use std::sync::Arc;

use super::{Cache, EntryAll, PlainEntry};
use crate::backend::sql::Transaction;
use crate::engine::remote::{Remote, elsewhere};
use crate::engine::{Engine, Target};
use crate::error::{Error, ErrorKind};
use crate::key::IntoKey;

/// # In a transaction of your own
///
/// For a cache in the database of the application (`sqlite://`, `postgres://`, `mysql://`,
/// [`beside_pool`](crate::backend::beside_pool)). What is invalidated goes in the moment in which
/// the transaction commits, however its process ends, and stays if it is rolled back:
///
/// - until the commit others are given what was there before, which is still what is committed;
/// - nothing that was computed from the data before is stored after the commit, nor given to a call
///   that begins after it, also where the computation began long before: its lease went with the
///   commit, and a fill that comes earlier waits for the transaction and is refused then;
/// - a computation of a key that begins in between waits for the transaction, up to the time limit
///   of the cache ([`Builder::timeout`](crate::Builder::timeout)), and is not stored beyond it.
///
/// So call it late: from then on misses of these keys wait. All keys of one call are locked in one
/// order; two transactions that lock the same keys call by call in different orders are in each
/// other's way, as with rows of your own. A transaction that takes no row changed since it began
/// (REPEATABLE READ of PostgreSQL and of MariaDB 11.6; a deferred one of SQLite that has only read
/// so far) is refused likewise where a reader has stored the key meanwhile: begin it anew.
///
/// Only the database knows whether it was committed, so events and hooks tell nothing of it, and
/// what [`Builder::l1`](crate::Builder::l1) keeps in memory in front of the table stays there for as
/// long as was stated, in this process as well; [`invalidate`](Self::invalidate) after the commit
/// ends that in this one.
impl Cache {
    /// Destroys what is under the keys when the transaction commits, and nothing if it is rolled
    /// back; see [above](#in-a-transaction-of-your-own).
    ///
    /// `transaction` is a `sqlx::Transaction` or the connection on which one was begun.
    ///
    /// ```
    /// use cached_core::{Cache, backend};
    ///
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = std::env::temp_dir().join(format!("cached-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// # let url = format!("sqlite://{}/app.db?mode=rwc", directory.display());
    /// let pool = sqlx::SqlitePool::connect(&url).await?;
    /// let table = backend::beside_pool(&pool)?;
    /// table.create().await?;
    /// let cache = Cache::on(table).build()?;
    /// # sqlx::query("CREATE TABLE posts (id INTEGER, title TEXT)").execute(&pool).await?;
    /// cache.set("post:7", &"old".to_owned(), 60).await?;
    ///
    /// let mut transaction = pool.begin().await?;
    /// sqlx::query("UPDATE posts SET title = 'new' WHERE id = 7").execute(&mut *transaction).await?;
    /// cache.invalidate_in(&mut transaction, ["post:7"]).await?;
    /// cache.invalidate_tag_in(&mut transaction, "author:1").await?;
    /// assert!(cache.contains("post:7").await?); // it is not committed yet
    /// transaction.commit().await?;
    /// assert!(!cache.contains("post:7").await?);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(f()).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the cache is not in that kind of database, naming the one to
    /// use; [`ErrorKind::Config`] if the transaction's database has no table of the cache;
    /// [`ErrorKind::Key`] for an empty key; else whatever the database says. Roll the transaction
    /// back after an error, and after dropping the future.
    pub async fn invalidate_in(
        &self,
        transaction: &mut impl Transaction,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<(), Error> {
        let keys = keys.into_iter().map(|key| self.key_of(key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        invalidate(&self.engine, transaction, |remote| {
            keys.iter().map(|key| remote.key_name(key)).collect()
        })
        .await
    }

    /// Outdates every entry that carries the tag when the transaction commits, as
    /// [`invalidate_in`](Self::invalidate_in).
    ///
    /// # Errors
    /// As there.
    pub async fn invalidate_tag_in(
        &self,
        transaction: &mut impl Transaction,
        tag: impl IntoKey,
    ) -> Result<(), Error> {
        let tag = self.tag_of(tag)?;
        invalidate(&self.engine, transaction, |remote| {
            vec![remote.tag_name(&tag)]
        })
        .await
    }
}

impl<R> PlainEntry<R> {
    /// Destroys the entry when the transaction commits, and not if it is rolled back: of this
    /// function's cache, with its prefix and version. As [`Cache::invalidate_in`].
    ///
    /// ```no_run
    /// # use cached_core::cached;
    /// #[cached(key = "title:<id>", skip(pool))]
    /// async fn title(pool: &sqlx::PgPool, id: i64) -> Result<String, sqlx::Error> {
    ///     sqlx::query_scalar("SELECT title FROM posts WHERE id = $1").bind(id).fetch_one(pool).await
    /// }
    ///
    /// async fn rename(pool: &sqlx::PgPool, id: i64, to: &str) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut transaction = pool.begin().await?;
    ///     let renamed = sqlx::query("UPDATE posts SET title = $1 WHERE id = $2").bind(to).bind(id);
    ///     renamed.execute(&mut *transaction).await?;
    ///     title::entry(id).invalidate_in(&mut transaction).await?;
    ///     transaction.commit().await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As there. A function that keeps its values in this process (`in_process`) is
    /// [`ErrorKind::Unsupported`] as well.
    pub async fn invalidate_in(&self, transaction: &mut impl Transaction) -> Result<(), Error> {
        let engine = self.engine().ok_or_else(nowhere)?;
        if !engine.shares(&*self.shape) {
            return Err(in_memory(&engine, transaction));
        }
        let key = engine.place(self.key.clone()?, None)?;
        invalidate(&engine, transaction, |remote| vec![remote.key_name(&key)]).await
    }
}

impl EntryAll {
    /// Outdates every entry that the function stored when the transaction commits, as
    /// [`Cache::invalidate_in`]: in a cache with tenants, those of the present one.
    ///
    /// # Errors
    /// As there. A function that keeps its values in this process (`in_process`) is
    /// [`ErrorKind::Unsupported`] as well.
    pub async fn invalidate_in(&self, transaction: &mut impl Transaction) -> Result<(), Error> {
        let engine = self.engine().ok_or_else(nowhere)?;
        if self.site.policy.in_process {
            return Err(in_memory(&engine, transaction));
        }
        let all = Target::function(Arc::clone(&engine), self.site, self.site);
        invalidate(&engine, transaction, |remote| vec![all.name(remote)]).await
    }
}

async fn invalidate<T: Transaction>(
    engine: &Engine,
    transaction: &mut T,
    names: impl FnOnce(&Remote) -> Vec<String>,
) -> Result<(), Error> {
    let Some(remote) = engine.remote() else {
        return Err(in_memory(engine, transaction));
    };
    let names = names(remote);
    remote.invalidate_in(transaction, &names).await
}

fn in_memory<T: Transaction>(engine: &Engine, _: &T) -> Error {
    let kept = if engine.keeps() { "memory" } else { "dummy" };
    elsewhere::<T>(kept)
}

fn nowhere() -> Error {
    let message = "the cache of this function was not installed, so nothing was invalidated; \
                   install it first";
    Error::new(ErrorKind::UnknownCache, message)
}
