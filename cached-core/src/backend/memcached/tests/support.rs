//! What the adapter's tests share.

use std::future::Future;
use std::time::Duration;

use super::server::Server;
pub(super) use super::server::until;
use crate::backend::memcached::{Address, Memcached};
use crate::backend::port::Backend;
use crate::backend::runtime;
use crate::cell::{Cell, Token};

/// Long enough for whatever the tests wait for, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const TTL: Option<Duration> = Some(Duration::from_secs(60));

pub(super) fn memcached(server: &Server) -> Memcached {
    memcached_at(&server.url())
}

pub(super) fn memcached_at(url: &str) -> Memcached {
    let address = Address::parse(url).expect("the URL is well-formed");
    let runtime = runtime::handle().expect("the system has threads");
    Memcached::new(&address, runtime)
}

/// Polls on this thread, which belongs to no runtime that does I/O, until the future ends.
#[track_caller]
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("the system has file descriptors");
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await });
    ended.expect("the future ends in time")
}

/// A cell with this text in it, and its token.
pub(super) fn cell(text: &str) -> (Token, Cell) {
    let token = Token::random();
    let mut bytes = Cell::begin(b'v', token, text.len());
    bytes.extend_from_slice(text.as_bytes());
    (token, Cell::from_bytes(bytes))
}

/// What is under the key.
#[track_caller]
pub(super) fn read(memcached: &Memcached, key: &str) -> Option<Cell> {
    let mut cells = wait(memcached.read(&[key])).expect("the server answers");
    cells.pop().expect("one key, one answer")
}

#[track_caller]
pub(super) fn write(memcached: &Memcached, key: &str, cell: &Cell) {
    wait(memcached.write(key, cell, TTL)).expect("the server answers");
}
