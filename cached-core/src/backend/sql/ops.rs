//! The port, in statements.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Sql;
use super::batch::{Caller, Row};
use super::dialect::{Answer, Arg, Dialect, Many, Statement, millis};
use super::inner::{Inner, Lane};
use crate::backend::port::{Acquired, Backend, Capabilities, Page, Put};
use crate::cell::{Cell, Token};
use crate::error::{Error, ErrorKind};

/// Keys of one statement, at most.
pub(super) const CHUNK: usize = 256;

/// Names of one page.
const PAGE: i64 = 500;

/// How often an acquire looks again when what stood there went while it looked.
const LOOKS: usize = 8;

impl<D: Dialect> Backend for Sql<D> {
    fn name(&self) -> &str {
        self.0.address.scheme
    }

    fn place(&self) -> Option<String> {
        Some(D::place(&self.0.address.options))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            shortest_ttl: Duration::from_millis(1),
            scans: true,
            // It locks, and on SQLite it is in everybody's way.
            dear_writes: true,
            ..Capabilities::default()
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = owned(keys);
        self.0
            .drive(|inner| async move { inner.read(keys).await })
            .await
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        self.0.fits(cell)?;
        let put = put(key, cell, ttl);
        let key = key.to_owned();
        self.0
            .drive(|inner| async move { inner.acquire(key, put).await })
            .await
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        self.0.fits(cell)?;
        let [_, new, cell, ttl] = put(key, cell, ttl);
        let arguments = vec![new, cell, ttl, text(key), exactly(token)];
        self.write_one(|inner| &inner.statements.fill, arguments)
            .await
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let arguments = vec![Arg::Int(millis(Some(ttl))), text(key), exactly(token)];
        self.write_one(|inner| &inner.statements.renew, arguments)
            .await
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let arguments = vec![text(key), exactly(token)];
        self.write_one(|inner| &inner.statements.release, arguments)
            .await
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        self.0.fits(cell)?;
        let arguments = put(key, cell, ttl).into();
        self.write_one(|inner| &inner.statements.write, arguments)
            .await?;
        Ok(())
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        if keys.is_empty() {
            return Ok(0);
        }
        let keys = sorted(keys);
        self.0
            .drive(|inner| async move { inner.remove(keys).await })
            .await
    }

