//! Invalidation within a transaction of the user's own.

use super::Sql;
use super::dialect::{Arg, Dialect, Many, Statement};
use super::fault::Fault;
use super::ops::sorted;
use crate::error::Error;

impl<D: Dialect> Sql<D> {
    /// Takes the cells under these keys (as the backend knows them) away when the transaction
    /// commits, and not at all if it is rolled back. It has to be in the table's own database.
    ///
    /// Until then others read what was there, nobody takes a lease on the keys, and nobody fills
    /// one: both wait for the transaction, for a second at most, so keep it short from here on.
    ///
    /// ```no_run
    /// # async fn f(table: cached_core::backend::Sql<sqlx::Sqlite>, pool: sqlx::SqlitePool)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let mut transaction = pool.begin().await?;
    /// sqlx::query("UPDATE posts SET title = 'new' WHERE id = 7").execute(&mut *transaction).await?;
    /// table.invalidate_in(&mut *transaction, &["app:post:7"]).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever the database says, also that the table is not there: nothing is made here. After an
    /// error roll the transaction back. Dropping this future leaves the transaction as dropping any
    /// query of sqlx does: roll it back as well.
    pub async fn invalidate_in(
        &self,
        transaction: &mut D::Connection,
        keys: &[&str],
    ) -> Result<(), Error> {
        let inner = &self.0;
        for keys in sorted(keys).chunks(super::ops::CHUNK) {
            let (text, as_one) = D::many(&inner.address.table, Many::Bury, keys.len());
            let arguments = if as_one {
                vec![Arg::Texts(keys.to_vec())]
            } else {
                keys.iter().cloned().map(Arg::Text).collect()
            };
            let asked = D::ask(transaction, &Statement::does(text), &arguments).await;
            asked.map_err(|fault| Fault::from(fault).into_error(&inner.address))?;
        }
        Ok(())
    }
}
