//! The adapter against real servers, which the tests start themselves.

mod address;
mod changes;
mod cluster;
mod faults;
mod fleet;
mod lagging;
mod life;
mod operations;
mod oracle;
use crate::backend::proxy;
mod reads;
mod sentinel;
mod server;
mod support;
#[cfg(feature = "redis-tls")]
mod tls;
