//! A backend that misbehaves when told to.

mod fault;
mod memory;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

pub use self::fault::{Fault, Lie, Op};

use self::fault::Script;
use self::memory::Memory;
use crate::backend::port::{Acquired, Backend, Capabilities, Page, Put, Watched, Watcher};
use crate::cell::{Cell, Token};
use crate::error::Error;
use crate::time::{Clock, Millis};

/// Wraps a backend, and lets single calls fail: to see what the code under test does while the
/// cache is slow, down, or lying. Clones share one script and one backend.
///
/// ```
/// use cached_core::testing::{self, Fault, Faulty, Op};
/// use cached_core::{Cache, cached};
/// use std::time::Duration;
///
/// #[cached(key = "double:<n>")]
/// fn double(n: u64) -> u64 { n * 2 }
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let backend = Faulty::new(testing::in_process());
/// let cache = Cache::on(backend.clone()).timeout(Duration::from_millis(20)).build()?;
/// testing::with_cache_blocking(&cache, || {
///     backend.always(Op::ALL, Fault::Hang);
///     assert_eq!(double(21), 42); // a bounded wait, then the body runs
///
///     backend.clear();
///     backend.next(Op::Read, Fault::Delay(Duration::from_millis(5)));
///     assert_eq!(double(21), 42);
///     assert!(backend.calls(Op::Read) >= 1);
/// });
/// # Ok(())
/// # }
/// ```
///
/// Time is the system's, on any executor or none. Not for measuring: every call takes a lock.
pub struct Faulty<B>(Arc<Inner<B>>);

struct Inner<B> {
    backend: B,
    script: Script,
    memory: Memory,
}

impl<B: Backend> Faulty<B> {
    /// This backend, without a fault so far.
    pub fn new(backend: B) -> Self {
        Self(Arc::new(Inner {
            backend,
            script: Script::default(),
            memory: Memory::default(),
        }))
    }

    /// The next call of the operation that nothing is planned for yet has this fault; called twice,
    /// the next two have one each. Goes before what [`always`](Self::always) says.
    pub fn next(&self, op: Op, fault: Fault) {
        self.0.script.next(op, fault);
    }

    /// From now on every call of these operations has this fault: one [`Op`], several, or
    /// [`Op::ALL`].
    pub fn always(&self, ops: impl IntoIterator<Item = Op>, fault: Fault) {
        for op in ops {
            self.0.script.always(op, fault);
        }
    }

    /// No faults any more. Calls that hang stay so: their answers are lost.
    pub fn clear(&self) {
        self.0.script.clear();
    }

    /// How many calls of the operation came so far, those with a fault included.
    #[must_use]
    pub fn calls(&self, op: Op) -> usize {
        self.0.script.calls(op)
    }

    /// How many calls of any operation came so far.
    #[must_use]
    pub fn all_calls(&self) -> usize {
        Op::ALL.into_iter().map(|op| self.calls(op)).sum()
    }

    /// The backend inside, which has no faults.
    #[must_use]
    pub fn inner(&self) -> &B {
        &self.0.backend
    }

    fn keep<'p>(&self, puts: impl Iterator<Item = &'p Put<'p>>) {
        puts.for_each(|put| self.0.memory.keep(put.key, put.cell));
    }

    /// One call of the operation, with whatever is planned for it.
    async fn call<T>(
        &self,
        op: Op,
        operation: impl Future<Output = Result<T, Error>>,
        lie: impl FnOnce(T, Lie) -> T,
    ) -> Result<T, Error> {
        match self.0.script.begin(op) {
            None => operation.await,
            Some(Fault::Delay(time)) => {
                wait(time).await;
                operation.await
            }
            Some(Fault::Error(kind)) => {
                let message = format!("`{op:?}` fails because a test wants it to");
                Err(Error::new(kind, message))
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::LoseReply) => {
                // Whatever it says does not arrive.
                let _ = operation.await;
                std::future::pending().await
            }
            Some(Fault::Lie(what)) => Ok(lie(operation.await?, what)),
        }
    }
}

