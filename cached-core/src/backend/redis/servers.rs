//! Which server an operation goes to.

use std::sync::Arc;

use super::cluster::Cluster;
use super::fault::Fault;
use super::link::Link;
use super::node::Node;
use super::route::Route;

/// The servers of one cache.
pub(super) enum Servers {
    /// One has all keys. Which one it is may change.
    One(Node),
    /// Each key has its own.
    Cluster(Arc<Cluster>),
}

/// Keys of one server, asked for at once.
pub(super) struct Group<'k> {
    pub(super) link: Arc<Link>,
    pub(super) keys: Vec<&'k str>,
}

/// The places of a group's keys among all.
pub(super) type Places = Vec<usize>;

impl Servers {
    /// Where the key is, as far as is known.
    pub(super) async fn route(&self, key: &str) -> Result<Route, Fault> {
        match self {
            Self::One(node) => Ok(Route::to(node.link().await?)),
            Self::Cluster(cluster) => cluster.route(key).await,
        }
    }

    /// Where the refusal says that the key is; the refusal itself if it does not.
    pub(super) async fn elsewhere(&self, from: &Route, refusal: Fault) -> Result<Route, Fault> {
        match self {
            Self::One(_) => Err(refusal),
            Self::Cluster(cluster) => cluster.elsewhere(from, refusal).await,
        }
    }

    /// The one whose clock is everybody's.
    pub(super) async fn first(&self) -> Result<Arc<Link>, Fault> {
        match self {
            Self::One(node) => node.link().await,
            Self::Cluster(cluster) => cluster.first().await,
        }
    }

    /// All of them.
    pub(super) async fn each(&self) -> Result<Vec<Arc<Link>>, Fault> {
        match self {
            Self::One(node) => Ok(vec![node.link().await?]),
            Self::Cluster(cluster) => cluster.each().await,
        }
    }

    /// Whether one of them is connected right now.
    pub(super) fn connected(&self) -> bool {
        match self {
            Self::One(node) => node.live().is_some(),
            Self::Cluster(cluster) => cluster.connected(),
        }
    }

    /// Where they are, without credentials.
    pub(super) fn at(&self) -> &str {
        match self {
            Self::One(node) => node.at(),
            Self::Cluster(cluster) => cluster.at(),
        }
    }
}
