//! Invalidation in a transaction of the user's, for a cache that is in the transaction's database.
//!
//! Of computations nothing is noted in this process: only the database knows whether, and when, the
//! transaction was committed. It is not needed either: whatever is under way for the names fills only
//! where its lease still stands, and of a fill that was refused those joiners hear nothing who came
//! after it began. Writes whose callers have left are [overtaken](super::unlanded) at once, rolled back
//! or not.

use super::Remote;
use crate::backend::sql::dialect::Dialect;
use crate::backend::sql::{Sql, Transaction};
use crate::error::{Error, ErrorKind};

impl Remote {
    /// Takes away what is under the names when the transaction commits.
    pub(crate) async fn invalidate_in<T: Transaction>(
        &self,
        transaction: &mut T,
        names: &[String],
    ) -> Result<(), Error> {
        let backend = self.backend.as_any();
        let Some(table) = backend.downcast_ref::<Sql<T::Database>>() else {
            return Err(elsewhere::<T>(self.backend.name()));
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.overtake(names.iter().copied());
        table.invalidate_in(transaction.connection(), &names).await
    }
}

/// The error of a cache that is not in the transaction's kind of database.
pub(crate) fn elsewhere<T: Transaction>(backend: &str) -> Error {
    let message = format!(
        "the cache is on `{backend}` and the transaction on {}, so they cannot commit in one step; \
         use a cache on `{}://` in the transaction's database (`Cache::on(\
         backend::beside_pool(&pool)?)`), or invalidate after the commit",
        <T::Database as sqlx::Database>::NAME,
        T::Database::SCHEME,
    );
    Error::new(ErrorKind::Unsupported, message)
}
