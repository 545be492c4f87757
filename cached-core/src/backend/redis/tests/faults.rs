//! Servers that cannot be used: what is said, and how soon.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Instant;

use super::server::{Server, free_port};
use super::support::*;
use crate::backend::port::{Acquired, Backend};
use crate::backend::redis::server::Dialect;
use crate::backend::redis::{Address, Redis};
use crate::error::{Error, ErrorKind};

#[track_caller]
fn says(fault: &Error, kind: ErrorKind, hint: &str) {
    let text = format!("{fault} {fault:?}");
    assert_eq!(fault.kind(), kind, "{text}");
    assert!(text.contains(hint), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

/// A listener that says this to whoever connects and speaks.
fn impostor(greeting: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(greeting.as_bytes());
        }
    });
    port
}

#[track_caller]
fn says_of_impostor(greeting: &'static str, kind: ErrorKind, hint: &str) {
    let redis = redis_at(&format!("redis://:secret@127.0.0.1:{}", impostor(greeting)));
    says(&fault(&redis), kind, hint);
}

#[test]
fn nobody_there() {
    let redis = redis_at(&format!("redis://:secret@127.0.0.1:{}", free_port()));
    says(
        &fault(&redis),
        ErrorKind::Unavailable,
        "nothing listens there",
    );
    let socket = redis_at("unix:///nowhere/redis.sock");
    says(&fault(&socket), ErrorKind::Unavailable, "no such socket");
    let began = Instant::now();
    assert!(
        poll_once(redis.now()).is_some_and(|now| now.is_err()),
        "known without asking"
    );
    assert!(began.elapsed().as_millis() < 20);
    assert!(!redis.connected());
}

#[test]
fn somebody_else_there() {
    let http = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    says_of_impostor(http, ErrorKind::Protocol, "does not speak Redis's protocol");
    says_of_impostor("", ErrorKind::Unavailable, "`rediss://`");
    let old = "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n";
    let (old, hint) = (old, "Redis 6 or newer");
    says_of_impostor(old, ErrorKind::Protocol, hint);
}

#[test]
fn refusals_at_the_door() {
    let protected = "-DENIED Redis is running in protected mode because protected mode is on\r\n";
    says_of_impostor(
        protected,
        ErrorKind::Denied,
        "in protected mode: set a password",
    );
    let crowded = "-ERR max number of clients reached\r\n";
    says_of_impostor(crowded, ErrorKind::Unavailable, "maxclients");
}

#[test]
fn passwords() {
    let server = Server::with(&["--requirepass", "secret"]);
    let at = format!("127.0.0.1:{}", server.port());
    let none = redis_at(&format!("redis://{at}"));
    says(&fault(&none), ErrorKind::Denied, "it asks for a password");
    let wrong = redis_at(&format!("redis://:secret2@{at}"));
    says(
        &fault(&wrong),
        ErrorKind::Denied,
        "refuses this user and password",
    );
    let right = redis_at(&format!("redis://:secret@{at}"));
    wait(right.check()).expect("the password is right");
}

#[test]
fn a_password_that_nobody_asked_for() {
    let server = Server::start();
    // Redis takes any password for a user that needs none; Redis 5's `AUTH` did not.
    let redis = redis_at(&format!("redis://:secret@127.0.0.1:{}", server.port()));
    wait(redis.check()).expect("the user needs no password");
}

#[test]
fn a_database_too_many() {
    let server = Server::start();
    let redis = redis_at(&format!("{}/99", server.url()));
    says(&fault(&redis), ErrorKind::Config, "no database 99");
}

#[test]
fn a_user_with_few_rights() {
    let server = Server::start();
    let rights = "+get +set +unlink +evalsha +hello";
    let mut rule: Vec<&str> = vec!["ACL", "SETUSER", "few", "on", ">secret", "~*"];
    rule.extend(rights.split(' '));
    assert_eq!(server.say(&rule), "OK");
    let redis = redis_at(&format!("redis://few:secret@127.0.0.1:{}", server.port()));
    let (_, one) = cell("1");
    assert_eq!(acquire(&redis, "k", &one), Acquired::Granted);
    assert!(!redis.scoped(), "INFO is denied");
    assert!(!redis.capabilities().pushes, "so is CLIENT");
    assert_eq!(server.say(&["KEYS", "*"]), "k@00000000");
    assert!(poll_once(redis.changed("k", crate::cell::Token::random())).is_none());
    let fault = wait(redis.read(&["a", "b"])).expect_err("MGET is denied");
    says(&fault, ErrorKind::Denied, "mget");
    says(&fault, ErrorKind::Denied, "ACL SETUSER");
    let fault = wait(redis.now()).expect_err("neither TIME nor INFO");
    says(&fault, ErrorKind::Denied, "+time");
    assert_eq!(redis.generation(), 1, "a refusal ends no connection");
}

