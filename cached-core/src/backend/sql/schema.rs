//! Making the table, and knowing which version it has.

use std::sync::Arc;

use super::dialect::{Dialect, missing};
use super::fault::Fault;
use super::inner::{Inner, Lane, ended};
use super::{Sql, VERSION};
use crate::error::{Error, ErrorKind};

impl<D: Dialect> Sql<D> {
    /// Makes the table if it is not there, and again, empty, if it is of an older version. The user
    /// of the database needs the right to do so for as long as this takes, not later.
    ///
    /// Dropped, it goes on: the table may be there all the same.
    ///
    /// # Errors
    /// As of any operation; [`ErrorKind::Denied`] if the user may not make tables.
    pub async fn create(&self) -> Result<(), Error> {
        self.0
            .drive(|inner| async move { inner.create().await })
            .await
    }
}

impl<D: Dialect> Inner<D> {
    /// Sees to it that the table is there, or says what to do.
    pub(super) async fn prepare(self: &Arc<Self>) -> Result<(), Error> {
        if let Some(folder) = &self.folder {
            let folder = Arc::clone(folder);
            let prepared = self.runtime.spawn_blocking(move || folder.prepare()).await;
            prepared.map_err(ended)??;
        }
        if self.address.create {
            self.create().await?;
        } else {
            match self.version().await? {
                None => return Err(missing(&self.address)),
                Some(VERSION) => {}
                Some(version) => return Err(self.of_another_version(version)),
            }
        }
        self.settle().await
    }

    async fn create(self: &Arc<Self>) -> Result<(), Error> {
        match self.version().await? {
            Some(VERSION) => return Ok(()),
            Some(version) if version > VERSION || version <= 0 => {
                return Err(self.of_another_version(version));
            }
            Some(_) => self.execute(&self.statements.drop).await?,
            None => {}
        }
        self.execute(&self.statements.create).await
    }

    async fn execute(&self, text: &str) -> Result<(), Error> {
        // Two that make the same table at once may collide in the database's own tables.
        for _ in 0..5 {
            match self.run(text).await {
                Err(fault) if fault.is_collision::<D>() => {}
                outcome => return outcome.map_err(|fault| fault.into_error(&self.address)),
            }
        }
        let outcome = self.run(text).await;
        outcome.map_err(|fault| fault.into_error(&self.address))
    }

    /// `None` if there is no such table.
    async fn version(&self) -> Result<Option<i64>, Error> {
        let answer = self
            .attempt(Lane::Write, &self.statements.version, &[])
            .await;
        match answer {
            Ok(answer) => Ok(answer
                .rows
                .first()
                .map(|row| row.number.unwrap_or_default())),
            Err(fault) if fault.is_missing::<D>() => Ok(None),
            Err(fault) => Err(Fault::into_error(fault, &self.address)),
        }
    }

    fn of_another_version(&self, version: i64) -> Error {
        let table = &self.address.table;
        let fix = if version > VERSION {
            "a newer release made it: update this program, or name another table"
        } else if version < 0 {
            let message = format!(
                "{} at {}: the table `{table}` is logged, so a failover may bring back what was \
                 invalidated; run `ALTER TABLE {table} SET UNLOGGED`",
                self.address.scheme,
                D::place(&self.address.options)
            );
            return Error::new(ErrorKind::Config, message);
        } else if version == 0 {
            "something else made it: name another table with `table=`"
        } else {
            "an older release made it: call `create()` on the backend, or add `create=true` to \
             the options of the URL, to make it anew"
        };
        let message = format!(
            "{} at {}: the table `{table}` is of version {version}, and {VERSION} is needed; {fix}",
            self.address.scheme,
            D::place(&self.address.options)
        );
        Error::new(ErrorKind::Config, message)
    }
}
