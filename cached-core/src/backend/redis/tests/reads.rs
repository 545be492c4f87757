//! Reads that are asked for at the same time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::runtime::{Builder, Runtime};

use super::server::Server;
use super::support::{cell, fault, redis_at, wait, write};
use crate::backend::port::Backend;
use crate::backend::redis::{Address, Redis};
use crate::cell::Cell;
use crate::error::{Error, ErrorKind};
use futures_util::future::join_all;

type Reading<'r> = Pin<Box<dyn Future<Output = Result<Vec<Option<Cell>>, Error>> + 'r>>;

/// A runtime that stands still until it is driven.
fn standing() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("the system has file descriptors")
}

/// A client on that runtime, connected.
fn connected(runtime: &Runtime, url: &str) -> Redis {
    let address = Address::parse(url).expect("the URL is well-formed");
    let redis = Redis::new(&address, runtime.handle().clone());
    let read = runtime.block_on(redis.read(&["a"]));
    read.expect("the server answers");
    redis
}

/// A read that is asked for, and waits for its answer.
fn asked<'r>(redis: &'r Redis, keys: &'r [&'r str]) -> Reading<'r> {
    let mut reading: Reading<'r> = Box::pin(redis.read(keys));
    let mut context = Context::from_waker(Waker::noop());
    assert!(reading.as_mut().poll(&mut context).is_pending());
    reading
}

/// How many keys the server has looked up.
fn lookups(server: &Server) -> u64 {
    let info = server.say(&["INFO", "stats"]);
    let counts = info.lines().filter_map(|line| {
        let line = line.trim_end().strip_prefix("keyspace_")?;
        let count = line
            .strip_prefix("hits:")
            .or(line.strip_prefix("misses:"))?;
        count.parse::<u64>().ok()
    });
    counts.sum()
}

#[test]
fn reads_at_once_are_one_command_that_names_each_key_once() {
    let (server, runtime) = (Server::start(), standing());
    let redis = connected(&runtime, &server.url());
    let ((_, a), (_, b)) = (cell("a"), cell("b"));
    let other = redis_at(&server.url());
    write(&other, "a", &a);
    write(&other, "b", &b);
    let (a, b) = (Some(a), Some(b));

    let (commands, keys) = (server.calls("mget"), lookups(&server));
    let lone = asked(&redis, &["alone"]);
    let reads = [
        asked(&redis, &["a", "b"]),
        asked(&redis, &["b", "c", "b"]),
        asked(&redis, &["a"]),
    ];
    drop(asked(&redis, &["d"]));
    let answers = runtime.block_on(join_all(reads.into_iter().chain([lone])));
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>();
    let expected = [
        vec![a.clone(), b.clone()],
        vec![b.clone(), None, b],
        vec![a.clone()],
        vec![None],
    ];
    assert_eq!(answers.expect("the server answers"), expected);
    assert_eq!(server.calls("mget"), commands + 1);
    assert_eq!(
        lookups(&server),
        keys + 4,
        "a, b and c, and one alone; nobody asks for d any more"
    );
    let later = runtime.block_on(redis.read(&["a"]));
    assert_eq!(later.expect("the server answers"), [a]);
}

#[test]
fn a_crowd_of_reads_goes_in_several_commands() {
    let (server, runtime) = (Server::start(), standing());
    let redis = connected(&runtime, &server.url());
    let keys: Vec<String> = (0..300).map(|number| format!("k{number}")).collect();
    let cells: Vec<Cell> = keys.iter().map(|key| cell(key).1).collect();
    let other = redis_at(&server.url());
    for (key, cell) in keys.iter().zip(&cells) {
        write(&other, key, cell);
    }
    let before = server.calls("mget");
    let keys: Vec<[&str; 1]> = keys.iter().map(|key| [key.as_str()]).collect();
    let lone = asked(&redis, &["alone"]);
    let reads = keys.iter().map(|key| asked(&redis, key));
    let reads = reads.collect::<Vec<_>>();
    drop(lone);
    let answers = runtime.block_on(join_all(reads));
    for (answer, cell) in answers.into_iter().zip(cells) {
        assert_eq!(answer.expect("the server answers"), [Some(cell)]);
    }
    assert_eq!(server.calls("mget"), before + 2);
}

#[test]
fn a_key_that_is_forbidden_spoils_only_its_own_read() {
    let (server, runtime) = (Server::start(), standing());
    server.say(&[
        "ACL", "SETUSER", "app", "on", "nopass", "+@all", "~a*", "~b*",
    ]);
    let url = format!("redis://app:any@127.0.0.1:{}", server.port());
    let redis = connected(&runtime, &url);
    let (_, value) = cell("b");
    write(&redis_at(&server.url()), "b", &value);
    let keys = [["a"], ["secret"], ["b"]];
    let lone = asked(&redis, &["a"]);
    let reads = keys.each_ref().map(|keys| asked(&redis, keys));
    let mut answers = runtime.block_on(join_all(reads)).into_iter();
    drop(lone);
    let mut next = || answers.next().expect("three reads, three answers");
    assert_eq!(next().expect("allowed"), [None]);
    assert_eq!(next().expect_err("forbidden").kind(), ErrorKind::Denied);
    assert_eq!(next().expect("allowed"), [Some(value)]);
}

#[test]
fn reads_end_with_their_runtime() {
    let (server, runtime) = (Server::start(), standing());
    let redis = connected(&runtime, &server.url());
    let keys = [["a"], ["b"], ["c"]];
    let reads = keys.each_ref().map(|keys| asked(&redis, keys));
    drop(runtime);
    for read in reads {
        let answer = wait(read);
        let error = answer.expect_err("nobody is left to ask");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    let error = fault(&redis);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[test]
fn large_answers_come_one_by_one() {
    let (server, runtime) = (Server::start(), standing());
    let redis = connected(&runtime, &server.url());
    let (_, large) = cell(&"x".repeat(1 << 20));
    write(&redis_at(&server.url()), "large", &large);
    let large = [Some(large)];
    let read = runtime.block_on(redis.read(&["large"]));
    assert_eq!(read.expect("the server answers"), large);
    let before = server.calls("mget");
    let reads = [["large"]; 8];
    let reads = reads.each_ref().map(|keys| asked(&redis, keys));
    for answer in runtime.block_on(join_all(reads)) {
        assert_eq!(answer.expect("the server answers"), large);
    }
    assert_eq!(server.calls("mget"), before, "eight times GET");
}
