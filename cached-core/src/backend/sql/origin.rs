//! Noticing that a database may have gone back to an earlier state: what is in the table was put
//! there under another origin, so all of it is forgotten before anything is read.
//!
//! | Database | Its origin | Because |
//! |---|---|---|
//! | SQLite | the boot of the machine | a loss of power may undo the last commits, a killed process none |
//! | MySQL | the server: host, port, directory, number | a replica that took over may lack the last commits, and a copy of another server's data has it that server's |
//! | PostgreSQL | none | the table is not logged: it is empty wherever the last commits may be missing |
//!
//! The origin stands in the table, under a name that no key can have, so a process that knew
//! nothing before notices as well.

use std::sync::Arc;

use super::dialect::{Arg, Dialect, Many, Statement};
use super::inner::{Inner, Lane};
use crate::error::Error;

/// Where the origin stands: keys have no spaces.
const NAME: &str = " origin";

/// Rows of one statement that forgets.
const ROWS: i64 = 2000;

impl<D: Dialect> Inner<D> {
    /// Forgets what is of another origin. Several processes may be at it at once: those that are
    /// late remove nothing of what the first has put there since.
    pub(super) async fn settle(self: &Arc<Self>) -> Result<(), Error> {
        let Some(origin) = self.origin() else {
            return Ok(());
        };
        let (text, _) = D::many(&self.address.table, Many::Read, 1);
        let arguments = [Arg::Text(NAME.to_owned())];
        let stood = self
            .plainly(Lane::Read, &Statement::asks(text), &arguments)
            .await?;
        let stood = stood.rows.into_iter().find_map(|row| row.cell);
        if stood.as_deref() == Some(origin.as_bytes()) {
            return Ok(());
        }
        let rows = [Arg::Bytes(origin.clone().into_bytes()), Arg::Int(ROWS)];
        while self
            .plainly(Lane::Write, &self.statements.forget, &rows)
            .await?
            .total()
            > 0
        {}
        let put = [
            Arg::Text(NAME.to_owned()),
            Arg::Token(None),
            Arg::Bytes(origin.into_bytes()),
            Arg::Int(super::dialect::millis(None)),
        ];
        self.plainly(Lane::Write, &self.statements.write, &put)
            .await?;
        Ok(())
    }

    /// Asks while the table is being prepared.
    async fn plainly(
        &self,
        lane: Lane,
        statement: &Statement,
        arguments: &[Arg],
    ) -> Result<super::dialect::Answer, Error> {
        let answer = self.attempt(lane, statement, arguments).await;
        answer.map_err(|fault| fault.into_error(&self.address))
    }
}
