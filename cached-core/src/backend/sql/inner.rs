//! One table, and how it is asked.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::clock::DatabaseClock;
use super::cull;
use super::dialect::{Answer, Arg, Dialect, Statement, Statements};
use super::fault::Fault;
use super::folder::Folder;
use super::pool::{Pool, Taken};
use crate::error::{Error, ErrorKind};

/// How long a statement may take before its connection is given up: the engine has stopped waiting
/// long before.
const STATEMENT: Duration = Duration::from_secs(6);

/// How often a statement that others were in the way of is tried, and the longest pause before.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(2);

/// Times that the clock is asked for, until an answer is this quick.
const SAMPLES: u32 = 4;
const QUICK: Duration = Duration::from_micros(500);

/// What the clones of one handle share.
pub(super) struct Inner<D: Dialect> {
    pub(super) address: Address<D>,
    pub(super) statements: Statements,
    pub(super) runtime: Handle,
    pub(super) clock: DatabaseClock,
    pub(super) folder: Option<Arc<Folder>>,
    ready: Arc<AtomicBool>,
    preparing: tokio::sync::Mutex<()>,
    writers: Arc<Pool<D>>,
    readers: Arc<Pool<D>>,
    culler: OnceLock<AbortHandle>,
}

/// Which connections a statement goes over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    Read,
    Write,
}

impl<D: Dialect> Inner<D> {
    pub(super) fn new(address: Address<D>, folder: Option<Folder>, runtime: Handle) -> Self {
        let folder = folder.map(Arc::new);
        let connections = address.connections;
        let ready = Arc::new(AtomicBool::new(false));
        let readers = Arc::new(Pool::new(
            address.options.clone(),
            connections,
            Arc::clone(&ready),
        ));
        let writers = if D::ONE_WRITER {
            Arc::new(Pool::one_writer(
                address.options.clone(),
                Arc::clone(&ready),
            ))
        } else {
            Arc::clone(&readers)
        };
        Self {
            statements: D::statements(&address.table),
            address,
            runtime,
            clock: DatabaseClock::default(),
            folder,
            ready,
            preparing: tokio::sync::Mutex::new(()),
            writers,
            readers,
            culler: OnceLock::new(),
        }
    }

