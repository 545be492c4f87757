//! Redis and Valkey: one standalone or sentinel-managed server, spoken to over one connection.
//!
//! ```text
//! ops      the port in commands ──▶ link    one live connection, its server, clock and end
//!                                     ▲
//! reads    many reads, one command ───┤
//! keeper   connect, watch, reconnect ─┘──▶ connect   two round trips: who are you, what time is it
//! pushes   who waits for which key        server    what it said    script   compare, then write
//! held     leases as they were written
//! ```
//!
//! All I/O is driven on the background runtime; the port's futures are channels and locks that any
//! executor can poll, and may be dropped at any point. Nothing here limits how long an operation
//! takes, except that it ends with its connection: the engine has its own deadline.
//!
//! Every key ends in `@` and eight digits of the server's `run_id`, learned before a connection's
//! first command, so that a server restarted from a snapshot brings nothing back.
//!
//! The user needs `+hello +select +info +time +ping +get +mget +set +unlink +pexpire +getrange
//! +evalsha +script|load +client|tracking +client|caching` and its keys (`~prefix*`). Without
//! `info` keys are not scoped, without `time` the clock comes from `INFO`, without `client` there
//! are no pushes; the rest cannot be done without.
//!
//! Not for clusters (keys are spread over servers, each with a run of its own) and not for
//! replicas (an invalidation may not have reached them): both are refused when connecting.

mod address;
mod clock;
mod connect;
mod fault;
mod held;
mod keeper;
mod link;
mod lost;
mod ops;
mod parts;
mod pushes;
mod raw;
mod reads;
mod script;
mod server;
#[cfg(feature = "redis-tls")]
mod tls;

#[cfg(all(test, feature = "servers"))]
mod tests;

pub(crate) use address::Address;

use std::fmt;
use std::sync::{Arc, OnceLock};

use redis::Client;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error::Error;
use connect::Target;
use fault::Fault;
use keeper::{Shared, keep};
use link::Link;
use raw::Raw;
use server::Dialect;

/// A shared cache in one Redis or Valkey. Clones share the connection, which closes with the last.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    runtime: Handle,
    keeper: OnceLock<AbortHandle>,
    raw: Raw,
}

impl Redis {
    /// The server at this address. Connects at the first operation; the runtime needs I/O and time
    /// enabled, and has to live as long as this does.
    pub(crate) fn new(address: &Address, runtime: Handle) -> Self {
        Self::build(address.client(), runtime, None)
    }

    /// The server of a client that was made elsewhere, as with certificates of one's own. RESP3 is
    /// spoken whatever the client says.
    pub(crate) fn from_client(client: Client, runtime: Handle) -> Self {
        Self::build(&client, runtime, None)
    }

    fn build(client: &Client, runtime: Handle, forced: Option<Dialect>) -> Self {
        Self(Arc::new(Inner {
            shared: Arc::new(Shared::new(Target::new(client), forced)),
            runtime,
            keeper: OnceLock::new(),
            raw: Raw::default(),
        }))
    }

    /// Whether there is a connection right now.
    pub(crate) fn connected(&self) -> bool {
        self.shared().live().is_some()
    }

    /// How many connections were made so far. It grows before the first operation over a new
    /// connection ends, so an unchanged number after an operation says that its answer came over
    /// the connection known before.
    pub(crate) fn generation(&self) -> u64 {
        self.shared().generation()
    }

    /// False if the server of the last connection does not tell its run (`INFO` denied, a proxy):
    /// a restart may then bring old cells back, so a new [`generation`](Self::generation) calls
    /// for a new namespace.
    pub(crate) fn scoped(&self) -> bool {
        self.shared().scoped()
    }

    /// A connection for commands of one's own: not the cache's, shared by all callers of this,
    /// replaced when it was lost (ask again then). It has no time limits, and sees the cache's keys
    /// under their scoped names.
    pub(crate) async fn raw(&self) -> Result<MultiplexedConnection, Error> {
        let inner = &*self.0;
        let opened = inner.raw.get(&inner.shared.target, &inner.runtime).await;
        Ok(opened?)
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// The connection, once it is there.
    async fn connect(&self) -> Result<Arc<Link>, Fault> {
        let inner = &*self.0;
        inner.keeper.get_or_init(|| {
            let kept = inner.runtime.spawn(keep(Arc::clone(&inner.shared)));
            kept.abort_handle()
        });
        inner.shared.wait().await
    }
}

/// Where the server is and whether there is a connection.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("at", self.shared().target.at())
            .field("connected", &self.connected())
            .field("generation", &self.generation())
            .finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
    }
}
