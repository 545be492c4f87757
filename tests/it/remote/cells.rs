//! A backend that fails on cue.

mod late;

use std::collections::{HashMap, VecDeque};
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::Poll;
use std::time::Duration;

use cached_core::backend::{Acquired, Backend, Capabilities, Cell, Token, Watched, Watcher};
use cached_core::{Builder, Cache, Error, ErrorKind};
use tokio::sync::watch;

use crate::support::until;
use late::{Late, put_if_absent};

type Ttl = Option<Duration>;

/// What is asked of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Read,
    Acquire,
    Fill,
    Renew,
    Release,
    Write,
    Invalidate,
}

/// What becomes of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// It is not carried out.
    Fail(ErrorKind),
    /// It is carried out, and its answer is lost.
    Lose,
    /// It is carried out at the second poll, and its answer comes at the third.
    Slow,
    /// It is carried out when the test says so, whoever waits for it; acquires and writes only.
    Late,
}

/// Cells that several caches share.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Mutex<News>,
    /// 0: the backend never goes back in time.
    incarnation: AtomicU64,
    /// What is not carried out for now.
    held: watch::Sender<Option<Op>>,
}

/// What is told of changes.
#[derive(Default)]
struct News {
    /// Whether anything is.
    watches: bool,
    /// Whether reads are not told of for now, as in a cluster whose keys are moving.
    moving: bool,
    /// Whether it stays on its way until it is delivered.
    held: bool,
    watchers: Vec<Weak<dyn Watcher>>,
    changed: Vec<String>,
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "News({:?})", self.changed)
    }
}

#[derive(Debug, Default)]
struct State {
    cells: HashMap<String, Cell>,
    script: VecDeque<(Op, Act)>,
    /// For every operation, until it is taken back.
    always: Option<Act>,
    log: Vec<(Op, String, Option<Duration>)>,
    late: Vec<Late>,
}

impl Cells {
    /// A builder of one process's cache.
    pub(super) fn process(&self) -> Builder {
        Cache::on(self.clone()).timeout(Duration::from_millis(50))
    }

    pub(super) fn cache(&self) -> Cache {
        self.process().build().expect("the defaults are valid")
    }

    /// What becomes of the next operation of this kind, after those said before.
    pub(super) fn next(&self, op: Op, act: Act) {
        self.lock().script.push_back((op, act));
    }

    /// What becomes of every operation from now on.
    pub(super) fn always(&self, act: Option<Act>) {
        self.lock().always = act;
    }

    pub(super) fn count(&self, op: Op) -> usize {
        let state = self.lock();
        state.log.iter().filter(|(done, ..)| *done == op).count()
    }

    /// What was asked, in its order; but for renewals, which stamps have now and then.
    pub(super) fn log(&self) -> Vec<Op> {
        let asked = self.lock().log.clone().into_iter().map(|(op, ..)| op);
        asked.filter(|op| *op != Op::Renew).collect()
    }

    /// Forgets what was asked so far.
    pub(super) fn forget(&self) {
        self.lock().log.clear();
    }

    /// The time to live that the last operation of this kind gave to a key that ends so.
    pub(super) fn last_ttl(&self, op: Op, end: &str) -> Option<Duration> {
        let state = self.lock();
        let mut log = state.log.iter().rev();
        let last = log.find(|(done, key, _)| *done == op && key.ends_with(end));
        last.and_then(|(.., ttl)| *ttl)
    }

    /// Whether anything is under a key whose name ends so.
    pub(super) fn holds(&self, end: &str) -> bool {
        self.lock().cells.keys().any(|name| name.ends_with(end))
    }

    /// Waits for what is done in the background.
    #[track_caller]
    pub(super) fn until(&self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        until(what, || done(self));
    }

    /// Changes the bytes under every key that ends so.
    pub(super) fn damage(&self, end: &str, damage: impl Fn(&mut Vec<u8>)) {
        for (name, cell) in &mut self.lock().cells {
            if name.ends_with(end) {
                let mut bytes = cell.as_bytes().to_vec();
                damage(&mut bytes);
                *cell = Cell::from_bytes(bytes);
            }
        }
    }

    /// What a snapshot of the server would hold.
    pub(super) fn snapshot(&self) -> HashMap<String, Cell> {
        self.lock().cells.clone()
    }

    /// Puts a snapshot in the place of what is there.
    pub(super) fn restore(&self, snapshot: HashMap<String, Cell>) {
        self.lock().cells = snapshot;
    }

    /// A restart from a snapshot, seen as another connection.
    pub(super) fn restart_from(&self, snapshot: HashMap<String, Cell>) {
        self.0.incarnation.fetch_add(1, Ordering::SeqCst);
        self.restore(snapshot);
    }

    /// From here on the backend may go back in time.
    pub(super) fn tells_no_run(self) -> Self {
        self.0.incarnation.store(1, Ordering::SeqCst);
        self
    }

    /// From here on changes are told to whoever has read.
    pub(super) fn watches(self) -> Self {
        self.news().watches = true;
        self
    }

    /// What is read is on its way to another server, which is told to nobody.
    pub(super) fn move_keys(&self) {
        self.news().moving = true;
    }

    /// News stay on their way until they are delivered.
    pub(super) fn hold_news(&self) {
        self.news().held = true;
    }

    /// News that were on their way arrive, and those to come without delay.
    pub(super) fn deliver_news(&self) {
        self.news().held = false;
        self.tell();
    }

