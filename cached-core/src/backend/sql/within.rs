//! Invalidation within a transaction of the user's own.
//!
//! Why no value from before the commit is stored after it, nor given to whoever begins after it:
//! from the moment a key is buried until the transaction ends, its row is locked. A fill whose lease
//! was taken before finds the row locked, waits, and then finds another token than its own: it is
//! refused, and the joiners of its computation start over. A lease that is asked for meanwhile waits
//! as well, so that its computation begins when the new data is there for everybody. Whoever reads
//! sees what was there: it was committed, and the transaction is not. After a rollback the row is
//! what it was, and the fill is taken.
//!
//! PostgreSQL and InnoDB lock the row, which is why there has to be one (`Many::Bury`), and judge it
//! anew once they have it (READ COMMITTED, which our connections ask for). SQLite locks the database
//! for writers.

use sqlx::Database;

use super::Sql;
use super::dialect::{Arg, Dialect, Many, Statement};
use super::fault::Fault;
use super::ops::{CHUNK, sorted};
use crate::error::{Error, ErrorKind};

/// A transaction that a cache can take part in: `sqlx::Transaction`, or the connection it is on
/// (`&mut *transaction`), of SQLite, PostgreSQL or MySQL. Its type says in which kind of database
/// the cache has to be. A connection without a transaction invalidates at once.
#[diagnostic::on_unimplemented(
    message = "a cache cannot take part in a `{Self}`",
    label = "no transaction of SQLite, PostgreSQL or MySQL",
    note = "begin one with `let mut transaction = pool.begin().await?` and pass `&mut transaction`, \
            or a connection on which one was begun as `&mut *connection`",
    note = "the features `sqlite`, `postgres` and `mysql` of cached-core say which databases there are"
)]
pub trait Transaction: Send {
    /// Where the cache has to be.
    type Database: Dialect;

    /// What the statements go over.
    fn connection(&mut self) -> &mut <Self::Database as Database>::Connection;
}

impl<D: Dialect> Transaction for sqlx::Transaction<'_, D> {
    type Database = D;

    fn connection(&mut self) -> &mut D::Connection {
        self
    }
}

/// Connections, one by one: the compiler could not tell a `D::Connection` from a transaction.
macro_rules! connections {
    ($($feature:literal: $connection:ty => $database:ty;)*) => {$(
        #[cfg(feature = $feature)]
        impl Transaction for $connection {
            type Database = $database;

            fn connection(&mut self) -> &mut Self {
                self
            }
        }
    )*};
}

connections! {
    "sqlite": sqlx::SqliteConnection => sqlx::Sqlite;
    "postgres": sqlx::PgConnection => sqlx::Postgres;
    "mysql": sqlx::MySqlConnection => sqlx::MySql;
}

impl<D: Dialect> Sql<D> {
    /// Takes the cells under these names away when the transaction commits, and not at all if it is
    /// rolled back.
    pub(crate) async fn invalidate_in(
        &self,
        transaction: &mut D::Connection,
        names: &[&str],
    ) -> Result<(), Error> {
        let inner = &self.0;
        if inner.folder.is_some() {
            let message = "the cache is in a directory of its own, which no transaction of yours \
                           reaches; use `sqlite://` with the file of your tables, or invalidate \
                           after the commit";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        for names in sorted(names).chunks(CHUNK) {
            let (text, as_one) = D::many(&inner.address.table, Many::Bury, names.len());
            let arguments = if as_one {
                vec![Arg::Texts(names.to_vec())]
            } else {
                names.iter().cloned().map(Arg::Text).collect()
            };
            let asked = D::ask(transaction, &Statement::does(text), &arguments).await;
            asked.map_err(|fault| self.explain(fault.into()))?;
        }
        Ok(())
    }

    fn explain(&self, fault: Fault) -> Error {
        let address = &self.0.address;
        if fault.is_collision::<D>() {
            let message = "others changed the same keys meanwhile; roll the transaction back and \
                           begin it anew";
            return Error::new(ErrorKind::Unavailable, message);
        }
        if !fault.is_missing::<D>() {
            return fault.into_error(address);
        }
        let message = format!(
            "the transaction's database has no table `{}`, which the cache at {} is in; connect the \
             cache to that database (`backend::beside_pool(&pool)`), and if the table is in another \
             schema than the transaction looks into, name it as `schema.table`",
            address.table,
            D::place(&address.options),
        );
        Error::new(ErrorKind::Config, message)
    }
}
