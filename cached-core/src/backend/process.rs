//! Cells in the memory of this process: a backend that behaves like a remote one, for tests, and for
//! the locks of caches in memory.
//!
//! Values go through the codec and come back as other processes would get them. Not for values in
//! production: it has no bound but their time to live, and `memory://` needs no bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::port::{Acquired, Backend, Capabilities, Page, Watched, Watcher, Watchers};
use crate::cell::{Cell, Token};
use crate::error::Error;
use crate::time::{Clock, Millis};

/// A table of cells. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    clock: Clock,
    cells: Arc<Mutex<Cells>>,
    watchers: Arc<Watchers>,
}

#[derive(Debug, Default)]
struct Cells {
    cells: HashMap<String, Kept>,
    /// What has expired is removed when there are so many.
    full: usize,
}

#[derive(Debug)]
struct Kept {
    cell: Cell,
    /// `None`: until it is replaced.
    expires: Option<Millis>,
}

impl Process {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            cells: Arc::default(),
            watchers: Arc::default(),
        }
    }

    /// The cells, with none that has expired under one of these keys.
    fn lock(&self, keys: &[&str]) -> MutexGuard<'_, Cells> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let lives = |kept: &Kept| kept.expires.is_none_or(|expires| now < expires);
        if cells.len() >= cells.full {
            cells.retain(|_, kept| lives(kept));
            cells.full = cells.len() * 2 + 64;
        }
        for key in keys {
            if cells.get(*key).is_some_and(|kept| !lives(kept)) {
                cells.remove(*key);
            }
        }
        cells
    }

    /// Tells the watchers where something was done.
    fn told(&self, key: &str, done: bool) -> Result<bool, Error> {
        if done {
            self.watchers.changed(key);
        }
        Ok(done)
    }

    fn kept(&self, cell: &Cell, ttl: Option<Duration>) -> Kept {
        let millis = |ttl: Duration| Millis::try_from(ttl.as_millis()).unwrap_or(Millis::MAX);
        Kept {
            cell: cell.clone(),
            expires: ttl.map(|ttl| self.clock.now().saturating_add(millis(ttl))),
        }
    }
}

impl std::ops::Deref for Cells {
    type Target = HashMap<String, Kept>;

    fn deref(&self) -> &Self::Target {
        &self.cells
    }
}

impl std::ops::DerefMut for Cells {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.cells
    }
}

impl Backend for Process {
    fn name(&self) -> &str {
        "process"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            scans: true,
            watches: true,
            ..Capabilities::default()
        }
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let cells = self.lock(keys);
        let read = |key: &&str| cells.get(*key).map(|kept| kept.cell.clone());
        Ok(keys.iter().map(read).collect())
    }

    /// Every change is told, whoever read the key: there is nothing to remember for it.
    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let cells = self.read(keys).await?;
        Ok(Watched { cells, told: true })
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.watchers.add(watcher);
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        let mut cells = self.lock(&[key]);
        if let Some(kept) = cells.get(key) {
            return Ok(Acquired::Found(kept.cell.clone()));
        }
        cells.insert(key.to_owned(), self.kept(cell, ttl));
        drop(cells);
        self.watchers.changed(key);
        Ok(Acquired::Granted)
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        let mut cells = self.lock(&[key]);
        let held = cells
            .get_mut(key)
            .filter(|kept| kept.cell.token() == Some(token));
        let filled = held.map(|kept| *kept = self.kept(cell, ttl)).is_some();
        drop(cells);
        self.told(key, filled)
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let mut cells = self.lock(&[key]);
        let held = cells
            .get_mut(key)
            .filter(|kept| kept.cell.token() == Some(token));
        let renewed = held.map(|kept| *kept = self.kept(&kept.cell, Some(ttl)));
        let renewed = renewed.is_some();
        drop(cells);
        self.told(key, renewed)
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let mut cells = self.lock(&[key]);
        let held = cells
            .get(key)
            .is_some_and(|kept| kept.cell.token() == Some(token));
        let released = held && cells.remove(key).is_some();
        drop(cells);
        self.told(key, released)
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        self.lock(&[key])
            .insert(key.to_owned(), self.kept(cell, ttl));
        self.watchers.changed(key);
        Ok(())
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let mut cells = self.lock(keys);
        let removed = keys.iter().filter(|key| cells.remove(**key).is_some());
        let removed = removed.count();
        drop(cells);
        keys.iter().for_each(|key| self.watchers.changed(key));
        Ok(removed as u64)
    }

    /// All of them on one page.
    async fn scan(&self, prefix: &str, _: Option<&str>) -> Result<Page, Error> {
        let (cells, now) = (self.lock(&[]), self.clock.now());
        let names = cells.iter().filter(|(name, kept)| {
            name.starts_with(prefix) && kept.expires.is_none_or(|expires| now < expires)
        });
        Ok(Page {
            names: names.map(|(name, _)| name.clone()).collect(),
            next: None,
        })
    }

    async fn now(&self) -> Result<u64, Error> {
        Ok(self.clock.now())
    }
}
