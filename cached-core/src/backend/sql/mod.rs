//! A table of a database: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! ```text
//! ops       the port in statements ──▶ inner    one table: connections, clock, whether it is there
//! schema    make the table, know its version    ▲ pool      connections of its own
//! cull      expired rows go, in the background ─┘ dialect   sqlite · postgres · mysql: how each spells it
//! ```
//!
//! Every operation is one statement that commits by itself, judged by the clock of the database,
//! so there is nothing that a dropped future could leave open: an operation that was begun is
//! carried to its end on the background runtime, whatever becomes of its caller.
//!
//! A row whose time is over counts as absent everywhere, and goes when somebody writes its key or
//! in the background.

mod address;
mod batch;
mod clock;
mod cull;
pub(crate) mod dialect;
mod fault;
#[cfg_attr(not(feature = "file"), allow(dead_code))]
mod folder;
mod inner;
#[cfg(feature = "mysql")]
mod mysql;
mod ops;
mod origin;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod room;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
mod within;

#[cfg(all(test, feature = "servers"))]
mod tests;

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

pub(crate) use self::address::Address;
use self::dialect::{Dialect, Options};
use self::folder::Folder;
use self::inner::Inner;
pub use self::within::Transaction;
use crate::error::Error;

/// The version of the table. A release that needs another one makes a new table in its place: what
/// was in the old one is computed anew. 2: envelopes are shorter.
const VERSION: i64 = 2;

/// A shared cache in one table of a database. Clones share the connections, which close with the
/// last of them.
///
/// `D` is `sqlx::Sqlite`, `sqlx::Postgres` or `sqlx::MySql`. The connections are the cache's own,
/// also beside a pool: a caller that holds the pool's last connection can wait for a cached
/// function.
///
/// ```
/// use cached_core::{Cache, backend};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let table = backend::sqlite("sqlite:///var/cache/app.db?table=app_cells")?;
/// println!("{}", table.schema()); // for a migration of one's own, or:
/// # async fn f(table: backend::Sql<sqlx::Sqlite>) -> Result<(), cached_core::Error> {
/// table.create().await?;
/// # Ok(()) }
/// let cache = Cache::on(table).build()?;
/// # Ok(())
/// # }
/// ```
pub struct Sql<D: Dialect>(Arc<Inner<D>>);

impl<D: Dialect> Sql<D> {
    /// The table at this address. Connects at the first operation.
    pub(crate) fn new(address: Address<D>, runtime: Handle) -> Self {
        Self::with(address, None, runtime)
    }

    fn with(address: Address<D>, folder: Option<Folder>, runtime: Handle) -> Self {
        Self(Arc::new(Inner::new(address, folder, runtime)))
    }

    /// The table in the database of a pool that was made elsewhere.
    pub(crate) fn beside(options: &Options<D>, runtime: Handle) -> Result<Self, Error> {
        Ok(Self::new(Address::new(D::beside(options)?), runtime))
    }

    /// The same database with another table: 1 to 48 of `a-z 0-9 _`, no digit first, with or
    /// without a schema as in `app.cells`. Default `cached_cells`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for other names.
    pub fn table(&self, name: &str) -> Result<Self, Error> {
        let mut address = self.0.address.clone();
        address.table = address::table::<D>(name)?;
        Ok(Self::new(address, self.0.runtime.clone()))
    }

    /// What makes the table, in the database's own language, for a migration of one's own.
    #[must_use]
    pub fn schema(&self) -> String {
        self.0.statements.create.clone()
    }
}

#[cfg(feature = "file")]
impl Sql<sqlx::Sqlite> {
    /// The cache in the directory at this URL, which is made at the first operation.
    pub(crate) fn in_folder(url: &str, runtime: Handle) -> Result<Self, Error> {
        let folder = Folder::parse(url)?;
        Ok(Self::with(folder.address(), Some(folder), runtime))
    }
}

impl<D: Dialect> Clone for Sql<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Where the table is, without credentials.
impl<D: Dialect> fmt::Debug for Sql<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sql").field(&self.0.address).finish()
    }
}
