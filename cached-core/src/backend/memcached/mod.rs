//! memcached: one or several servers, each spoken to over one connection in the meta protocol.
//!
//! ```text
//! ops      the port in commands ──▶ ring    which server has the key
//!                                     ▼
//! node     one server: connects when asked, pauses after a failure ──▶ connect   who are you
//! link     one live connection: questions out, replies in, its end ──▶ command, wire   bytes
//! held     CAS numbers of cells    clock    the server's time, and times to live
//! ```
//!
//! All I/O is driven on the background runtime; the port's futures are channels that any executor
//! can poll, and may be dropped at any point: what was sent runs to its end there, and its reply is
//! thrown away. Nothing here limits how long an operation takes, except that it ends with its
//! connection: the engine has its own deadline.
//!
//! memcached compares no contents, but every write gives an item a new CAS number. A conditional
//! operation reads, compares the tokens here, and writes if the number is still the same; what was
//! read before, or put there, need not be read again. The numbers begin again at 1 when a server
//! restarts, so both halves go over one connection, which no restart survives: a number that came
//! over another one is never sent.
//!
//! A key has one server for good: none is left out of the ring while it is away, because what it
//! holds when it comes back may have been invalidated elsewhere.
//!
//! The server has to be reached directly: behind a proxy (mcrouter, twemproxy) one connection here
//! is many there, and a restart would go unseen.

mod address;
mod clock;
mod command;
mod connect;
mod fault;
mod held;
mod link;
mod node;
mod ops;
mod ring;
mod wire;

#[cfg(all(test, feature = "servers"))]
mod tests;

pub(crate) use address::Address;

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use held::Held;
use node::Node;
use ring::Ring;

/// A shared cache in one or several memcached servers. Clones share the connections, which close
/// with the last.
#[derive(Clone)]
pub(crate) struct Memcached(Arc<Inner>);

struct Inner {
    ring: Ring,
    nodes: Vec<Node>,
    held: Held,
}

impl Memcached {
    /// The servers at this address. Connects to each at the first operation that needs it; the
    /// runtime needs I/O and time enabled, and has to live as long as this does.
    pub(crate) fn new(address: &Address, runtime: Handle) -> Self {
        let servers = address.servers();
        let nodes = servers.iter().map(|at| Node::new(at, &runtime));
        Self(Arc::new(Inner {
            ring: Ring::of(servers.iter().map(ToString::to_string)),
            nodes: nodes.collect(),
            held: Held::default(),
        }))
    }

    fn nodes(&self) -> &[Node] {
        &self.0.nodes
    }

    /// The server of this key.
    fn node(&self, key: &str) -> &Node {
        &self.0.nodes[self.0.ring.place(key)]
    }
}

/// Where the servers are, and which have a connection.
impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.nodes()).finish()
    }
}
