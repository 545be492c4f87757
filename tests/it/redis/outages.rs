//! A server that is gone, hangs, or comes back with what it had.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cached_core::testing::with_cache;
use cached_core::{Cache, Delivery, Outcome, cached};

use super::server::Server;
use super::{until, usual};
use crate::support::{Gate, Tally, until_async};

/// What the functions here compute from, and how often they did.
#[derive(Default)]
pub(crate) struct Source {
    version: Tally,
    runs: Tally,
    all_have_come: Gate,
}

impl cached_core::Handle for Source {}

impl Source {
    /// Outdates everything that was computed so far.
    pub(crate) fn change(&self) -> u64 {
        self.version.add()
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.count() as u64
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.count()
    }
}

#[cached(key = "outage:<id>", ttl = 60)]
pub(crate) async fn version(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.runs.add();
    source.version()
}

#[cached(key = "outage:slow:<id>", ttl = 60)]
async fn slow(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.runs.add();
    source.all_have_come.passed().await;
    source.version()
}

/// Calls many times while the server does not answer; how long each call took.
pub(crate) async fn calls(source: &Source) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        assert_eq!(version(1, source).await, source.version());
        times.push(began.elapsed());
    }
    times
}

/// A few callers waited their time limit, and after them nobody does.
#[track_caller]
pub(crate) fn bounded(times: &[Duration]) {
    let limit = Duration::from_millis(100);
    let late = times.iter().filter(|time| **time > limit / 2).count();
    // Five open the breaker, and one in half a second probes.
    assert!(late <= 7, "{late} waited: {times:?}");
    // The machine is busy, but not so busy.
    let longest = times.iter().max().expect("there were calls");
    assert!(*longest < 4 * limit, "{longest:?}");
    let mut sorted = times.to_vec();
    sorted.sort();
    assert!(
        sorted[times.len() / 2] < Duration::from_millis(2),
        "{sorted:?}"
    );
}

/// Invalidates in vain, and then whenever the server is back, its old value is not served.
pub(crate) async fn outlives(cache: &Cache, source: &Source, come_back: impl FnOnce()) {
    let before = source.change();
    let delivery = version::entry(1).invalidate().await;
    assert_eq!(delivery, Delivery::Queued);
    assert_eq!(cache.undelivered(), 1);
    assert_eq!(version(1, source).await, before);
    come_back();
    hits_again(source).await;
    assert_eq!(cache.undelivered(), 0, "delivered before the first hit");
}

/// Calls before, during and after a trouble of the server behind this URL.
pub(crate) async fn survives<S>(
    mut server: S,
    url: &str,
    begin: impl FnOnce(&mut S),
    end: impl FnOnce(&mut S),
) {
    let (cache, source) = (usual(url), Source::default());
    with_cache(&cache, async {
        warm(&cache, &source).await;
        begin(&mut server);
        bounded(&calls(&source).await);
        outlives(&cache, &source, || end(&mut server)).await;
    })
    .await;
}

/// Calls until there are hits, none of which is old.
pub(crate) async fn hits_again(source: &Source) {
    until_async("there are hits", async || {
        let (found, outcome) = version::traced(1, source).await;
        assert_eq!(found, source.version(), "{outcome:?}");
        outcome == Outcome::Hit
    })
    .await;
}

/// A cache on a new server with one value in it.
pub(crate) async fn warm(cache: &Cache, source: &Source) {
    println!("on {}", cache.backend());
    hits_again(source).await;
}

#[tokio::test]
async fn without_its_server_everything_works_as_without_a_cache() {
    let (mut server, source) = (Server::start(), Arc::new(Source::default()));
    let cache = usual(&server.url());
    with_cache(&cache, async {
        warm(&cache, &source).await;
        server.kill();
        bounded(&calls(&source).await);
        let (runs, come) = (source.runs(), Arc::new(Tally::new()));
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (source, come) = (Arc::clone(&source), Arc::clone(&come));
                cached_core::spawn(async move {
                    come.add();
                    slow(1, &source).await
                })
            })
            .collect();
        // They share this thread: each has asked by the time that somebody else looks.
        until_async("all have come", async || come.count() == 20).await;
        source.all_have_come.open();
        for caller in callers {
            assert_eq!(caller.await.expect("no panic"), 0);
        }
        assert_eq!(source.runs() - runs, 1, "one computation serves all");
        outlives(&cache, &source, || server.restart()).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_costs_a_bounded_wait_and_serves_nothing_old_afterwards() {
    let server = Server::start();
    let url = server.url();
    survives(
        server,
        &url,
        |server| server.stop(),
        |server| server.go_on(),
    )
    .await;
}

#[tokio::test]
async fn a_server_restarted_from_a_snapshot_brings_nothing_back() {
    let (mut server, source) = (Server::with(&["--save", "3600 1"]), Source::default());
    let cache = usual(&server.url());
    with_cache(&cache, async {
        warm(&cache, &source).await;
        assert_eq!(server.say(&["SAVE"]), "OK");
        source.change();
        assert_eq!(version::entry(1).invalidate().await, Delivery::Acknowledged);
        server.restart();
        assert!(
            server.say(&["KEYS", "*"]).contains("outage:1"),
            "it is back"
        );
        hits_again(&source).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_run_brings_nothing_back_either() {
    let user = [
        "--user", "shy", "on", ">secret", "~*", "&*", "+@all", "-info",
    ];
    let options = [&["--save", "3600 1"], &user[..]].concat();
    let (mut server, source) = (Server::with(&options), Source::default());
    let cache = usual(&server.url().replace("redis://", "redis://shy:secret@"));
    with_cache(&cache, async {
        warm(&cache, &source).await;
        assert!(server.say(&["KEYS", "*"]).contains("outage:1@00000000"));
        assert_eq!(server.say(&["SAVE"]), "OK");
        source.change();
        assert_eq!(version::entry(1).invalidate().await, Delivery::Acknowledged);
        server.restart();
        assert!(
            server.say(&["KEYS", "*"]).contains("outage:1@"),
            "it is back"
        );
        hits_again(&source).await;
        let runs = source.runs();
        assert_eq!(version(1, &source).await, 1);
        assert_eq!(source.runs(), runs);
    })
    .await;
}

#[test]
fn invalidations_that_a_process_owes_are_delivered_while_nobody_calls() {
    let (server, source) = (Server::start(), Source::default());
    let cache = usual(&server.url());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the system has file descriptors");
    runtime.block_on(with_cache(&cache, async {
        warm(&cache, &source).await;
        server.stop();
        assert_eq!(version::entry(1).invalidate().await, Delivery::Queued);
    }));
    drop(runtime);
    server.go_on();
    until("it is delivered", || cache.undelivered() == 0);
    assert!(!server.say(&["KEYS", "*"]).contains("outage:1"));
}