/// Waits by the system's clock.
async fn wait(time: Duration) {
    let millis = Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX / 2);
    let clock = Clock::System;
    clock.sleep_until(clock.now().saturating_add(millis)).await;
}

/// For operations whose answers are no cells.
fn truthful<T>(answer: T, _: Lie) -> T {
    answer
}

impl<B: Backend> Backend for Faulty<B> {
    fn name(&self) -> &str {
        self.0.backend.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.backend.capabilities()
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let reading = self.0.backend.read(keys);
        let lie = |cells, lie| self.0.memory.distort_all(keys, cells, lie);
        self.call(Op::Read, reading, lie).await
    }

    /// A read as any other for [`Op::Read`]. Changes are told as the backend inside tells them.
    async fn read_watched(&self, keys: &[&str]) -> Result<Watched, Error> {
        let reading = self.0.backend.read_watched(keys);
        let lie = |watched: Watched, lie| Watched {
            cells: self.0.memory.distort_all(keys, watched.cells, lie),
            ..watched
        };
        self.call(Op::Read, reading, lie).await
    }

    fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.0.backend.watch(watcher);
    }

    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        self.0.memory.keep(key, cell);
        let acquiring = self.0.backend.acquire(key, cell, ttl);
        let lie = |acquired, lie| match acquired {
            Acquired::Found(cell) => match self.0.memory.distort(key, Some(cell), lie) {
                Some(cell) => Acquired::Found(cell),
                None => Acquired::Granted,
            },
            Acquired::Granted => Acquired::Granted,
        };
        self.call(Op::Acquire, acquiring, lie).await
    }

    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        self.0.memory.keep(key, cell);
        let filling = self.0.backend.fill(key, token, cell, ttl);
        self.call(Op::Fill, filling, truthful).await
    }

    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        let renewing = self.0.backend.renew(key, token, ttl);
        self.call(Op::Renew, renewing, truthful).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        let releasing = self.0.backend.release(key, token);
        self.call(Op::Release, releasing, truthful).await
    }

    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        self.0.memory.keep(key, cell);
        let writing = self.0.backend.write(key, cell, ttl);
        self.call(Op::Write, writing, truthful).await
    }

    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let removing = self.0.backend.invalidate(keys);
        self.call(Op::Invalidate, removing, truthful).await
    }

    async fn write_many(&self, puts: &[Put<'_>]) -> Result<(), Error> {
        self.keep(puts.iter());
        let writing = self.0.backend.write_many(puts);
        self.call(Op::Write, writing, truthful).await
    }

    async fn acquire_many(&self, puts: &[Put<'_>]) -> Result<Vec<Acquired>, Error> {
        self.keep(puts.iter());
        let acquiring = self.0.backend.acquire_many(puts);
        self.call(Op::Acquire, acquiring, truthful).await
    }

    async fn fill_many(
        &self,
        fills: &[(Token, Put<'_>)],
    ) -> Result<Vec<Result<bool, Error>>, Error> {
        self.keep(fills.iter().map(|(_, put)| put));
        let filling = self.0.backend.fill_many(fills);
        self.call(Op::Fill, filling, truthful).await
    }

    async fn scan(&self, prefix: &str, after: Option<&str>) -> Result<Page, Error> {
        let scanning = self.0.backend.scan(prefix, after);
        self.call(Op::Scan, scanning, truthful).await
    }

    async fn now(&self) -> Result<u64, Error> {
        self.call(Op::Now, self.0.backend.now(), truthful).await
    }

    async fn changed(&self, key: &str, seen: Token) {
        let told = async {
            self.0.backend.changed(key, seen).await;
            Ok(())
        };
        if self.call(Op::Changed, told, truthful).await.is_err() {
            std::future::pending().await
        }
    }

    fn incarnation(&self) -> Option<u64> {
        self.0.backend.incarnation()
    }

    async fn check(&self) -> Result<(), Error> {
        self.call(Op::Check, self.0.backend.check(), truthful).await
    }
}

impl<B> Clone for Faulty<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What is planned, and how often each operation was called.
impl<B> fmt::Debug for Faulty<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faulty").field(&self.0.script).finish()
    }
}
