//! The adapter on real databases: files, and servers that the tests start themselves.

mod address;
mod batch;
mod directory;
mod faults;
mod file;
mod mysql;
mod postgres;
mod schema;
mod server;
mod sqlite;
mod transactions;

use std::time::Duration;

use crate::backend::port::{Acquired, Backend};
use crate::cell::{Cell, Token};
use crate::engine::block_on;

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

/// A cell of this size, with a token of its own.
fn cell(token: Token, bytes: usize) -> Cell {
    let mut cell = Cell::begin(b'v', token, bytes);
    cell.resize(bytes.max(cell.len()), 7);
    Cell::from_bytes(cell)
}

/// A lease on the key, which has to be free.
fn lease(on: &impl Backend, key: &str) -> Token {
    let token = Token::random();
    let acquired = block_on(on.acquire(key, &cell(token, 100), MINUTE));
    assert_eq!(acquired.expect("it answers"), Acquired::Granted);
    token
}

/// Waits until the time of what is there is up.
fn goes(store: &impl Backend, key: &str) {
    server::until("its time is up", || {
        block_on(store.read(&[key])).expect("it answers")[0].is_none()
    });
}
