//! Where entries live: memory, and shared backends behind one port.
//!
//! [`Backend`] is the port. A backend of your own implements it and goes to
//! [`Cache::on`](crate::Cache::on); the promises of cached functions hold on it as on any other, if
//! it passes the conformance suite in
//! [`testing`](https://docs.rs/cached-core/latest/cached_core/testing) (feature `testing`).

#[cfg(feature = "memcached")]
pub(crate) mod memcached;
pub(crate) mod memory;
#[cfg(feature = "remote")]
pub(crate) mod port;
#[cfg(feature = "remote")]
pub(crate) mod process;
#[cfg(all(test, feature = "servers"))]
#[path = "redis/tests/proxy.rs"]
mod proxy;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(feature = "remote")]
pub(crate) mod runtime;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) mod sql;

#[cfg(feature = "remote")]
pub use crate::cell::{Cell, Token};
#[cfg(feature = "remote")]
pub use port::{Acquired, Backend, Capabilities, Page, Put, Watched, Watcher};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use sql::{Sql, Transaction};

/// The Redis or Valkey at this URL, as a backend to wrap or to test; a cache on it is
/// [`Cache::connect`](crate::Cache::connect)'s. Takes what may stand in a URL of redis-rs, and the
/// schemes of clusters and sentinels, but none of the options of a cache. Connects at the first
/// operation.
///
/// ```
/// use cached_core::{Cache, backend};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let redis = backend::redis("redis://localhost:6379/1")?; // or wrapped in one of your own
/// let cache = Cache::on(redis).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses a thread for the I/O.
#[cfg(feature = "redis")]
pub fn redis(url: &str) -> Result<impl Backend + Clone + use<>, crate::error::Error> {
    let address = redis::Address::parse(url)?;
    Ok(redis::Redis::new(&address, runtime::handle()?))
}

/// The memcached servers at this URL, as a backend to wrap or to test; a cache on them is
/// [`Cache::connect`](crate::Cache::connect)'s. Takes none of the options of a cache. Connects to
/// each server at the first operation that needs it.
///
/// ```
/// use cached_core::{Cache, backend};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let servers = backend::memcached("memcached://localhost,localhost:11212")?;
/// let cache = Cache::on(servers).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses a thread for the I/O.
#[cfg(feature = "memcached")]
pub fn memcached(url: &str) -> Result<impl Backend + Clone + use<>, crate::error::Error> {
    let address = memcached::Address::parse(url)?;
    Ok(memcached::Memcached::new(&address, runtime::handle()?))
}

/// The table of cells in the SQLite database at this URL, as in
/// `sqlite:///var/cache/app.db?create=true&table=cells`, as a backend to wrap, to test, or to make
/// its table; a cache on it is [`Cache::connect`](crate::Cache::connect)'s as well. Takes the
/// options of the adapter (`create`, `table`, `connections`), but none of the options of a cache.
/// Connects at the first operation.
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) for a table that cannot be, or if the OS refuses
/// a thread for the I/O.
#[cfg(feature = "sqlite")]
pub fn sqlite(url: &str) -> Result<Sql<sqlx::Sqlite>, crate::error::Error> {
    Ok(Sql::new(sql::Address::parse(url)?, runtime::handle()?))
}

/// The cache in this directory, as in `file:///var/cache/app?max_bytes=100000000`, for the processes
/// of one machine. The directory is made at the first operation, for this user only; it holds an
/// SQLite database of `max_bytes` at most (default 1 GiB), which drops entries to stay below it.
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses a thread for the I/O.
#[cfg(feature = "file")]
pub fn file(url: &str) -> Result<impl Backend + Clone + use<>, crate::error::Error> {
    Sql::in_folder(url, runtime::handle()?)
}

/// The table of cells in the PostgreSQL database at this URL, as in
/// `postgres://user:password@host/app?create=true`; otherwise as [`sqlite()`]. Takes what may stand
/// in a URL of sqlx as well (`sslmode`, `application_name`, `options` and so on).
///
/// # Errors
/// As of [`sqlite()`].
#[cfg(feature = "postgres")]
pub fn postgres(url: &str) -> Result<Sql<sqlx::Postgres>, crate::error::Error> {
    Ok(Sql::new(sql::Address::parse(url)?, runtime::handle()?))
}

/// The table of cells in the MySQL or MariaDB database at this URL, as in
/// `mysql://user:password@host/app?create=true`; otherwise as [`sqlite()`]. Takes what may stand in a
/// URL of sqlx as well (`ssl-mode`, `socket` and so on).
///
/// # Errors
/// As of [`sqlite()`].
#[cfg(feature = "mysql")]
pub fn mysql(url: &str) -> Result<Sql<sqlx::MySql>, crate::error::Error> {
    Ok(Sql::new(sql::Address::parse(url)?, runtime::handle()?))
}

/// The table of cells beside a pool of sqlx, in the same database and as the same user, over
/// connections of the cache's own: a caller that holds the last connection of the pool can still
/// wait for a cached function. What the pool does to each new connection is not done to these, so
/// name a table in another schema as `schema.table` (see [`Sql::table`]).
///
/// ```no_run
/// use cached_core::{Cache, backend};
///
/// # async fn f(pool: sqlx::SqlitePool) -> Result<(), cached_core::Error> {
/// let table = backend::beside_pool(&pool)?;
/// table.create().await?;
/// let cache = Cache::on(table).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) for an SQLite database in memory, or if the OS
/// refuses a thread for the I/O.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub fn beside_pool<D: sql::dialect::Dialect>(
    pool: &sqlx::Pool<D>,
) -> Result<Sql<D>, crate::error::Error> {
    Sql::beside(&*pool.connect_options(), runtime::handle()?)
}
