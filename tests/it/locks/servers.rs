//! The same between processes, on real servers.

use crate::support::said;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cached_core::{Cache, ErrorKind};

use super::exclude;
use crate::databases::Directory;
use crate::redis::server::Server;
use crate::support::{fails, finishes, until};

const URL: &str = "CACHED_TEST_LOCK_URL";

fn open(url: &str) -> Cache {
    let builder = Cache::at(url).expect("a valid URL");
    let builder = builder.timeout(Duration::from_secs(3));
    builder.build().expect("valid")
}

/// Holds the lock until it is killed.
#[test]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let guard = open(&url).lock("x").ttl(2).blocking().acquire();
    let guard = guard.expect("it is free");
    println!("\n>> {}", guard.fencing());
    // Its parent kills it, or is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// A process that holds the lock, and its number.
fn holder(url: &str) -> (Child, u64) {
    let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
    command
        .args(["--exact", "locks::servers::child", "--nocapture"])
        .env(URL, url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = out.lines().map_while(Result::ok);
    let said = lines.find_map(|line| line.strip_prefix(">> ")?.parse().ok());
    (child, said.expect("it has the lock"))
}

/// The lock of a process that is killed ends with its lease, and not before.
fn a_killed_holder_is_succeeded(url: &str) {
    let here = open(url);
    let (mut child, number) = holder(url);
    println!("the holder's pid: {}", child.id());
    // Longer than its lease, which it renews.
    let lock = || here.lock("x").wait(Duration::from_millis(2_600)).blocking();
    fails(lock().acquire(), ErrorKind::Locked, "held by others");
    child.kill().expect("it lives");
    child.wait().expect("it was killed");
    let begun = Instant::now();
    let guard = lock().acquire().expect("its lease ends");
    println!("it was free {:?} after the kill", begun.elapsed());
    assert!(guard.fencing() > number);
}

#[test]
fn on_redis_a_killed_holder_is_succeeded() {
    let server = Server::start();
    said(format_args!("{}", server.described()));
    a_killed_holder_is_succeeded(&server.url());
}

#[test]
fn on_sqlite_a_killed_holder_is_succeeded() {
    let directory = Directory::new();
    let path = directory.path().display();
    a_killed_holder_is_succeeded(&format!("sqlite://{path}/c.db?create=true"));
}

#[test]
fn on_redis_threads_exclude_each_other() {
    finishes(|| {
        let server = Server::start();
        exclude([open(&server.url()), open(&server.url())], 6, 30);
    });
}

#[test]
fn on_sqlite_threads_exclude_each_other() {
    finishes(|| {
        let directory = Directory::new();
        let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
        exclude([open(&url), open(&url)], 4, 10);
    });
}

#[test]
fn a_server_that_restarts_without_its_data_gives_greater_numbers() {
    let mut server = Server::start();
    let cache = open(&server.url());
    let guard = cache.lock("x").ttl(3).blocking().acquire();
    let guard = guard.expect("it is free");
    said(format_args!("{}", server.described()));
    server.restart();
    said(format_args!("{}", server.described()));
    let next = || cache.lock("x").ttl(3).blocking().try_acquire();
    let mut taken = None;
    until("the server answers again", || {
        taken = next().ok().flatten();
        taken.is_some()
    });
    let number = taken.map(|next| next.fencing()).unwrap_or_default();
    assert!(number > guard.fencing());
    until("the former holder is told", || !guard.is_held());
}

#[test]
fn a_server_that_is_gone_grants_nothing_and_ends_what_is_held() {
    let mut server = Server::start();
    let cache = Cache::at(&server.url()).and_then(cached_core::Builder::build);
    let cache = cache.expect("valid");
    let lock = || cache.lock("x").ttl(2);
    let guard = lock().blocking().acquire().expect("it is free");
    said(format_args!("{}", server.described()));
    server.kill();
    assert!(lock().blocking().try_acquire().is_err());
    assert!(guard.renew().is_err());
    until("its lease ends", || !guard.is_held());
    assert!(guard.release().is_err(), "nobody knows");
}

#[test]
fn a_stopped_server_holds_nobody_up() {
    let server = Server::start();
    let cache = Cache::at(&server.url()).and_then(cached_core::Builder::build);
    let cache = cache.expect("valid");
    drop(cache.lock("x").blocking().acquire().expect("it is free"));
    said(format_args!("{}", server.described()));
    server.stop();
    let begun = Instant::now();
    let taken = cache.lock("y").blocking().try_acquire();
    let waited = begun.elapsed();
    server.go_on();
    fails(taken, ErrorKind::Timeout, "");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    until("what was asked for is given back", || {
        matches!(cache.lock("y").blocking().try_acquire(), Ok(Some(_)))
    });
}
