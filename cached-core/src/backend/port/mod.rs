//! The port: what a shared backend has to do, so that every backend keeps the same promises.
//!
//! One cell per key. A cell is bytes with a [`Token`] in them ([`Cell::token`]); the operations
//! compare tokens and replace cells, and each is one step: between its look and its write nobody
//! else writes that key.
//!
//! ```text
//!         acquire(lease) [absent]             fill(token, value) iff cell.token == token
//! ABSENT ─────────────────────▶ LEASED(token) ─────────────────────▶ VALUE(token')
//!   ▲ ▲── release(token), expiry ───┘   │                                │
//!   └──────────────── invalidate (unconditional) ◀──────────────────────┘
//! ```
//!
//! Time limits, retries, a breaker and the memory of undelivered invalidations are the engine's:
//! an adapter says what happened, and nothing more.

mod batch;
mod erased;
mod watch;

use std::future::Future;
use std::sync::Weak;
use std::time::Duration;

pub use batch::{Page, Put};
pub(crate) use erased::AnyBackend;
pub(crate) use watch::Watchers;
pub use watch::{Watched, Watcher};

use crate::cell::{Cell, Token};
use crate::error::{Error, ErrorKind};

/// What came of [`Backend::acquire`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquired {
    /// The key was absent; the cell is there now.
    Granted,
    /// This was there, and still is.
    Found(Cell),
}

/// What a backend can do beyond the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`Backend::changed`] is told of changes that other processes make, so waiters need not poll.
    pub pushes: bool,
    /// The shortest time to live that the backend can express; a shorter one is rounded up.
    pub shortest_ttl: Duration,
    /// [`Backend::scan`] lists names.
    pub scans: bool,
    /// [`Backend::acquire`] costs much more than [`Backend::read`], as where it is a transaction:
    /// it is asked for only after a read found nothing.
    pub dear_writes: bool,
    /// [`Backend::read_watched`] tells of changes, as a rule; a server may turn out to be unable to.
    pub watches: bool,
}

