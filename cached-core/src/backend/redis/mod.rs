//! Redis and Valkey: a lone server, the primary that sentinels name, or a cluster.
//!
//! ```text
//! ops       the port: to which server ──▶ route, servers     commands   one operation, one server
//!                                             │
//!             ┌── one ────────────────────────┴──────────── many ──┐
//! whom      a server, or who sentinels name          cluster   slots, and who has them; atlas asks
//! sentinel, said, known   what sentinels say, and said before
//!             └──────────────────▶ node ◀──────────────────────────┘
//! keeper    connect, watch, reconnect ──▶ connect   two round trips: who are you, what time is it
//! link      one live connection, its server, clock and end
//! reads     many reads, one command       scope     what sets one reign of a server apart
//! pushes    who waits for which key       server    what it said    script   compare, then write
//! held      leases as they were written
//! ```
//!
//! All I/O is driven on the background runtime; the port's futures are channels and locks that any
//! executor can poll, and may be dropped at any point. Nothing here limits how long an operation
//! takes, except that it ends with its connection: the engine has its own deadline.
//!
//! Every cell is told apart by the server that took it, known before a connection's first command,
//! so that a server restarted from a snapshot, or one that takes another's place, brings nothing
//! back: see [`scope`].
//!
//! The user needs `+hello +select +info +time +ping +get +mget +set +unlink +pexpire +getrange
//! +evalsha +script|load +client|tracking +client|caching` and its keys (`~prefix*`), in a cluster
//! also `+asking +cluster|slots +cluster|info`. Without `info` keys are not scoped, without `time`
//! the clock comes from `INFO`, without one of the two of `client` there are no pushes; the rest cannot
//! be done without. The user of sentinels needs `+hello +subscribe +sentinel`.
//!
//! Not for replicas (an invalidation may not have reached them), which are refused when connecting.

mod address;
mod atlas;
mod clock;
mod cluster;
mod commands;
mod connect;
mod fault;
mod held;
mod keeper;
mod known;
mod link;
mod lost;
mod node;
mod ops;
mod parts;
mod pushes;
mod raw;
mod reads;
mod route;
mod said;
mod scan;
mod scope;
mod script;
mod sentinel;
mod server;
mod servers;
mod slots;
#[cfg(feature = "redis-tls")]
mod tls;
mod wait;
mod whom;

#[cfg(all(test, feature = "servers"))]
mod tests;

pub(crate) use address::Address;
pub(crate) use parts::OPTIONS;

use std::fmt;
use std::sync::Arc;

use redis::Client;
use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;

use crate::error::{Error, ErrorKind};
use cluster::Cluster;
use connect::Target;
use fault::Fault;
use node::{Common, Node};
use raw::Raw;
use sentinel::Sentinels;
use server::{Company, Dialect};
use servers::Servers;
use whom::Whom;

/// A shared cache in one Redis or Valkey, or in a cluster. Clones share the connections, which close
/// with the last.
#[derive(Clone)]
pub(crate) struct Redis(Arc<Inner>);

struct Inner {
    servers: Servers,
    common: Arc<Common>,
    runtime: Handle,
    raw: Raw,
}

impl Redis {
    /// The servers at this address. Connects at the first operation; the runtime needs I/O and time
    /// enabled, and has to live as long as this does.
    pub(crate) fn new(address: &Address, runtime: Handle) -> Self {
        Self::build(address, runtime, None)
    }

    /// The server of a client that was made elsewhere, as with certificates of one's own. RESP3 is
    /// spoken whatever the client says.
    pub(crate) fn from_client(client: &Client, runtime: Handle) -> Self {
        let common = Arc::new(Common::new(None));
        let whom = Whom::Server(Target::new(client), Company::Alone);
        Self::on(
            Servers::One(Node::new(whom, Arc::clone(&common), runtime.clone())),
            common,
            runtime,
        )
    }

    fn build(address: &Address, runtime: Handle, forced: Option<Dialect>) -> Self {
        let common = Arc::new(Common::new(forced));
        let mut targets: Vec<Target> = address.clients().iter().map(Target::new).collect();
        let whom = match (address.company(), address.watched()) {
            (Company::Cluster, _) => {
                let cluster = Cluster::new(targets, Arc::clone(&common), runtime.clone());
                return Self::on(Servers::Cluster(Arc::new(cluster)), common, runtime);
            }
            (_, Some(watched)) => {
                let model = Target::new(&watched.model);
                Whom::Primary(Sentinels::new(targets, watched.name.clone(), model))
            }
            (_, None) => Whom::Server(targets.swap_remove(0), Company::Alone),
        };
        let node = Node::new(whom, Arc::clone(&common), runtime.clone());
        Self::on(Servers::One(node), common, runtime)
    }

    fn on(servers: Servers, common: Arc<Common>, runtime: Handle) -> Self {
        Self(Arc::new(Inner {
            servers,
            common,
            runtime,
            raw: Raw::default(),
        }))
    }

    /// Whether there is a connection right now.
    pub(crate) fn connected(&self) -> bool {
        self.servers().connected()
    }

    /// How many connections were made so far. It grows before the first operation over a new
    /// connection ends, so an unchanged number after an operation says that its answer came over
    /// the connection known before.
    pub(crate) fn generation(&self) -> u64 {
        self.common().generation()
    }

    /// False if the server of the last connection does not tell its run (`INFO` denied, a proxy):
    /// a restart may then bring old cells back, so a new [`generation`](Self::generation) calls
    /// for a new namespace.
    pub(crate) fn scoped(&self) -> bool {
        self.common().scoped()
    }

    /// A connection for commands of one's own: not the cache's, shared by all callers of this,
    /// replaced when it was lost (ask again then). It has no time limits, and sees the cache's keys
    /// under their scoped names.
    pub(crate) async fn raw(&self) -> Result<MultiplexedConnection, Error> {
        match self.servers() {
            Servers::One(node) => Ok(self.0.raw.get(node, &self.0.runtime).await?),
            Servers::Cluster(cluster) => {
                let what = "a cluster has no one connection; make a client of your own with the \
                            feature `cluster-async` of the crate `redis`";
                Err(Fault::new(ErrorKind::Config, cluster.at(), what).into())
            }
        }
    }

    fn servers(&self) -> &Servers {
        &self.0.servers
    }

    fn common(&self) -> &Common {
        &self.0.common
    }

    fn runtime(&self) -> &Handle {
        &self.0.runtime
    }
}

/// Where the servers are and whether there is a connection.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("at", &self.servers().at())
            .field("connected", &self.connected())
            .field("generation", &self.generation())
            .finish()
    }
}
