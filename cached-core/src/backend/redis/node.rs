//! One server of a cache, with its connection and whoever keeps that.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::fault::Fault;
use super::held::Held;
use super::keeper::{Shared, keep};
use super::link::Link;
use super::pushes::Waiters;
use super::server::Dialect;
use super::whom::Whom;
use crate::backend::port::Watchers;

/// A server, connected to at the first operation and until this is dropped.
pub(super) struct Node {
    shared: Arc<Shared>,
    runtime: Handle,
    keeper: OnceLock<AbortHandle>,
}

/// What all servers of one cache share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) waiters: Arc<Waiters>,
    pub(super) watchers: Arc<Watchers>,
    pub(super) held: Held,
    pub(super) forced: Option<Dialect>,
    generation: AtomicU64,
    pushes: AtomicBool,
    scoped: AtomicBool,
}

impl Node {
    /// Nothing happens before the first [`link`](Self::link).
    pub(super) fn new(whom: Whom, common: Arc<Common>, runtime: Handle) -> Self {
        Self {
            shared: Arc::new(Shared::new(whom, common)),
            runtime,
            keeper: OnceLock::new(),
        }
    }

    /// The connection, if it is there.
    pub(super) fn live(&self) -> Option<Arc<Link>> {
        self.shared.live()
    }

    /// The connection, once it is there.
    pub(super) async fn link(&self) -> Result<Arc<Link>, Fault> {
        if let Some(link) = self.shared.live() {
            return Ok(link);
        }
        self.keeper.get_or_init(|| {
            let kept = self.runtime.spawn(keep(Arc::clone(&self.shared)));
            kept.abort_handle()
        });
        self.shared.wait().await
    }

    /// What it shares with its keeper.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Who is spoken to.
    pub(super) fn whom(&self) -> &Whom {
        &self.shared.whom
    }

    /// Where the server is, without credentials.
    pub(super) fn at(&self) -> &str {
        self.shared.whom.at()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
        // Nobody watches over it any more: whoever still asks may wait in vain.
        if let Some(link) = self.shared.live() {
            link.lost().declare();
        }
    }
}

impl Common {
    pub(super) fn new(forced: Option<Dialect>) -> Self {
        Self {
            waiters: Arc::default(),
            watchers: Arc::default(),
            held: Held::default(),
            forced,
            generation: AtomicU64::new(0),
            pushes: AtomicBool::new(false),
            scoped: AtomicBool::new(true),
        }
    }

    /// Takes note of a new connection, before anybody is given it.
    pub(super) fn met(&self, link: &Link) {
        let server = link.server();
        self.pushes.store(server.pushes, Ordering::Release);
        self.scoped
            .store(server.scope.is_known(), Ordering::Release);
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Connections made so far.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Counts as a new connection: keys have gone to another server that is known already.
    pub(super) fn moved(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether the last server told of changed keys.
    pub(super) fn pushes(&self) -> bool {
        self.pushes.load(Ordering::Acquire)
    }

    /// False if the last server did not tell which run it is.
    pub(super) fn scoped(&self) -> bool {
        self.scoped.load(Ordering::Acquire)
    }
}