/// A shared store of cells.
///
/// Keys are printable ASCII without spaces, at most 250 bytes. Every operation may be dropped at
/// any await; what it had sent may still be carried out then, or not, and after what is sent later.
/// An error means that the outcome is unknown. Futures are polled on any executor and on plain threads: I/O that needs a
/// runtime is driven on one of the backend's own.
///
/// Write the methods as `async fn`; the signatures here only add that the futures are `Send`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no backend of a cache",
    label = "not a `Backend`",
    note = "for a URL write `Cache::at(url)?`, or `Cache::connect(url).await?` if it says all",
    note = "beside a pool of sqlx write `Cache::on(cached_core::backend::beside_pool(&pool)?)`",
    note = "a type of your own implements `cached_core::backend::Backend`"
)]
pub trait Backend: Send + Sync + 'static {
    /// Its name in errors, logs and metrics, such as `redis`.
    fn name(&self) -> &str;

    /// Where it is, for errors: hosts and ports, or a path. Without credentials.
    fn place(&self) -> Option<String> {
        None
    }

    /// What it can do beyond the port.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// The cells under the keys, in their order, in one round trip. `None`: absent or expired.
    fn read(&self, keys: &[&str]) -> impl Future<Output = Result<Vec<Option<Cell>>, Error>> + Send;

    /// [`read`](Self::read), after which every change of these keys is told to the
    /// [watchers](Self::watch), by whomever it is made, at least once per read and before or soon
    /// after it is acknowledged to whoever makes it; so that what was read can be kept in memory.
    ///
    /// A backend that overrides it says so by [`Capabilities::watches`].
    fn read_watched(&self, keys: &[&str]) -> impl Future<Output = Result<Watched, Error>> + Send {
        async {
            let cells = self.read(keys).await?;
            Ok(Watched { cells, told: false })
        }
    }

    /// One more watcher, for as long as it lives.
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        let _ = watcher;
    }

    /// Puts a cell where there is none, to live for `ttl`.
    fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<Acquired, Error>> + Send;

    /// Replaces the cell that has this token, to live for `ttl` (`None`: until it is replaced).
    /// False, and nothing is changed, if the cell has another token or is absent.
    fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Lets the cell that has this token live for `ttl` from now. False if it is not there.
    fn renew(
        &self,
        key: &str,
        token: Token,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Removes the cell that has this token. False if it is not there.
    fn release(&self, key: &str, token: Token) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Replaces whatever is there.
    fn write(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes whatever is under the keys, in one round trip; how many of them were there.
    fn invalidate(&self, keys: &[&str]) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Several [`write`](Self::write)s, in one round trip where the backend can; in any order, and
    /// an error says that any of them may have happened.
    ///
    /// Without an override they go side by side, which is one round trip where a connection takes
    /// questions before it has answered the earlier ones.
    fn write_many(&self, puts: &[Put<'_>]) -> impl Future<Output = Result<(), Error>> + Send {
        batch::each(
            puts.iter()
                .map(|put| self.write(put.key, put.cell, put.ttl)),
        )
    }

    /// Several [`acquire`](Self::acquire)s, their outcomes in order; as
    /// [`write_many`](Self::write_many) otherwise.
    fn acquire_many(
        &self,
        puts: &[Put<'_>],
    ) -> impl Future<Output = Result<Vec<Acquired>, Error>> + Send {
        batch::each(
            puts.iter()
                .map(|put| self.acquire(put.key, put.cell, put.ttl)),
        )
    }

    /// Several [`fill`](Self::fill)s, their outcomes in order, in one round trip where the backend
    /// can. Each has an outcome of its own, so that a cell which is refused, as one that is too
    /// large, takes nothing from the others; an error of the whole says that nothing is known of
    /// any.
    ///
    /// Without an override they go side by side.
    fn fill_many(
        &self,
        fills: &[(Token, Put<'_>)],
    ) -> impl Future<Output = Result<Vec<Result<bool, Error>>, Error>> + Send {
        batch::each_by_itself(
            fills
                .iter()
                .map(|(token, put)| self.fill(put.key, *token, put.cell, put.ttl)),
        )
    }

    /// The names that begin with `prefix`, a page at a time: the first page follows `None`, each
    /// further one the [`next`](Page::next) of the page before. A name that is there all the time
    /// is listed, perhaps twice; one that comes or goes meanwhile may be.
    ///
    /// For tools: the work grows with everything that the backend holds. A backend that overrides
    /// it says so by [`Capabilities::scans`].
    fn scan(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page, Error>> + Send {
        let _ = (prefix, after);
        let message = format!(
            "{} cannot list what it holds; give entries a tag to drop many at once, or `clear` the cache",
            self.name()
        );
        std::future::ready(Err(Error::new(ErrorKind::Unsupported, message)))
    }

    /// The backend's clock: milliseconds since the Unix epoch. All processes that share the
    /// backend judge ages by it. May answer from a recent sample carried forward.
    fn now(&self) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Ends when the cell that was `seen` may no longer be under the key, at once if it is not. A
    /// backend without pushes never ends it: callers poll as well.
    fn changed(&self, key: &str, seen: Token) -> impl Future<Output = ()> + Send {
        let _ = (key, seen);
        std::future::pending()
    }

    /// For a backend that may go back to an earlier state without telling, such as a server that
    /// restarts from a snapshot: a number from 1 on that grows whenever it may have, before the
    /// first answer from the new state. The cache computes everything anew then. `None` for one
    /// that forgets at most.
    fn incarnation(&self) -> Option<u64> {
        None
    }

    /// Connects if it is not connected, and says what stands in the way.
    fn check(&self) -> impl Future<Output = Result<(), Error>> + Send {
        async { self.now().await.map(|_| ()) }
    }
}
