//! The adapter against real servers, which the tests start themselves.

mod faults;
mod operations;
mod server;
mod support;