    async fn write_many(&self, puts: &[Put<'_>]) -> Result<(), Error> {
        let rows = self.rows(puts)?;
        self.0
            .drive(|inner| async move { inner.write_rows(rows).await })
            .await
    }

    async fn acquire_many(&self, puts: &[Put<'_>]) -> Result<Vec<Acquired>, Error> {
        let rows = self.rows(puts)?;
        let (caller, waiting) = Caller::new();
        let acquired = self
            .0
            .drive(|inner| async move { inner.acquire_rows(rows, &waiting).await });
        let acquired = acquired.await;
        drop(caller);
        acquired
    }

    async fn fill_many(
        &self,
        fills: &[(Token, Put<'_>)],
    ) -> Result<Vec<Result<bool, Error>>, Error> {
        if !D::FILLS {
            let each = fills.iter();
            let each = each.map(|(token, put)| self.fill(put.key, *token, put.cell, put.ttl));
            return Ok(join_all(each).await);
        }
        let fit: Vec<_> = fills.iter().map(|(_, put)| self.0.fits(put.cell)).collect();
        let fitting = fills.iter().zip(&fit).filter(|(_, fits)| fits.is_ok());
        let rows = fitting
            .enumerate()
            .map(|(at, ((token, put), _))| Row::of(at, put, Some(*token)));
        let rows: Vec<Row> = rows.collect();
        let filled = self
            .0
            .drive(|inner| async move { inner.fill_rows(rows).await });
        let mut filled = filled.await?.into_iter();
        let outcome = |fits: Result<(), Error>| fits.map(|()| filled.next().unwrap_or_default());
        Ok(fit.into_iter().map(outcome).collect())
    }

    async fn scan(&self, prefix: &str, after: Option<&str>) -> Result<Page, Error> {
        // No name is after a prefix and this.
        let end = format!("{prefix}\u{7f}");
        // What the adapter itself keeps begins with a space.
        let prefix = if prefix.is_empty() { "!" } else { prefix };
        let after = after.unwrap_or_default().to_owned();
        let arguments = [
            text(prefix),
            Arg::Text(end),
            Arg::Text(after),
            Arg::Int(PAGE),
        ];
        let listed = self.0.drive(|inner| async move {
            let statement = Statement::asks(D::scan(&inner.address.table));
            inner.ask(Lane::Read, &statement, &arguments).await
        });
        let rows = listed.await?.rows.into_iter();
        let names: Vec<String> = rows.filter_map(|row| row.name).collect();
        let full = i64::try_from(names.len()).is_ok_and(|names| names >= PAGE);
        let next = full.then(|| names.last().cloned()).flatten();
        Ok(Page { names, next })
    }

    async fn now(&self) -> Result<u64, Error> {
        match self.0.clock.now() {
            Some(now) => Ok(now),
            None => {
                self.0
                    .drive(|inner| async move { inner.sample().await })
                    .await
            }
        }
    }

    async fn check(&self) -> Result<(), Error> {
        let asked = self.0.drive(|inner| async move { inner.sample().await });
        asked.await.map(|_| ())
    }
}

impl<D: Dialect> Sql<D> {
    fn rows(&self, puts: &[Put<'_>]) -> Result<Vec<Row>, Error> {
        let rows = puts.iter().enumerate().map(|(at, put)| {
            self.0.fits(put.cell)?;
            Ok(Row::of(at, put, None))
        });
        rows.collect()
    }

    /// Whether the statement touched a row.
    async fn write_one(
        &self,
        statement: impl Fn(&Inner<D>) -> &Statement + Send + 'static,
        arguments: Vec<Arg>,
    ) -> Result<bool, Error> {
        let touched = self.0.drive(|inner| async move {
            let statement = statement(&inner);
            inner.ask(Lane::Write, statement, &arguments).await
        });
        Ok(touched.await?.total() > 0)
    }
}

impl<D: Dialect> Inner<D> {
    pub(super) async fn read(
        self: &Arc<Self>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Cell>>, Error> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(CHUNK) {
            let answer = self.ask_many(Lane::Read, Many::Read, keys).await?;
            let rows = answer.rows.into_iter();
            found.extend(rows.filter_map(|row| Some((row.name?, row.cell?))));
        }
        if let [key] = &keys[..] {
            return Ok(vec![found.remove(key).map(Cell::from_bytes)]);
        }
        let cells = keys.iter().map(|key| found.get(key).cloned());
        Ok(cells.map(|cell| cell.map(Cell::from_bytes)).collect())
    }

    pub(super) async fn acquire(
        self: &Arc<Self>,
        key: String,
        put: [Arg; 4],
    ) -> Result<Acquired, Error> {
        for _ in 0..LOOKS {
            let answer = self
                .ask(Lane::Write, &self.statements.acquire, &put)
                .await?;
            match D::acquired(answer) {
                Some(acquired) => return Ok(acquired),
                None => {
                    let found = self.read(vec![key.clone()]).await?;
                    if let Some(cell) = found.into_iter().flatten().next() {
                        return Ok(Acquired::Found(cell));
                    }
                }
            }
        }
        let message = format!(
            "{}: the key was written and removed all the time",
            D::SCHEME
        );
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    async fn remove(self: &Arc<Self>, keys: Vec<String>) -> Result<u64, Error> {
        let mut removed = 0;
        for keys in keys.chunks(CHUNK) {
            removed += self
                .ask_many(Lane::Write, Many::Remove, keys)
                .await?
                .total();
        }
        Ok(removed)
    }

    async fn ask_many(
        self: &Arc<Self>,
        lane: Lane,
        verb: Many,
        keys: &[String],
    ) -> Result<Answer, Error> {
        // Few sizes, so that few statements are prepared; what fills them up is asked twice.
        let size = keys.len().next_power_of_two();
        let (text, as_one) = D::many(&self.address.table, verb, size);
        let arguments = if as_one {
            vec![Arg::Texts(keys.to_vec())]
        } else {
            let last = keys.last().into_iter().cycle();
            let padded = keys.iter().chain(last).take(size);
            padded.map(|key| Arg::Text(key.clone())).collect()
        };
        let statement = match D::returns(verb) {
            true => Statement::asks(text),
            false => Statement::does(text),
        };
        self.ask(lane, &statement, &arguments).await
    }
}

/// The arguments of a statement that puts a cell.
pub(super) fn put(key: &str, cell: &Cell, ttl: Option<Duration>) -> [Arg; 4] {
    let token = cell.token().map(|token| *token.as_bytes());
    let bytes = cell.as_bytes().to_vec();
    [
        text(key),
        Arg::Token(token),
        Arg::Bytes(bytes),
        Arg::Int(millis(ttl)),
    ]
}

fn text(key: &str) -> Arg {
    Arg::Text(key.to_owned())
}

fn exactly(token: Token) -> Arg {
    Arg::Token(Some(*token.as_bytes()))
}

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

/// In one order for everybody: two who take the same rows in different orders wait for each other.
pub(super) fn sorted(keys: &[&str]) -> Vec<String> {
    let mut keys = owned(keys);
    keys.sort_unstable();
    keys.dedup();
    keys
}
