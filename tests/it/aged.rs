//! Memory in front of servers that tell of nothing: for how long two processes may differ.

use std::time::{Duration, Instant};

use cached_core::testing::{ManualClock, with_cache};
use cached_core::{Builder, Cache, Outcome, cached};

use crate::databases::{Directory, Server as Database};
use crate::memcached::server::Server as Memcached;
use crate::support::until_async;

#[cached(key = "aged:<id>", ttl = "1h", tags("aged-tag:<id>"), skip(now))]
async fn row(id: u64, now: u64) -> u64 {
    let _ = id;
    now
}

/// In seconds.
const AGE: u64 = 20;

fn built(builder: Builder) -> Cache {
    let builder = builder.timeout(Duration::from_secs(5));
    builder.build().expect("the settings are valid")
}

fn at(url: &str) -> Builder {
    Cache::at(url).expect("the URL is well-formed")
}

/// Until the age is over one process is given what it has read, from memory, and what the other one
/// has done since then from that moment on. By a clock of the processes' own.
async fn differ_for_an_age(url: &str) {
    let clock = ManualClock::new();
    let open = || built(at(url).prefix("told").clock(clock.clone()).l1(AGE));
    let (here, there) = (open(), open());
    let read = async |now| with_cache(&here, row::traced(1, now)).await;
    for change in 0..4 {
        let old = read(10 * change).await.0;
        assert_eq!(old, 10 * change);
        assert_eq!(read(100).await, (old, Outcome::Hit), "from the server");
        let new = 10 * (change + 1);
        match change {
            0 => drop(there.invalidate("aged:1").await.expect("a key")),
            1 => drop(there.invalidate_tag("aged-tag:1").await.expect("a tag")),
            2 => drop(there.clear().await.expect("it answers")),
            _ => there.set("aged:1", &new, 3600).await.expect("a number"),
        }
        clock.advance(Duration::from_secs(AGE - 1));
        assert_eq!(read(new).await, (old, Outcome::Hit), "nobody told");
        clock.advance(Duration::from_secs(1));
        assert_eq!(read(new).await.0, new, "its age is over");
        // Its own doing it knows at once.
        here.invalidate("aged:1").await.expect("a key");
        assert_eq!(read(new).await.0, new);
    }
}

/// The same by real time: a read that begins when the age is over gives nothing from before.
async fn differ_no_longer(url: &str) {
    const SHORT: Duration = Duration::from_secs(1);
    let open = || built(at(url).prefix("timed").l1(1));
    let (here, there) = (open(), open());
    for new in 1..4u64 {
        there.set("k", &(new - 1), 60).await.expect("a number");
        let read = async || here.get::<u64>("k").await.expect("a key");
        while read().await != Some(new - 1) {}
        read().await;
        there.set("k", &new, 60).await.expect("a number");
        let changed = Instant::now();
        until_async("its age is over", || async {
            let began = Instant::now();
            let is_new = read().await == Some(new);
            // Clocks may be a few ticks behind.
            let late = SHORT + Duration::from_millis(30);
            assert!(is_new || began < changed + late, "{:?}", began - changed);
            is_new
        })
        .await;
    }
}

async fn differ(url: &str) {
    differ_for_an_age(url).await;
    differ_no_longer(url).await;
}

#[tokio::test]
async fn memcached() {
    let server = Memcached::start();
    differ(&server.url()).await;
}

#[tokio::test]
async fn postgres() {
    differ(&format!(
        "{}?create=true",
        Database::postgres().new_database()
    ))
    .await;
}

#[tokio::test]
async fn mysql() {
    differ(&format!(
        "{}?create=true",
        Database::mariadb().new_database()
    ))
    .await;
}

#[tokio::test]
async fn sqlite() {
    let directory = Directory::new();
    let place = directory.path().display();
    differ(&format!("sqlite://{place}/c.db?create=true")).await;
}

#[tokio::test]
async fn file() {
    let directory = Directory::new();
    differ(&format!("file://{}/cache", directory.path().display())).await;
}
