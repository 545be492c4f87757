//! Servers that answer but refuse, bytes that are none of ours, and what is said about it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

use cached_core::testing::with_cache;
use cached_core::{Cache, Delivery, Outcome, cached, install, stats};

use super::server::Server;
use super::{patient, usual};
use crate::support::Tally;

const URL: &str = "CACHED_TEST_REFUSED_URL";

static RUNS: Tally = Tally::new();

#[cached(key = "refused:<id>", ttl = 60)]
async fn refused_answer(id: u64) -> u64 {
    RUNS.add();
    id + 1
}

#[cached(key = "refused:damaged:<id>", ttl = 60)]
async fn damaged_on_redis(id: u64) -> String {
    format!("value {id}")
}

/// Installs the cache that a process of its own is told of; `None` in any other.
fn installed() -> Option<tokio::runtime::Runtime> {
    let url = std::env::var(URL).ok()?;
    let cache = Cache::at(&url).and_then(cached_core::Builder::build);
    install(cache.expect("a valid URL")).expect("the first");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    Some(runtime.expect("the system has file descriptors"))
}

/// In a process of its own: calls a function on a server that refuses it.
#[test]
fn child() {
    let Some(runtime) = installed() else { return };
    runtime.block_on(async {
        for id in 0..50 {
            assert_eq!(refused_answer(id).await, id + 1);
        }
        let told = refused_answer::entry(1).invalidate().await;
        assert_eq!(told, Delivery::Queued);
    });
    let row = stats()
        .function("refused_answer")
        .copied()
        .expect("it was called");
    assert!(row.faults() >= 50, "{}", row.faults());
    assert_eq!(RUNS.count(), 50);
}

/// In a process of its own: reads what it is not told the changes of.
#[test]
fn untold_child() {
    let Some(runtime) = installed() else { return };
    for _ in 0..5 {
        assert_eq!(runtime.block_on(refused_answer(1)), 2);
    }
    assert_eq!(RUNS.count(), 1);
}

/// The one line that a process on such a server says.
#[track_caller]
fn complaint(url: &str) -> String {
    complaint_of("child", url)
}

#[track_caller]
fn complaint_of(child: &str, url: &str) -> String {
    let mut command = Command::new(std::env::current_exe().expect("the path of this test binary"));
    command
        .args(["--exact", &format!("redis::refusals::{child}")])
        .arg("--nocapture")
        .env(URL, url);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    let (out, err) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{out}\n{err}");
    let lines: Vec<&str> = err
        .lines()
        .filter(|line| line.starts_with("cached: "))
        .collect();
    assert_eq!(lines.len(), 1, "one line: {err}");
    lines[0].to_owned()
}

#[test]
fn a_wrong_password_is_said_once() {
    let server = Server::with(&["--requirepass", "right"]);
    let said = complaint(&server.url().replace("redis://", "redis://:wrong@"));
    assert!(
        said.contains("password") && !said.contains("wrong@"),
        "{said}"
    );
}

#[test]
fn memory_that_nobody_tells_of_changes_is_said_once_to_hold_nothing() {
    let server = Server::start();
    let user = ["ACL", "SETUSER", "deaf", "on", ">pw", "~*", "+@all"];
    let rights = ["-client|caching"];
    assert_eq!(server.say(&[&user[..], &rights].concat()), "OK");
    let url = server.url().replace("redis://", "redis://deaf:pw@");
    let said = complaint_of("untold_child", &format!("{url}?l1=true"));
    assert!(
        said.contains("CLIENT CACHING") && said.contains("l1="),
        "{said}"
    );
}

#[test]
fn a_replica_is_refused_once_and_by_name() {
    let primary = Server::start();
    let port = primary.port().to_string();
    let replica = Server::with(&["--replicaof", &format!("127.0.0.1 {port}")]);
    let said = complaint(&replica.url());
    assert!(said.contains("primary"), "{said}");
}

#[test]
fn something_that_speaks_http_is_said_once() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let said = complaint(&format!("redis://127.0.0.1:{port}"));
    assert!(said.contains("redis at 127.0.0.1"), "{said}");
}

