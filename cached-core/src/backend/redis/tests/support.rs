//! What the adapter's tests share.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::LazyLock;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};

use super::server::Server;
pub(super) use super::server::until;
use crate::backend::port::{Acquired, Backend};
use crate::backend::redis::{Address, Redis};
use crate::cell::{Cell, Token};

/// Long enough for whatever the tests wait for, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const TTL: Option<Duration> = Some(Duration::from_secs(60));

/// The background runtime, as a cache has one on a thread of its own: the tests run on none.
pub(super) fn runtime() -> Handle {
    static RUNTIME: LazyLock<Handle> = LazyLock::new(|| {
        let built = Builder::new_current_thread().enable_all().build();
        let runtime = built.expect("the system has file descriptors");
        let handle = runtime.handle().clone();
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    });
    RUNTIME.clone()
}

pub(super) fn redis(server: &Server) -> Redis {
    redis_at(&server.url())
}

pub(super) fn redis_at(url: &str) -> Redis {
    let address = Address::parse(url).expect("the URL is well-formed");
    Redis::new(&address, runtime())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread, which belongs to no runtime, until the future ends.
#[track_caller]
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    within(PATIENCE, future).expect("the future ends in time")
}

/// Polls on this thread for so long.
pub(super) fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let end = Instant::now() + time;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let left = end.checked_duration_since(Instant::now())?;
        thread::park_timeout(left);
    }
}

/// Polls the future once.
pub(super) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
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
pub(super) fn read(redis: &Redis, key: &str) -> Option<Cell> {
    let mut cells = wait(redis.read(&[key])).expect("the server answers");
    cells.pop().expect("one key, one answer")
}

#[track_caller]
pub(super) fn acquire(redis: &Redis, key: &str, cell: &Cell) -> Acquired {
    wait(redis.acquire(key, cell, TTL)).expect("the server answers")
}

#[track_caller]
pub(super) fn fill(redis: &Redis, key: &str, token: Token, cell: &Cell) -> bool {
    wait(redis.fill(key, token, cell, TTL)).expect("the server answers")
}

#[track_caller]
pub(super) fn write(redis: &Redis, key: &str, cell: &Cell) {
    wait(redis.write(key, cell, TTL)).expect("the server answers");
}

/// What an operation says once the server cannot be used.
#[track_caller]
pub(super) fn fault(redis: &Redis) -> crate::error::Error {
    wait(redis.read(&["a"])).expect_err("the server cannot be used")
}
