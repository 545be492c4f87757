//! The adapter against real servers, which the tests start themselves.

mod address;
mod changes;
mod faults;
mod life;
mod operations;
mod proxy;
mod reads;
mod server;
mod support;
#[cfg(feature = "redis-tls")]
mod tls;