#[tokio::test]
async fn a_full_server_serves_hits_and_stores_nothing() {
    let server = Server::with(&["--maxmemory-policy", "noeviction"]);
    let cache = patient(&server.url());
    with_cache(&cache, async {
        assert_eq!(refused_answer::traced(1001).await, (1002, Outcome::Stored));
        // Less than it has in use.
        server.say(&["CONFIG", "SET", "maxmemory", "100kb"]);
        assert!(server.say(&["SET", "k", "v"]).starts_with("-OOM"));
        assert_eq!(
            refused_answer::traced(1001).await,
            (1002, Outcome::Hit),
            "still"
        );
        for _ in 0..10 {
            assert_eq!(
                refused_answer::traced(1002).await,
                (1003, Outcome::NotStored)
            );
        }
        let gone = refused_answer::entry(1001).invalidate().await;
        assert_eq!(gone, Delivery::Acknowledged, "what is there can go");
        assert_eq!(
            refused_answer::traced(1001).await,
            (1002, Outcome::NotStored)
        );
        server.say(&["CONFIG", "SET", "maxmemory", "0"]);
        assert_eq!(
            refused_answer::traced(1002).await,
            (1003, Outcome::Stored),
            "there is room again"
        );
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_none_of_ours_are_a_counted_miss_and_are_overwritten() {
    let server = Server::start();
    let cache = patient(&server.url());
    let unreadable = || {
        stats()
            .function("damaged_on_redis")
            .map_or(0, |row| row.unreadable())
    };
    with_cache(&cache, async {
        assert_eq!(damaged_on_redis::traced(1).await.1, Outcome::Stored);
        let keys = server.say(&["KEYS", "*"]);
        let key = keys.split(' ').find(|key| key.contains("damaged:1"));
        let key = key.expect("it is stored");
        for bytes in ["", "garbage", "\u{7f}ELF", &"x".repeat(4096)] {
            let before = unreadable();
            assert_eq!(server.say(&["SET", key, bytes]), "OK");
            let (value, outcome) = damaged_on_redis::traced(1).await;
            assert_eq!(
                (value.as_str(), outcome),
                ("value 1", Outcome::Stored),
                "{bytes:?}"
            );
            assert_eq!(unreadable() - before, 1, "{bytes:?}");
            assert_eq!(damaged_on_redis::traced(1).await.1, Outcome::Hit);
        }
        // A cell of ours, damaged in its middle.
        assert_eq!(
            server.say(&["SETRANGE", key, "60", "zzzz"]).parse(),
            Ok(server_length(&server, key))
        );
        let before = unreadable();
        assert_eq!(damaged_on_redis::traced(1).await.1, Outcome::Stored);
        assert_eq!(unreadable() - before, 1);
        assert_eq!(
            damaged_on_redis::traced(1).await,
            ("value 1".to_owned(), Outcome::Hit)
        );
    })
    .await;
}

fn server_length(server: &Server, key: &str) -> u64 {
    server.say(&["STRLEN", key]).parse().expect("a number")
}

#[tokio::test]
async fn a_hit_is_one_command_and_a_miss_is_three() {
    let server = Server::start();
    let cache = usual(&server.url());
    with_cache(&cache, async {
        refused_answer(2001).await;
        server.say(&["CONFIG", "RESETSTAT"]);
        refused_answer(2001).await;
        let commands = server.say(&["INFO", "commandstats"]);
        assert!(commands.contains("cmdstat_mget:calls=1,"), "{commands}");
        assert!(!commands.contains("cmdstat_set:"), "{commands}");
        server.say(&["CONFIG", "RESETSTAT"]);
        refused_answer(2002).await;
        let commands = server.say(&["INFO", "commandstats"]);
        let calls = |command: &str| {
            let found = commands.split_once(&format!("cmdstat_{command}:calls="));
            let digits = found.map_or("0", |(_, rest)| rest.split(',').next().unwrap_or("0"));
            digits.parse::<u64>().expect("a number of calls")
        };
        assert_eq!((calls("mget"), calls("set")), (1, 2), "{commands}");
        // The script that fills, where the server does not compare for itself. Now and then a
        // stamp is renewed, by a script that says `PEXPIRE`.
        assert!(calls("evalsha") - calls("pexpire") <= 1, "{commands}");
    })
    .await;
}
