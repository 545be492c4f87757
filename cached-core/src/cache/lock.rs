//! Locks by name, between all processes that share the cache's backend.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::Cache;
use crate::engine::block_on;
use crate::engine::remote::{Held, Terms};
use crate::error::{Error, ErrorKind};
use crate::time::{Lifetime, Ttl};

/// The shortest lease: anything shorter ends while the backend is asked.
const SHORTEST: Duration = Duration::from_millis(100);
const WAIT: Duration = Duration::from_secs(5);

impl Cache {
    /// A lock of this name, for all processes whose caches have the same backend and prefix. In
    /// memory it holds for this cache and its clones.
    ///
    /// ```
    /// # async fn example(cache: cached_core::Cache) -> Result<(), cached_core::Error> {
    /// if let Some(guard) = cache.lock("nightly-report").ttl(30).try_acquire().await? {
    ///     // Whoever stores the report refuses a number below the greatest it has seen.
    ///     let number = guard.fencing();
    ///     guard.release().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock(&self, name: impl Into<String>) -> Lock {
        Lock {
            cache: self.clone(),
            name: name.into(),
            ttl: Ttl::DEFAULT,
            wait: WAIT,
            renewed_for: None,
        }
    }
}

/// A lock to be taken; made by [`Cache::lock`].
///
/// # What holds
///
/// - One holder at a time, as long as the backend keeps what it was given, and each holder looks at
///   [`is_held`](LockGuard::is_held) before it acts. A holder that dies is succeeded when its lease
///   ends.
/// - [Fencing numbers](LockGuard::fencing) grow from holder to holder.
/// - A fault of the backend is an error. Nobody holds a lock that the backend did not grant.
///
/// # What does not
///
/// - *A holder that is stopped* (a long page fault, `SIGSTOP`, a virtual machine that is moved)
///   between its look and its act may act when its lease has ended and another holds the lock. No
///   lock with a lease can prevent that: let the resource refuse a fencing number that is below the
///   greatest it has seen.
/// - *A backend that forgets* gives the lock to the next who asks, while the former holder learns of
///   it by its next renewal: a Redis that restarts or evicts, a replica that is promoted before it
///   has heard of the lock, a memcached server that is gone. This is no consensus system; where two
///   holders would do harm, use the fencing number, or a system made for it.
/// - *Fairness*: whoever asks first when the lock is free gets it.
/// - *Re-entrance*: whoever holds it and asks again waits for itself.
///
/// Locks are no entries: [`clear`](Cache::clear) leaves them alone, and a
/// [`mac_key`](crate::Builder::mac_key) does not sign them.
#[derive(Debug, Clone)]
#[must_use = "a lock is held from `acquire` on"]
pub struct Lock {
    cache: Cache,
    name: String,
    ttl: Ttl,
    wait: Duration,
    renewed_for: Option<Duration>,
}

impl Lock {
    /// The lease: the lock ends so long after it was taken or last renewed. At least 100 ms. Default:
    /// the [`lease`](crate::Builder::lease) of the cache, 10 seconds unless it says otherwise.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// How long [`acquire`](Self::acquire) waits for another holder. Default 5 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// For how long the lock is renewed in the background, each third of the lease, so that a holder
    /// that hangs does not keep it for ever; it ends at most one lease later. Zero: never, and
    /// [`LockGuard::renew`] is the only way. Default: the [`lock_cap`](crate::Builder::lock_cap) of
    /// the cache, 60 seconds unless it says otherwise.
    pub fn renewed_for(mut self, cap: Duration) -> Self {
        self.renewed_for = Some(cap);
        self
    }

    /// Takes the lock; waits for it where somebody holds it.
    ///
    /// A dropped future holds nothing: what it may have asked for is released in the background, or
    /// ends with its lease.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] if it is held for longer than [`wait`](Self::wait),
    /// [`ErrorKind::Key`] for an empty name, [`ErrorKind::Ttl`] for a lease that is too short or has
    /// no end; [`Unavailable`](ErrorKind::Unavailable), [`Timeout`](ErrorKind::Timeout) and the like
    /// if the backend does not answer, and then the lock is not held.
    pub async fn acquire(self) -> Result<LockGuard, Error> {
        let terms = self.terms()?;
        let name = self.cache.lock_name(&self.name)?;
        match self.cache.engine.locks()?.lock(&name, &terms).await? {
            Some(held) => Ok(LockGuard { held }),
            None => Err(self.taken()),
        }
    }

    /// Takes the lock if nobody holds it; `None` if somebody does.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), but never [`ErrorKind::Locked`].
    pub async fn try_acquire(self) -> Result<Option<LockGuard>, Error> {
        let terms = self.terms()?;
        let name = self.cache.lock_name(&self.name)?;
        let taken = self.cache.engine.locks()?.try_lock(&name, &terms);
        Ok(taken.await?.map(|held| LockGuard { held }))
    }

