//! Servers that are gone, hang, or come back.

use crate::support::said;
use cached_core::testing::with_cache;
use cached_core::{Cache, Delivery, Outcome, cached};

use super::server::{Server, url};
use crate::support::{Tally, until_async};

/// What the function here computes from.
#[derive(Default)]
struct Source(Tally);

impl cached_core::Handle for Source {}

#[cached(key = "memcached-outage:<id>", ttl = 60)]
async fn version_there(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.0.count() as u64
}

const IDS: u64 = 24;

fn usual(url: &str) -> Cache {
    let cache = Cache::at(url).and_then(cached_core::Builder::build);
    cache.expect("a valid URL")
}

/// Calls until all are hits, none of which is old.
async fn all_hit(source: &Source) {
    until_async("all are hits", async || {
        let mut hits = 0;
        for id in 0..IDS {
            let (found, outcome) = version_there::traced(id, source).await;
            assert_eq!(found, source.0.count() as u64, "{outcome:?}");
            hits += u64::from(outcome == Outcome::Hit);
        }
        hits == IDS
    })
    .await;
}

/// Changes everything, invalidates it while one server does not answer, and calls on.
async fn changed_meanwhile(cache: &Cache, source: &Source, come_back: impl FnOnce()) {
    source.0.add();
    let mut queued = 0;
    for id in 0..IDS {
        let delivery = version_there::entry(id).invalidate().await;
        queued += usize::from(delivery == Delivery::Queued);
    }
    assert!(queued > 0 && cache.undelivered() > 0, "one is not there");
    for id in 0..IDS {
        let found = version_there(id, source).await;
        assert_eq!(found, source.0.count() as u64);
    }
    come_back();
    all_hit(source).await;
    assert_eq!(cache.undelivered(), 0, "delivered before the first hit");
}

#[tokio::test]
async fn a_killed_and_a_stopped_server_of_three_bring_nothing_old_back() {
    let mut servers: Vec<Server> = (0..3).map(|_| Server::start()).collect();
    let cache = usual(&url(&servers.iter().collect::<Vec<_>>()));
    let source = Source::default();
    with_cache(&cache, async {
        all_hit(&source).await;
        for server in &mut servers {
            said(format_args!("stopping {}", server.about()));
            server.stop();
            changed_meanwhile(&cache, &source, || server.go_on()).await;
            said(format_args!("killing {}", server.about()));
            server.kill();
            changed_meanwhile(&cache, &source, || server.restart()).await;
            said(format_args!("restarted as {}", server.about()));
        }
    })
    .await;
}
