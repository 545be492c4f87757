//! Keeping a database under its bound: what is expired goes first, then what expires soonest among
//! a few that are drawn by lot.

use super::dialect::{Arg, Dialect, Statement};
use super::fault::Fault;
use super::folder::Folder;
use super::inner::{Inner, Lane};
use crate::cell::Cell;
use crate::error::{Error, ErrorKind};

/// Rows that one eviction drops at first; each further one for the same write drops four times as
/// many.
const ROWS: i64 = 16;

/// Evictions for one write.
const EVICTIONS: u32 = 6;

/// Evictions of one look at a database that is over its bound.
const SHRINKS: u32 = 50;

/// Pages that are given back to the disk at once.
const VACUUM: u32 = 1000;

impl<D: Dialect> Inner<D> {
    /// Refuses a cell that would cost most of the others.
    pub(super) fn fits(&self, cell: &Cell) -> Result<(), Error> {
        let largest = match &self.folder {
            Some(folder) => folder.largest(),
            None => return Ok(()),
        };
        let bytes = cell.as_bytes().len() as u64;
        if bytes <= largest {
            return Ok(());
        }
        let message = format!(
            "{}: {bytes} bytes under one key are over a quarter of the bound ({largest}); raise \
             `max_bytes`, or cache smaller values",
            self.address.scheme
        );
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    /// Makes room after a write was refused for want of it, for the `attempt`-th time. False if
    /// there is none to be made.
    pub(super) async fn make_room(&self, attempt: u32) -> Result<bool, Fault> {
        let (Some(_), Some(evict)) = (&self.folder, &self.statements.evict) else {
            return Ok(false);
        };
        if attempt >= EVICTIONS {
            return Ok(false);
        }
        let rows = ROWS << (2 * attempt);
        let expired = self
            .attempt(Lane::Write, &self.statements.cull, &[Arg::Int(rows)])
            .await?;
        if expired.total() > 0 {
            return Ok(true);
        }
        // The lot may fall behind the last row: the next one falls elsewhere.
        self.attempt(Lane::Write, evict, &[Arg::Int(rows)]).await?;
        Ok(true)
    }

    /// Brings a database that was made under a larger bound under this one, a few steps at a time;
    /// false if more are to be done.
    pub(super) async fn shrink(&self, folder: &Folder) -> Result<bool, Fault> {
        let bound = i64::try_from(folder.pages()).unwrap_or(i64::MAX);
        let (Some(evict), Some(used)) = (&self.statements.evict, &self.statements.used) else {
            return Ok(true);
        };
        for _ in 0..SHRINKS {
            if self.pages(used).await? <= bound {
                break;
            }
            let rows = [Arg::Int(ROWS * 4)];
            self.attempt(Lane::Write, evict, &rows).await?;
        }
        let Some(made) = &self.statements.made else {
            return Ok(true);
        };
        if self.pages(made).await? <= bound {
            return Ok(true);
        }
        self.run(&format!(
            "PRAGMA incremental_vacuum({VACUUM}); PRAGMA wal_checkpoint(TRUNCATE)"
        ))
        .await?;
        if self.pages(made).await? > bound {
            return Ok(false);
        }
        // Refused as long as the database was larger.
        self.run(&format!("PRAGMA max_page_count = {bound}"))
            .await?;
        Ok(true)
    }

    async fn pages(&self, statement: &Statement) -> Result<i64, Fault> {
        let answer = self.attempt(Lane::Write, statement, &[]).await?;
        let number = answer.rows.first().and_then(|row| row.number);
        Ok(number.unwrap_or_default())
    }
}