    /// The same lock, for sync callers.
    pub fn blocking(self) -> BlockingLock {
        BlockingLock(self)
    }

    fn terms(&self) -> Result<Terms, Error> {
        if self.name.is_empty() {
            return Err(Error::new(ErrorKind::Key, "a lock needs a name"));
        }
        let limits = self.cache.engine.locks()?.limits();
        let lease = self.ttl.resolve(Lifetime(limits.lease))?;
        let millis = Duration::from_millis(lease.0);
        if millis < SHORTEST || lease == Lifetime::FOREVER {
            let message = "a lock's lease has to be 100 ms or longer, and to end";
            return Err(Error::new(ErrorKind::Ttl, message));
        }
        let cap = Duration::from_millis(limits.lock_cap);
        Ok(Terms {
            lease: millis,
            renewed_for: self.renewed_for.unwrap_or(cap),
            wait: self.wait,
            clock: self.cache.engine.clock().clone(),
        })
    }

    fn taken(&self) -> Error {
        let message = format!(
            "the lock `{}` was held by others for all of the {:?} that this waits; `wait` sets how \
             long",
            self.name.escape_debug(),
            self.wait
        );
        Error::new(ErrorKind::Locked, message)
    }
}

/// A lock that was taken. Dropped, it is released in the background, without waiting: where the
/// next holder is waited for, or the process ends, [`release`](Self::release) it instead.
#[must_use = "a guard that is dropped releases its lock"]
pub struct LockGuard {
    held: Held,
}

impl LockGuard {
    /// The fencing number: greater than those of all earlier holders of this name. Resources that
    /// refuse numbers below the greatest they have seen are safe from holders that do not know that
    /// they have lost the lock.
    ///
    /// It holds the backend's time, so it grows also if the backend has lost all it had, unless its
    /// clock was set back by more than a minute then. It is below 2^53.
    ///
    /// ```sql
    /// UPDATE report SET text = $1, fencing = $2 WHERE id = $3 AND fencing <= $2
    /// ```
    #[must_use]
    pub fn fencing(&self) -> u64 {
        self.held.fencing()
    }

    /// Whether the lease has not ended, as far as this process knows: it was granted or renewed so
    /// recently, by a clock that does not stand still with the process. Asks nobody.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_held()
    }

    /// Ends when the lock is not held any more: lost, ended, released or dropped. For a `select!`
    /// beside the work.
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        self.held.lost()
    }

    /// Lets the lease count from now; whether the lock is held. False is for good: take it anew then.
    ///
    /// # Errors
    /// Those of the backend; the lock is held until its lease ends, and [`is_held`](Self::is_held)
    /// says whether it is. A dropped future may have renewed it.
    pub async fn renew(&self) -> Result<bool, Error> {
        self.held.renew().await
    }

    /// Gives the lock back; true if it was still held when the backend heard of it. False means that
    /// others may have held it meanwhile.
    ///
    /// # Errors
    /// Those of the backend; it is tried once more in the background, and the lock ends with its
    /// lease. The same goes for a dropped future.
    pub async fn release(self) -> Result<bool, Error> {
        self.held.release().await
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held.fmt(f)
    }
}

/// A [`Lock`] for sync callers, whose thread waits; made by [`Lock::blocking`]. Not for async code:
/// a thread of the runtime would stand still.
///
/// ```
/// # fn main() -> Result<(), cached_core::Error> {
/// # let cache = cached_core::Cache::memory().build()?;
/// let guard = cache.lock("import").ttl(30).blocking().acquire()?;
/// assert!(guard.is_held());
/// guard.release()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a lock is held from `acquire` on"]
pub struct BlockingLock(Lock);

impl BlockingLock {
    /// Takes the lock; waits for it where somebody holds it.
    ///
    /// # Errors
    /// As [`Lock::acquire`].
    pub fn acquire(self) -> Result<BlockingLockGuard, Error> {
        block_on(self.0.acquire()).map(BlockingLockGuard)
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`].
    pub fn try_acquire(self) -> Result<Option<BlockingLockGuard>, Error> {
        let taken = block_on(self.0.try_acquire())?;
        Ok(taken.map(BlockingLockGuard))
    }
}

/// A [`LockGuard`] for sync callers.
#[derive(Debug)]
#[must_use = "a guard that is dropped releases its lock"]
pub struct BlockingLockGuard(LockGuard);

impl BlockingLockGuard {
    /// As [`LockGuard::fencing`].
    #[must_use]
    pub fn fencing(&self) -> u64 {
        self.0.fencing()
    }

    /// As [`LockGuard::is_held`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }

    /// As [`LockGuard::renew`].
    ///
    /// # Errors
    /// As there.
    pub fn renew(&self) -> Result<bool, Error> {
        block_on(self.0.renew())
    }

    /// As [`LockGuard::release`].
    ///
    /// # Errors
    /// As there.
    pub fn release(self) -> Result<bool, Error> {
        block_on(self.0.release())
    }
}
