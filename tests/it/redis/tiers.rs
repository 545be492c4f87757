//! Memory in front of a real server: who tells of changes, and what is served when nobody can.

mod bounds;

use crate::support::said;
use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, Outcome};

use super::outages::{Source, version};
use super::proxy::{Proxy, Weather};
use super::server::Server;
use super::until;

/// A cache that keeps what the server tells the changes of.
fn tiered(url: &str) -> Cache {
    let builder = Cache::at(url).expect("a valid URL").l1_watched();
    let builder = builder.timeout(Duration::from_secs(2));
    builder.build().expect("Redis tells of changes")
}

/// Calls until the value is served from memory. News of a change that this process made itself come
/// when they like, and cost one more question.
async fn is_near(server: &Server, source: &Source) {
    for _ in 0..100 {
        let asked = server.calls("mget");
        let (value, outcome) = version::traced(1, source).await;
        assert_eq!(value, source.version());
        if outcome == Outcome::Hit && server.calls("mget") == asked {
            return;
        }
    }
    panic!("the server is asked again and again");
}

/// Calls until the value is that of now.
async fn sees_the_change(source: &Source) {
    let began = std::time::Instant::now();
    while version(1, source).await < source.version() {
        assert!(began.elapsed() < Duration::from_secs(10), "it never hears");
        tokio::task::yield_now().await;
    }
    println!("heard after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_change_elsewhere_is_heard_of() {
    let (server, source) = (Server::start(), Source::default());
    said(format_args!("{}", server.described()));
    let (here, there) = (tiered(&server.url()), super::usual(&server.url()));
    with_cache(&here, async {
        for change in 0..4 {
            is_near(&server, &source).await;
            source.change();
            match change {
                0 => drop(there.invalidate("outage:1").await.expect("a key")),
                1 => drop(there.clear().await.expect("it answers")),
                2 => drop(with_cache(&there, version::invalidate_all()).await),
                _ => {
                    let now = source.version();
                    there.set("outage:1", &now, 60).await.expect("it answers");
                }
            }
            sees_the_change(&source).await;
        }
    })
    .await;
}

/// What this process does itself it need not be told.
#[tokio::test]
async fn an_own_change_is_seen_at_once() {
    let (server, source) = (Server::start(), Source::default());
    with_cache(&tiered(&server.url()), async {
        for _ in 0..50 {
            is_near(&server, &source).await;
            source.change();
            version::entry(1).invalidate().await;
            assert_eq!(version(1, &source).await, source.version());
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_forgets_all_says_so() {
    let (server, source) = (Server::start(), Source::default());
    with_cache(&tiered(&server.url()), async {
        is_near(&server, &source).await;
        source.change();
        server.say(&["FLUSHALL"]);
        sees_the_change(&source).await;
        is_near(&server, &source).await;
    })
    .await;
}

/// The change comes while nobody can be told.
#[tokio::test]
async fn a_connection_that_is_closed_takes_memory_with_it() {
    let (server, source) = (Server::start(), Source::default());
    let proxy = Proxy::to(server.port());
    let there = super::usual(&server.url());
    with_cache(&tiered(&proxy.url()), async {
        for _ in 0..5 {
            is_near(&server, &source).await;
            source.change();
            proxy.set(Weather::Reset);
            proxy.cut();
            there.invalidate("outage:1").await.expect("it answers");
            sees_the_change(&source).await;
            proxy.set(Weather::Fair);
            until("it is connected again", || server.say(&["PING"]) == "PONG");
            super::outages::hits_again(&source).await;
        }
    })
    .await;
}

/// Nothing says that the connection is dead but its silence.
#[tokio::test]
async fn a_connection_that_falls_silent_is_believed_for_seconds_only() {
    let (server, source) = (Server::start(), Source::default());
    let proxy = Proxy::to(server.port());
    let there = super::usual(&server.url());
    with_cache(&tiered(&proxy.url()), async {
        is_near(&server, &source).await;
        source.change();
        proxy.set(Weather::Blackhole);
        there.invalidate("outage:1").await.expect("it answers");
        sees_the_change(&source).await;
        proxy.set(Weather::Fair);
        super::outages::hits_again(&source).await;
        is_near(&server, &source).await;
    })
    .await;
}

#[tokio::test]
async fn a_killed_server_takes_memory_with_it_and_brings_nothing_back() {
    let (mut server, source) = (Server::with(&["--save", "1 1"]), Source::default());
    said(format_args!("{}", server.described()));
    with_cache(&tiered(&server.url()), async {
        is_near(&server, &source).await;
        server.say(&["SAVE"]);
        source.change();
        version::entry(1).invalidate().await;
        is_near(&server, &source).await;
        source.change();
        server.kill();
        sees_the_change(&source).await;
        server.restart();
        super::outages::hits_again(&source).await;
        is_near(&server, &source).await;
    })
    .await;
}

/// Such a user gets nothing from memory, or what is as old as was said.
#[tokio::test]
async fn a_user_who_may_not_be_told_keeps_nothing_that_is_not_bounded_by_an_age() {
    let (server, source) = (Server::start(), Source::default());
    for rights in [&["-client"][..], &["-client", "+client|tracking"]] {
        let name = format!("deaf{}", rights.len());
        let user = ["ACL", "SETUSER", &name, "on", ">pw", "~*", "+@all"];
        assert_eq!(server.say(&[&user[..], rights].concat()), "OK");
        let url = format!("redis://{name}:pw@127.0.0.1:{}", server.port());
        with_cache(&tiered(&url), async {
            for _ in 0..3 {
                version(1, &source).await;
            }
            let asked = server.calls("mget");
            let (_, outcome) = version::traced(1, &source).await;
            assert_eq!(outcome, Outcome::Hit, "{rights:?}");
            assert!(server.calls("mget") > asked, "nobody vouches for it");
        })
        .await;
        let aged = Cache::at(&url).expect("a valid URL").l1(60).build();
        with_cache(&aged.expect("an age"), is_near(&server, &source)).await;
    }
}

/// The server remembers for nobody what is not kept.
#[tokio::test]
async fn reads_that_nobody_keeps_are_not_tracked() {
    let (server, source) = (Server::start(), Source::default());
    let tracked = || server.info("tracking_total_keys");
    let plain = super::usual(&server.url());
    with_cache(&plain, async {
        for _ in 0..3 {
            version(1, &source).await;
        }
    })
    .await;
    assert_eq!(tracked(), "0");
    with_cache(&tiered(&server.url()), is_near(&server, &source)).await;
    assert_ne!(tracked(), "0");
}