    /// The connection over which changes are told is lost, with what was on its way.
    pub(super) fn lose_news(&self) {
        let watchers = {
            let mut news = self.news();
            news.changed.clear();
            news.watchers.clone()
        };
        let watchers = watchers.iter().filter_map(Weak::upgrade);
        watchers.for_each(|watcher| watcher.missed());
    }

    /// Tells of one key, whatever has become of it.
    pub(super) fn tell_of(&self, key: &str) {
        self.changed(key);
        self.tell();
    }

    /// The key has changed; told with the next [`tell`](Self::tell).
    fn changed(&self, key: &str) {
        self.news().changed.push(key.to_owned());
    }

    fn tell(&self) {
        let (watchers, changed) = {
            let mut news = self.news();
            if news.held || !news.watches {
                return;
            }
            (news.watchers.clone(), std::mem::take(&mut news.changed))
        };
        for watcher in watchers.iter().filter_map(Weak::upgrade) {
            changed.iter().for_each(|key| watcher.changed(key));
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.0.news.lock().expect("no test panics under this lock")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no test panics under this lock")
    }

    /// Whether the script has this for the next operation of this kind.
    fn takes(&self, op: Op, act: Act) -> bool {
        let mut state = self.lock();
        let at = state.script.iter().position(|next| *next == (op, act));
        at.and_then(|at| state.script.remove(at)).is_some()
    }

    /// Carries an operation out as the script has it.
    async fn perform<T>(
        &self,
        op: Op,
        (key, ttl): (&str, Ttl),
        carry_out: impl FnOnce(&mut HashMap<String, Cell>) -> T,
    ) -> Result<T, Error> {
        let mut held = self.0.held.subscribe();
        // The sender is there for as long as the cells are.
        let _ = held.wait_for(|held| *held != Some(op)).await;
        if self.takes(op, Act::Slow) {
            turn().await;
            let done = carry_out(&mut self.lock().cells);
            self.tell();
            turn().await;
            return Ok(done);
        }
        let (act, done) = {
            let mut state = self.lock();
            state.log.push((op, key.to_owned(), ttl));
            let at = state.script.iter().position(|(next, _)| *next == op);
            let next = at.and_then(|at| state.script.remove(at));
            let act = next.map(|(_, act)| act).or(state.always);
            let done = match act {
                Some(Act::Fail(_) | Act::Slow | Act::Late) => None,
                Some(Act::Lose) | None => Some(carry_out(&mut state.cells)),
            };
            (act, done)
        };
        self.tell();
        match (act, done) {
            (None, Some(done)) => Ok(done),
            (Some(Act::Fail(kind)), _) => Err(Error::new(kind, "the test says so")),
            _ => pending().await,
        }
    }
}

/// Waits until it is polled again.
async fn turn() {
    let mut polled = false;
    poll_fn(|_| match std::mem::replace(&mut polled, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

fn has(cell: Option<&Cell>, token: Token) -> bool {
    cell.and_then(Cell::token) == Some(token)
}

impl Backend for Cells {
    fn name(&self) -> &str {
        "cells"
    }

    fn capabilities(&self) -> Capabilities {
        let (mut capabilities, news) = (Capabilities::default(), self.news());
        (capabilities.watches, capabilities.pushes) = (news.watches, news.moving);
        capabilities
    }

    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let told = self.news().watches && !self.news().moving;
        let cells = self.read(keys).await?;
        Ok(Watched { cells, told })
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.news().watchers.push(watcher);
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let read = |cells: &mut HashMap<String, Cell>| {
            keys.iter().map(|key| cells.get(*key).cloned()).collect()
        };
        self.perform(Op::Read, ("", None), read).await
    }

    async fn acquire(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<Acquired, Error> {
        if self.takes(Op::Acquire, Act::Late) {
            return self.later(Op::Acquire, key, cell).await;
        }
        self.perform(Op::Acquire, (key, ttl), |cells| {
            self.changed(key);
            put_if_absent(cells, key, cell)
        })
        .await
    }

    async fn fill(&self, key: &str, token: Token, cell: &Cell, ttl: Ttl) -> Result<bool, Error> {
        self.perform(Op::Fill, (key, ttl), |cells| {
            let held = has(cells.get(key), token);
            if held {
                cells.insert(key.to_owned(), cell.clone());
                self.changed(key);
            }
            held
        })
        .await
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let renew = |cells: &mut HashMap<String, Cell>| has(cells.get(key), token);
        self.perform(Op::Renew, (key, Some(ttl)), renew).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        self.perform(Op::Release, (key, None), |cells| {
            let held = has(cells.get(key), token) && cells.remove(key).is_some();
            if held {
                self.changed(key);
            }
            held
        })
        .await
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<(), Error> {
        if self.takes(Op::Write, Act::Late) {
            return self.later(Op::Write, key, cell).await.map(drop);
        }
        self.perform(Op::Write, (key, ttl), |cells| {
            cells.insert(key.to_owned(), cell.clone());
            self.changed(key);
        })
        .await
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let remove = |cells: &mut HashMap<String, Cell>| {
            keys.iter().for_each(|key| self.changed(key));
            let removed = keys.iter().filter(|key| cells.remove(**key).is_some());
            removed.count() as u64
        };
        self.perform(Op::Invalidate, ("", None), remove).await
    }

    async fn now(&self) -> Result<u64, Error> {
        Ok(1_700_000_000_000)
    }

    fn incarnation(&self) -> Option<u64> {
        Some(self.0.incarnation.load(Ordering::SeqCst)).filter(|number| *number > 0)
    }
}
