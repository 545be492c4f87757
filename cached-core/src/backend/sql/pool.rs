//! The connections to one database.
//!
//! Not sqlx's pool: that asks every connection whether it still lives when it is given back, and
//! an attempt to connect that fails is repeated there until the reason is lost. A cache wants the
//! shortest way to an answer, and the reason at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::dialect::{Dialect, Greeting, Options};
use super::fault::Fault;

/// How long an attempt to connect may take, name resolution and TLS included.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an operation may wait for a connection that others use.
const ROOM: Duration = Duration::from_secs(4);

/// A connection that was idle for longer is asked whether it still lives.
const DOUBT: Duration = Duration::from_secs(1);

/// A connection that was idle for longer is closed.
const IDLE: Duration = Duration::from_secs(300);

/// Connections that are there, and how many more may be made.
pub(super) struct Pool<D: Dialect> {
    options: Options<D>,
    room: Arc<Semaphore>,
    /// How many more of them may write: a write may wait for the end of somebody's transaction, and
    /// a read never does.
    writes: Arc<Semaphore>,
    idle: Mutex<Vec<Idle<D>>>,
    /// Grows when connections that were made before are not to be used again.
    age: AtomicU64,
    told: Mutex<Greeting>,
    /// Whether the table was looked at; not so when another database answers than before.
    ready: Arc<AtomicBool>,
}

struct Idle<D: Dialect> {
    connection: D::Connection,
    since: Instant,
}

/// A connection that nobody else uses. Dropped, it is closed: whatever was asked over it last has
/// not been answered.
pub(super) struct Taken<D: Dialect> {
    pub(super) connection: D::Connection,
    age: u64,
    _permits: [Option<OwnedSemaphorePermit>; 2],
}

impl<D: Dialect> Pool<D> {
    /// So many connections, half of which may write.
    pub(super) fn new(options: Options<D>, connections: usize, ready: Arc<AtomicBool>) -> Self {
        let room = Arc::new(Semaphore::new(connections));
        Self::with_room(options, room, (connections / 2).max(1), ready)
    }

    /// One writer at a time among all handles of this process: they take turns here, where the
    /// database would let them try again and again.
    pub(super) fn one_writer(options: Options<D>, ready: Arc<AtomicBool>) -> Self {
        static TURNS: Mutex<BTreeMap<String, Weak<Semaphore>>> = Mutex::new(BTreeMap::new());
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let place = D::place(&options);
        let turn = turns.get(&place).and_then(Weak::upgrade);
        let turn = turn.unwrap_or_else(|| Arc::new(Semaphore::new(1)));
        turns.insert(place, Arc::downgrade(&turn));
        Self::with_room(options, turn, 1, ready)
    }

    fn with_room(
        options: Options<D>,
        room: Arc<Semaphore>,
        writes: usize,
        ready: Arc<AtomicBool>,
    ) -> Self {
        Self {
            options,
            room,
            writes: Arc::new(Semaphore::new(writes)),
            idle: Mutex::default(),
            age: AtomicU64::new(0),
            told: Mutex::default(),
            ready,
        }
    }

    /// A connection to write over, new or used.
    pub(super) async fn take_to_write(&self) -> Result<Taken<D>, Fault> {
        let waiting = Arc::clone(&self.writes).acquire_owned();
        let waiting = in_time(
            ROOM,
            waiting,
            "every connection that may write is in use; raise `connections` in the URL",
        );
        // The semaphore is never closed.
        let permit = waiting.await?.ok();
        let mut taken = self.take().await?;
        taken._permits[1] = permit;
        Ok(taken)
    }

    /// A connection, new or used.
    pub(super) async fn take(&self) -> Result<Taken<D>, Fault> {
        let waiting = Arc::clone(&self.room).acquire_owned();
        let waiting = in_time(
            ROOM,
            waiting,
            "every connection is in use; raise `connections` in the URL",
        );
        // Likewise.
        let permits = [waiting.await?.ok(), None];
        let age = self.age.load(Ordering::Acquire);
        while let Some(mut idle) = self.pop() {
            if idle.since.elapsed() < DOUBT || lives::<D>(&mut idle.connection).await {
                return Ok(Taken {
                    connection: idle.connection,
                    age,
                    _permits: permits,
                });
            }
        }
        let connection = in_time(
            CONNECT,
            self.connect(),
            "no answer to an attempt to connect; is it stopped, overloaded or behind a firewall, or \
             elsewhere than the URL says?",
        );
        Ok(Taken {
            connection: connection.await??,
            age,
            _permits: permits,
        })
    }

    /// Keeps a connection whose last question was answered.
    pub(super) fn give_back(&self, taken: Taken<D>) {
        let idle = Idle {
            connection: taken.connection,
            since: Instant::now(),
        };
        let mut kept = self.lock();
        if taken.age == self.age.load(Ordering::Acquire) {
            kept.push(idle);
        }
        // The permit goes after this, so there are never more idle ones than permits.
    }

    /// Closes what is idle, after one connection was found lost: the others are most likely too.
    pub(super) fn doubt(&self) {
        let mut kept = self.lock();
        self.age.fetch_add(1, Ordering::AcqRel);
        let idle = std::mem::take(&mut *kept);
        drop(kept);
        drop(idle);
    }

    /// Closes what nobody has used for long.
    pub(super) fn tidy(&self) {
        self.lock().retain(|idle| idle.since.elapsed() < IDLE);
    }

    /// What the last new connection told.
    pub(super) fn told(&self) -> Greeting {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A new connection, unless the database is another one than before.
    async fn connect(&self) -> Result<D::Connection, Fault> {
        let mut connection = self.options.connect().await?;
        let told = D::greet(&mut connection).await?;
        let mut known = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = known.origin.is_some() && known.origin != told.origin;
        if moved {
            // Before anybody gets a connection that is thought to be to the same database.
            self.ready.store(false, Ordering::Release);
        }
        *known = told;
        drop(known);
        match moved {
            true => Err(Fault::Moved),
            false => Ok(connection),
        }
    }

    fn pop(&self) -> Option<Idle<D>> {
        self.lock().pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle<D>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn lives<D: Dialect>(connection: &mut D::Connection) -> bool {
    matches!(timeout(DOUBT, connection.ping()).await, Ok(Ok(())))
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = T>,
    late: &'static str,
) -> Result<T, Fault> {
    timeout(limit, work).await.map_err(|_| Fault::Late(late))
}
