//! Waiting for a key to change.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::server::Server;
use super::support::*;
use crate::backend::port::Backend;
use crate::backend::redis::Redis;
use crate::cell::Token;

/// Too long for a push to take, and short enough to wait for none.
const SILENCE: Duration = Duration::from_millis(300);

type Change<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A wait of a connected cache whose tracked read the server has answered: one operation later, replies being in order.
fn waiting<'a>(redis: &'a Redis, key: &'a str) -> Change<'a> {
    let mut change: Change<'a> = Box::pin(redis.changed(key, seen(redis, key)));
    assert!(poll_once(change.as_mut()).is_none(), "nothing has changed");
    wait(redis.check()).expect("the server answers");
    change
}

/// The token of what is under the key.
fn seen(redis: &Redis, key: &str) -> Token {
    let cell = read(redis, key).expect("something is there");
    cell.token().expect("it is a cell")
}

#[test]
fn whatever_another_does_to_the_key_ends_the_wait() {
    let server = Server::start();
    let (redis, other) = (redis(&server), redis(&server));
    let ((lease, leased), (token, value)) = (cell("l"), cell("v"));
    acquire(&other, "k", &leased);
    let change = waiting(&redis, "k");
    assert!(fill(&other, "k", lease, &value));
    wait(change);
    let change = waiting(&redis, "k");
    write(&other, "k", &leased);
    wait(change);
    let change = waiting(&redis, "k");
    assert_eq!(
        wait(other.invalidate(&["k"])).expect("the server answers"),
        1
    );
    wait(change);
    write(&other, "k", &value);
    let change = waiting(&redis, "k");
    assert!(wait(other.release("k", token)).expect("the server answers"));
    wait(change);
}

#[test]
fn expiry_and_flush_end_the_wait() {
    let server = Server::start();
    let redis = redis(&server);
    let short = Some(Duration::from_millis(50));
    wait(redis.write("k", &cell("l").1, short)).expect("the server takes it");
    wait(waiting(&redis, "k"));
    write(&redis, "k", &cell("l").1);
    let change = waiting(&redis, "k");
    server.say(&["FLUSHALL"]);
    wait(change);
}

#[test]
fn ones_own_writes_end_the_wait() {
    let server = Server::start();
    let redis = redis(&server);
    let (lease, leased) = cell("l");
    acquire(&redis, "k", &leased);
    let (first, second) = (waiting(&redis, "k"), waiting(&redis, "k"));
    assert!(fill(&redis, "k", lease, &cell("v").1));
    wait(first);
    wait(second);
}

#[test]
fn nothing_else_ends_it_but_absence() {
    let server = Server::start();
    let (redis, other) = (redis(&server), redis(&server));
    wait(redis.changed("absent", Token::random()));
    write(&redis, "k", &cell("l").1);
    let mut change = waiting(&redis, "k");
    write(&other, "another", &cell("v").1);
    read(&other, "k");
    assert!(within(SILENCE, change.as_mut()).is_none());
    assert_eq!(redis.common().waiters.len(), 1);
    drop(change);
    assert_eq!(
        redis.common().waiters.len(),
        0,
        "a dropped wait leaves nothing"
    );
}

#[test]
fn a_change_before_the_wait_ends_it() {
    let server = Server::start();
    let redis = redis(&server);
    let ((lease, leased), (token, value)) = (cell("l"), cell("v"));
    acquire(&redis, "k", &leased);
    assert!(fill(&redis, "k", lease, &value));
    wait(redis.changed("k", lease));
    assert!(within(SILENCE, redis.changed("k", token)).is_none());
}

#[test]
fn the_end_of_the_connection_ends_it() {
    let mut server = Server::start();
    let redis = redis(&server);
    write(&redis, "k", &cell("l").1);
    let change = waiting(&redis, "k");
    server.kill();
    wait(change);
    assert!(
        within(SILENCE, redis.changed("k", Token::random())).is_none(),
        "a dead server changes nothing"
    );
}

#[test]
fn no_change_is_missed() {
    let server = Server::start();
    let (redis, other) = (redis(&server), redis(&server));
    let (turns, writes) = mpsc::channel::<()>();
    let (token, value) = cell("v");
    write(&other, "k", &value);
    read(&redis, "k");
    thread::scope(|scope| {
        scope.spawn(move || {
            while writes.recv().is_ok() {
                write(&other, "k", &value);
            }
        });
        for _ in 0..500 {
            // Begun before the write is, so it has to end, wherever the write falls.
            let mut change = Box::pin(redis.changed("k", token));
            let _ = poll_once(change.as_mut());
            wait(redis.check()).expect("the server answers");
            turns.send(()).expect("the writer waits");
            wait(change);
        }
        drop(turns);
    });
    assert_eq!(redis.common().waiters.len(), 0);
}

#[test]
fn hits_are_not_tracked() {
    let server = Server::start();
    let redis = redis(&server);
    for number in 0..50 {
        let key = format!("k{number}");
        write(&redis, &key, &cell("v").1);
        read(&redis, &key);
    }
    let stats = server.say(&["INFO", "stats"]);
    assert!(stats.contains("tracking_total_keys:0"), "{stats}");
}