    /// Carries an operation to its end on the background runtime; dropping this only stops waiting.
    pub(super) async fn drive<T, F>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        match self.runtime.spawn(work(Arc::clone(self))).await {
            Ok(outcome) => outcome,
            Err(cause) => Err(ended(cause)),
        }
    }

    /// Asks once the table is known to be there.
    pub(super) async fn ask(
        self: &Arc<Self>,
        lane: Lane,
        statement: &Statement,
        arguments: &[Arg],
    ) -> Result<Answer, Error> {
        self.make_ready().await?;
        let mut attempt = 0;
        loop {
            match self.attempt(lane, statement, arguments).await {
                Err(Fault::Moved) if attempt == 0 => {
                    self.writers.doubt();
                    self.readers.doubt();
                    self.make_ready().await?;
                    attempt += 1;
                }
                Err(fault) if fault.is_full::<D>() => {
                    if !self.make_room(attempt).await.unwrap_or(false) {
                        return Err(fault.into_error(&self.address));
                    }
                    attempt += 1;
                }
                outcome => return outcome.map_err(|fault| fault.into_error(&self.address)),
            }
        }
    }

    /// Sees to it that the table is there, once; again if somebody has emptied the directory.
    async fn make_ready(self: &Arc<Self>) -> Result<(), Error> {
        let ready = self.ready.load(Ordering::Acquire);
        if ready && !self.folder.as_ref().is_some_and(|folder| folder.moved()) {
            return Ok(());
        }
        let _one = self.preparing.lock().await;
        if self.folder.as_ref().is_some_and(|folder| folder.moved()) {
            self.ready.store(false, Ordering::Release);
            self.writers.doubt();
            self.readers.doubt();
        }
        if !self.ready.load(Ordering::Acquire) {
            self.prepare().await?;
            self.ready.store(true, Ordering::Release);
            self.culler.get_or_init(|| {
                let culling = cull::keep(Arc::downgrade(self));
                self.runtime.spawn(culling).abort_handle()
            });
        }
        Ok(())
    }

    /// Asks, whether or not the table is there.
    pub(super) async fn attempt(
        &self,
        lane: Lane,
        statement: &Statement,
        arguments: &[Arg],
    ) -> Result<Answer, Fault> {
        let mut tried = 1;
        loop {
            match self.once(lane, statement, arguments).await {
                Err(fault) if fault.is_collision::<D>() && tried < ATTEMPTS => {
                    sleep(jittered(PAUSE * tried)).await;
                    tried += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn once(
        &self,
        lane: Lane,
        statement: &Statement,
        arguments: &[Arg],
    ) -> Result<Answer, Fault> {
        let pool = self.pool(lane);
        let mut taken = self.take(lane).await?;
        if let Some(largest) = pool.told().largest {
            let mut cells = arguments.iter().filter_map(Arg::cell);
            if let Some(cell) = cells.find(|cell| cell.len() as u64 > largest) {
                let bytes = cell.len();
                pool.give_back(taken);
                return Err(Fault::Oversized(bytes, largest));
            }
        }
        let asked = D::ask(&mut taken.connection, statement, arguments);
        let outcome = match timeout(STATEMENT, asked).await {
            Ok(outcome) => outcome.map_err(Fault::from),
            Err(_) => Err(Fault::Late(
                "no answer in time; is the server overloaded, or a lock held for long?",
            )),
        };
        match &outcome {
            Err(fault) if !fault.is_answer() => {
                // Another server may answer next, whose clock is another.
                self.clock.forget();
                pool.doubt();
            }
            _ => pool.give_back(taken),
        }
        outcome
    }

    /// Runs a text of several statements.
    pub(super) async fn run(&self, text: &str) -> Result<(), Fault> {
        let pool = self.pool(Lane::Write);
        let mut taken = pool.take_to_write().await?;
        D::run(&mut taken.connection, text).await?;
        pool.give_back(taken);
        Ok(())
    }

    /// Asks the database for its time. The error is half of what the answer takes, so the quickest
    /// of a few counts, without the time to connect.
    pub(super) async fn sample(self: &Arc<Self>) -> Result<u64, Error> {
        self.make_ready().await?;
        let mut best: Option<(Duration, Instant, u64)> = None;
        for _ in 0..SAMPLES {
            let asked = Instant::now();
            let answer = self.ask(Lane::Read, &self.statements.now, &[]).await?;
            let taken = asked.elapsed();
            let millis = answer.rows.first().and_then(|row| row.number);
            let millis = u64::try_from(millis.unwrap_or_default()).unwrap_or_default();
            if best.is_none_or(|(quickest, ..)| taken < quickest) {
                best = Some((taken, asked + taken / 2, millis));
            }
            if taken < QUICK {
                break;
            }
        }
        let (_, taken, millis) = best.unwrap_or((QUICK, Instant::now(), 0));
        self.clock.set(millis, taken);
        Ok(millis)
    }

    /// Where what is in the table comes from, as far as the database tells.
    pub(super) fn origin(&self) -> Option<String> {
        self.writers.told().origin
    }

    /// Closes connections that nobody uses.
    pub(super) fn tidy(&self) {
        self.writers.tidy();
        self.readers.tidy();
    }

    async fn take(&self, lane: Lane) -> Result<Taken<D>, Fault> {
        match lane {
            Lane::Read => self.readers.take().await,
            Lane::Write => self.writers.take_to_write().await,
        }
    }

    fn pool(&self, lane: Lane) -> &Pool<D> {
        match lane {
            Lane::Read => &self.readers,
            Lane::Write => &self.writers,
        }
    }
}

impl<D: Dialect> Drop for Inner<D> {
    fn drop(&mut self) {
        if let Some(culler) = self.culler.get() {
            culler.abort();
        }
    }
}

/// The runtime was shut down.
pub(super) fn ended(cause: tokio::task::JoinError) -> Error {
    let message = "the background runtime of the cache has ended; keep it for as long as the cache \
                   is used";
    Error::new(ErrorKind::Unavailable, message).caused_by(cause)
}

/// Something between half of a pause and all of it, so that those who collided part.
pub(super) fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    static KEY: OnceLock<RandomState> = OnceLock::new();
    static COUNT: Mutex<u64> = Mutex::new(0);
    let mut count = COUNT.lock().unwrap_or_else(PoisonError::into_inner);
    *count = count.wrapping_add(1);
    let draw = KEY.get_or_init(RandomState::new).hash_one(*count);
    pause.mul_f64(0.5 + 0.5 * (draw >> 32) as f64 / f64::from(u32::MAX))
}
