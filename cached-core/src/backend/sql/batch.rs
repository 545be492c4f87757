//! Many cells at once: one statement, which is one transaction, instead of one for each.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::dialect::{Arg, Dialect, Statement, Verb, millis};
use super::inner::{Inner, Lane};
use crate::backend::port::{Acquired, Put};
use crate::cell::{Cell, Token};
use crate::error::{Error, ErrorKind};

/// Rows of one statement, at most, and bytes of their cells: what a statement holds is locked as
/// long as it lasts, and has to fit into one packet.
const ROWS: usize = 64;
const BYTES: usize = 2 << 20;

/// A cell on its way in.
#[derive(Debug)]
pub(super) struct Row {
    key: String,
    cell: Cell,
    ttl: Option<Duration>,
    /// What is to be replaced.
    old: Option<Token>,
    /// Which of the caller's it is.
    at: usize,
}

impl Row {
    pub(super) fn of(at: usize, put: &Put<'_>, old: Option<Token>) -> Self {
        Self {
            key: put.key.to_owned(),
            cell: put.cell.clone(),
            ttl: put.ttl,
            old,
            at,
        }
    }

    fn arguments(self, into: &mut Vec<Arg>) {
        let token = self.cell.token().map(|token| *token.as_bytes());
        into.push(Arg::Text(self.key));
        into.push(Arg::Token(token));
        into.push(Arg::Bytes(self.cell.into_bytes()));
        into.push(Arg::Int(millis(self.ttl)));
        if let Some(old) = self.old {
            into.push(Arg::Token(Some(*old.as_bytes())));
        }
    }
}

/// Batches of rows that no statement has twice, each in the order in which everybody locks.
pub(super) fn batches(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut batches: Vec<Vec<Row>> = Vec::new();
    let mut bytes = BYTES;
    for row in rows {
        let size = row.cell.as_bytes().len();
        let fits = batches.last().is_some_and(|batch| {
            batch.len() < ROWS
                && bytes + size <= BYTES
                && batch.iter().all(|other| other.key != row.key)
        });
        match batches.last_mut() {
            Some(batch) if fits => {
                bytes += size;
                batch.push(row);
            }
            _ => {
                bytes = size;
                batches.push(vec![row]);
            }
        }
    }
    for batch in &mut batches {
        batch.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    batches
}

/// Who waits for an operation of several statements. The statements go on when it is dropped, and
/// one that puts a lease after its holder gave it back would leave it there.
pub(super) struct Caller {
    _lives: Arc<()>,
}

/// Knows whether the [`Caller`] still waits.
pub(super) struct Waiting(Weak<()>);

impl Caller {
    pub(super) fn new() -> (Self, Waiting) {
        let _lives = Arc::new(());
        let waiting = Waiting(Arc::downgrade(&_lives));
        (Self { _lives }, waiting)
    }
}

impl Waiting {
    fn goes_on(&self) -> Result<(), Error> {
        match self.0.strong_count() {
            0 => Err(Error::new(ErrorKind::Unavailable, "nobody waits for it")),
            _ => Ok(()),
        }
    }
}

impl<D: Dialect> Inner<D> {
    /// Replaces whatever is there.
    pub(super) async fn write_rows(self: &Arc<Self>, rows: Vec<Row>) -> Result<(), Error> {
        for batch in batches(rows) {
            self.put_rows(Verb::Write, batch).await?;
        }
        Ok(())
    }

    /// Puts each where nothing is, and reads what stands there then; no more once nobody waits.
    pub(super) async fn acquire_rows(
        self: &Arc<Self>,
        rows: Vec<Row>,
        caller: &Waiting,
    ) -> Result<Vec<Acquired>, Error> {
        let mut outcomes = HashMap::new();
        for batch in batches(rows) {
            // A cell that the caller has put there before looks like one that was put now.
            let keys = batch.iter().map(|row| row.key.clone()).collect();
            let there = self.read(keys).await?;
            let mut absent = Vec::with_capacity(batch.len());
            for (row, there) in batch.into_iter().zip(there) {
                match there {
                    Some(there) => {
                        outcomes.insert(row.at, Acquired::Found(there));
                    }
                    None => absent.push(row),
                }
            }
            if absent.is_empty() {
                continue;
            }
            let batch = absent;
            let mine: Vec<(usize, String, Cell, Option<Duration>)> = batch
                .iter()
                .map(|row| (row.at, row.key.clone(), row.cell.clone(), row.ttl))
                .collect();
            caller.goes_on()?;
            self.put_rows(Verb::Acquire, batch).await?;
            let keys = mine.iter().map(|(_, key, ..)| key.clone()).collect();
            let found = self.read(keys).await?;
            for ((at, key, cell, ttl), found) in mine.into_iter().zip(found) {
                let outcome = match found {
                    Some(found) if found.token().is_some() && found == cell => Acquired::Granted,
                    Some(found) => Acquired::Found(found),
                    // Gone meanwhile, or nothing that can be told from another's.
                    None => {
                        caller.goes_on()?;
                        self.acquire(key.clone(), super::ops::put(&key, &cell, ttl))
                            .await?
                    }
                };
                outcomes.insert(at, outcome);
            }
        }
        Ok(in_order(outcomes))
    }

    /// Replaces those that have their tokens.
    pub(super) async fn fill_rows(self: &Arc<Self>, rows: Vec<Row>) -> Result<Vec<bool>, Error> {
        let mut outcomes = HashMap::new();
        for batch in batches(rows) {
            let mine: Vec<(usize, String)> =
                batch.iter().map(|row| (row.at, row.key.clone())).collect();
            let filled = self.put_rows(Verb::Fill, batch).await?;
            let filled: Vec<String> = filled.into_iter().filter_map(|row| row.name).collect();
            outcomes.extend(
                mine.into_iter()
                    .map(|(at, key)| (at, filled.contains(&key))),
            );
        }
        Ok(in_order(outcomes))
    }

    async fn put_rows(
        self: &Arc<Self>,
        verb: Verb,
        rows: Vec<Row>,
    ) -> Result<Vec<super::dialect::Row>, Error> {
        let text = D::batch(&self.address.table, verb, rows.len());
        let mut arguments = Vec::with_capacity(5 * rows.len());
        for row in rows {
            row.arguments(&mut arguments);
        }
        let statement = match verb {
            Verb::Fill => Statement::asks(text),
            Verb::Write | Verb::Acquire => Statement::does(text),
        };
        Ok(self.ask(Lane::Write, &statement, &arguments).await?.rows)
    }
}

/// What each of the caller's came to.
fn in_order<T>(mut outcomes: HashMap<usize, T>) -> Vec<T> {
    (0..outcomes.len())
        .filter_map(|at| outcomes.remove(&at))
        .collect()
}
