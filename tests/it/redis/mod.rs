//! The promises on real servers and with real processes. What a server does in one interleaving
//! is tested without one, in `remote`.

#[path = "../../../cached-core/src/backend/redis/tests/fleet.rs"]
pub(crate) mod fleet;
#[path = "../../../cached-core/src/backend/redis/tests/proxy.rs"]
pub(crate) mod proxy;
#[path = "../../../cached-core/src/backend/redis/tests/server.rs"]
pub(crate) mod server;

mod batches;
pub(crate) mod chaos;
mod client;
pub(crate) mod database;
mod failovers;
pub(crate) mod fences;
mod locks;
mod networks;
pub(crate) mod outages;
mod refusals;
mod styles;
mod tiers;
pub(crate) mod worker;

use std::time::Duration;

use cached_core::Cache;

pub(crate) use crate::support::until;

/// A cache whose limits a busy machine does not break.
fn patient(url: &str) -> Cache {
    let builder = Cache::at(url).expect("a valid URL");
    builder
        .timeout(Duration::from_secs(2))
        .build()
        .expect("valid")
}

/// A cache as users have it.
pub(crate) fn usual(url: &str) -> Cache {
    Cache::at(url).expect("a valid URL").build().expect("valid")
}
