//! The promises on real memcached servers and with real processes.

#[path = "../../../cached-core/src/backend/memcached/tests/server.rs"]
pub(crate) mod server;

mod outages;
mod processes;
mod refusals;
