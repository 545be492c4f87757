//! The user's own commands, on a connection of their own.
//!
//! Not the cache's connection: a `SELECT`, a `SUBSCRIBE` or a blocking `BLPOP` on it would change
//! what the cache reads, or hold it up until it is taken for dead.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::fault::Fault;
use super::keeper::Shared;
use super::lost::Lost;
use super::node::Node;
use super::pushes::Pushes;
use crate::error::ErrorKind;

/// One connection, made when it is first asked for and again when it was lost.
#[derive(Debug, Default)]
pub(super) struct Raw(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    connection: MultiplexedConnection,
    lost: Arc<Lost>,
}

impl Raw {
    /// A clone of the connection that is there, or of a new one, driven by the runtime.
    pub(super) async fn get(
        &self,
        node: &Node,
        runtime: &Handle,
    ) -> Result<MultiplexedConnection, Fault> {
        // Held while connecting: whoever comes meanwhile takes the same one.
        let mut slot = self.0.lock().await;
        if let Some(open) = slot.as_ref().filter(|open| !open.lost.is_declared()) {
            return Ok(open.connection.clone());
        }
        let open = open(Arc::clone(node.shared()), runtime).await?;
        Ok(slot.insert(open).connection.clone())
    }
}

async fn open(shared: Arc<Shared>, runtime: &Handle) -> Result<Open, Fault> {
    let at = shared.whom.at().to_owned();
    let lost = Arc::new(Lost::default());
    let pushes = Pushes::unheard(Arc::clone(&lost));
    let opening = runtime.spawn(async move { shared.whom.target().await?.open(pushes).await });
    match opening.await {
        Ok(opened) => opened.map(|connection| Open { connection, lost }),
        Err(_) => {
            let what = "the background runtime of the cache has ended";
            Err(Fault::new(ErrorKind::Unavailable, &at, what))
        }
    }
}