#[test]
fn the_rights_that_suffice() {
    let server = Server::start();
    let rights = "+get +mget +set +unlink +pexpire +getrange +evalsha +script|load +hello +ping \
                  +info +time +client|tracking +client|caching +select";
    let mut rule: Vec<&str> = vec!["ACL", "SETUSER", "enough", "on", ">secret", "~*"];
    rule.extend(rights.split_whitespace());
    assert_eq!(server.say(&rule), "OK");
    let redis = redis_at(&format!(
        "redis://enough:secret@127.0.0.1:{}",
        server.port()
    ));
    let ((lease, leased), (token, value)) = (cell("l"), cell("v"));
    assert_eq!(acquire(&redis, "k", &leased), Acquired::Granted);
    assert!(fill(&redis, "k", lease, &value));
    assert!(wait(redis.release("k", token)).expect("the server answers"));
    assert!(redis.scoped() && redis.capabilities().pushes);
}

#[test]
fn a_full_server_serves_what_it_has() {
    let server = Server::with(&["--maxmemory-policy", "noeviction"]);
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let ((lease, leased), (_, value)) = (cell("l"), cell("v"));
    let redis = redis(&server);
    write(&redis, "hit", &value);
    acquire(&redis, "leased", &leased);
    server.say(&["CONFIG", "SET", "maxmemory", "1"]);
    for dialect in [Dialect::SetGet, Dialect::Lua] {
        let redis = Redis::build(&address, runtime(), Some(dialect));
        assert_eq!(
            acquire(&redis, "hit", &leased),
            Acquired::Found(value.clone())
        );
        let fault = wait(redis.acquire("miss", &leased, TTL)).expect_err("there is no room");
        says(&fault, ErrorKind::Full, "maxmemory");
    }
    let full = wait(redis.fill("leased", lease, &value, TTL)).expect_err("there is no room");
    says(&full, ErrorKind::Full, "maxmemory");
    assert!(wait(redis.release("leased", lease)).expect("removing needs no room"));
    assert_eq!(
        wait(redis.invalidate(&["hit"])).expect("removing needs no room"),
        1
    );
}

#[test]
fn replicas_are_refused() {
    let primary = Server::start();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    says(
        &fault(&redis(&replica)),
        ErrorKind::ReadOnly,
        "name its primary",
    );
}

#[test]
fn a_primary_that_became_a_replica_is_left() {
    let (server, primary) = (Server::start(), Server::start());
    let redis = redis(&server);
    write(&redis, "k", &cell("v").1);
    server.say(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    let demoted = wait(redis.acquire("k", &cell("l").1, TTL)).expect_err("it takes no writes");
    says(&demoted, ErrorKind::ReadOnly, "replica");
    until("it is known for a replica", || {
        fault(&redis).to_string().contains("name its primary")
    });
}

#[test]
fn clusters_and_sentinels_are_refused() {
    let cluster = Server::with(&["--cluster-enabled", "yes"]);
    says(
        &fault(&redis(&cluster)),
        ErrorKind::Config,
        "node of a cluster",
    );
}

#[test]
fn a_runtime_that_ended() {
    let server = Server::start();
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = built.expect("the system has file descriptors");
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let redis = Redis::new(&address, runtime.handle().clone());
    let used = Redis::new(&address, runtime.handle().clone());
    runtime.block_on(used.check()).expect("the server answers");
    drop(runtime);
    says(
        &fault(&redis),
        ErrorKind::Unavailable,
        "runtime of the cache has ended",
    );
    says(
        &fault(&used),
        ErrorKind::Unavailable,
        "runtime of the cache has ended",
    );
    let raw = wait(redis.raw()).expect_err("nobody drives it");
    says(
        &raw,
        ErrorKind::Unavailable,
        "runtime of the cache has ended",
    );
}
