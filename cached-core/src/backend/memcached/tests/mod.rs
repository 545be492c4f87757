//! The adapter against real servers, which the tests start themselves.

mod faults;
mod operations;
#[path = "../../redis/tests/proxy.rs"]
mod proxy;
mod server;
mod support;
