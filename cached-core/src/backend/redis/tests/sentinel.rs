//! A primary that sentinels name, and its successors.

use super::server::said;
use std::time::Duration;

use super::fleet::Watched;
use super::server::Server;
use super::support::*;
use crate::backend::port::{Acquired, Backend};
use crate::backend::redis::Redis;
use crate::error::ErrorKind;

/// Waits until the server can be used.
#[track_caller]
fn recovered(redis: &Redis) {
    until("there is a server again", || {
        within(Duration::from_millis(200), redis.check()).is_some_and(|check| check.is_ok())
    });
}

#[test]
fn an_invalidation_that_was_not_replicated_is_not_undone_by_a_failover() {
    let mut watched = Watched::start(1, 3);
    let redis = redis_at(&watched.url());
    let (lease, leased) = cell("lease");
    write(&redis, "k", &cell("old").1);
    acquire(&redis, "leased", &leased);
    until("the replica has both", || {
        watched.nodes[1].say(&["DBSIZE"]) == "2"
    });
    watched.nodes[1].stop();
    // What is on its way to it would arrive all the same.
    assert_eq!(
        watched.nodes[0].say(&["CLIENT", "KILL", "TYPE", "replica"]),
        "1"
    );
    let gone = wait(redis.invalidate(&["k", "leased"])).expect("acknowledged");
    assert_eq!(gone, 2);
    said(format_args!("killed: {}", watched.nodes[0].described()));
    watched.nodes[0].kill();
    watched.nodes[1].go_on();
    assert_eq!(watched.succeeded(0), 1);
    said(format_args!("took over: {}", watched.nodes[1].described()));
    recovered(&redis);
    assert_eq!(
        watched.nodes[1].say(&["DBSIZE"]),
        "2",
        "the old ones are there"
    );
    assert_eq!(read(&redis, "k"), None);
    assert!(!fill(&redis, "leased", lease, &cell("late").1));
    let new = cell("new").1;
    assert_eq!(acquire(&redis, "k", &new), Acquired::Granted);
    assert_eq!(read(&redis, "k"), Some(new));
}

#[test]
fn who_is_stopped_and_comes_back_is_left_and_another_when_promoted_again() {
    let watched = Watched::start(1, 3);
    let redis = redis_at(&watched.url());
    write(&redis, "k", &cell("old").1);
    said(format_args!("stopped: {}", watched.nodes[0].described()));
    watched.nodes[0].stop();
    assert_eq!(watched.succeeded(0), 1);
    recovered(&redis);
    assert_eq!(read(&redis, "k"), None);
    watched.nodes[0].go_on();
    watched.follows(0);
    assert_eq!(read(&redis, "k"), None);
    until("the first is promoted again", || {
        let is_promoted = watched.nodes[0].info("role") == "master";
        if !is_promoted {
            // Refused while one is under way.
            watched.sentinels[0].say(&["SENTINEL", "FAILOVER", "mymaster"]);
        }
        is_promoted
    });
    watched.primary();
    recovered(&redis);
    assert_eq!(watched.nodes[0].say(&["EXISTS", "k"]), "1");
    assert_eq!(read(&redis, "k"), None);
}

#[test]
fn sentinels_are_asked_in_turn() {
    let mut watched = Watched::start(0, 3);
    let redis = redis_at(&watched.url());
    watched.sentinels[0].kill();
    watched.sentinels[1].stop();
    until("the third is asked", || {
        within(Duration::from_secs(5), redis.check()).is_some_and(|check| check.is_ok())
    });
    write(&redis, "k", &cell("v").1);
    watched.sentinels[2].kill();
    until("all sentinels are gone", || {
        std::net::TcpStream::connect(("127.0.0.1", watched.sentinels[2].port())).is_err()
    });
    assert!(
        read(&redis, "k").is_some(),
        "the primary is believed without them"
    );
}

#[test]
fn what_is_said_of_what_is_no_sentinel() {
    let server = Server::start();
    let at = format!("127.0.0.1:{}", server.port());
    let none = fault(&redis_at(&format!(
        "redis+sentinel://:secret@{at}/mymaster"
    )));
    assert_eq!(none.kind(), ErrorKind::Config);
    assert!(none.to_string().contains("no sentinel"), "{none}");
    let sentinel = Server::sentinel(server.port(), 1);
    let url = format!("127.0.0.1:{}", sentinel.port());
    let wrong = fault(&redis_at(&format!("redis+sentinel://{url}/another")));
    assert_eq!(wrong.kind(), ErrorKind::Config);
    assert!(wrong.to_string().contains("`another`"), "{wrong}");
    let direct = fault(&redis_at(&format!("redis://{url}")));
    assert!(direct.to_string().contains("redis+sentinel://"), "{direct}");
}
