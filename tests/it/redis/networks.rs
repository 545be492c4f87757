//! A network that fails between a process and its server.

use std::time::Duration;

use cached_core::Delivery;
use cached_core::testing::with_cache;

use super::outages::{Source, bounded, calls, hits_again, version, warm};
use super::proxy::{Proxy, Weather};
use super::server::Server;
use super::usual;

/// Calls in bad weather, changes what the value is computed from, and calls again in fair weather.
async fn in_weather(weather: Weather) {
    let (server, source) = (Server::start(), Source::default());
    let proxy = Proxy::to(server.port());
    let cache = usual(&proxy.url());
    with_cache(&cache, async {
        warm(&cache, &source).await;
        proxy.set(weather);
        bounded(&calls(&source).await);
        source.change();
        let delivery = version::entry(1).invalidate().await;
        let reads = calls(&source).await;
        assert!(delivery == Delivery::Acknowledged || cache.undelivered() <= 1);
        bounded(&reads);
        proxy.set(Weather::Fair);
        hits_again(&source).await;
        assert_eq!(cache.undelivered(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_network_that_swallows_everything() {
    in_weather(Weather::Blackhole).await;
}

#[tokio::test]
async fn a_network_that_is_slower_than_the_limit() {
    in_weather(Weather::Slow(Duration::from_millis(300))).await;
}

#[tokio::test]
async fn a_network_that_resets_connections() {
    in_weather(Weather::Reset).await;
}

#[tokio::test]
async fn a_network_that_cuts_answers_short() {
    for bytes in [0, 1, 7, 60] {
        in_weather(Weather::CutAfter(bytes)).await;
    }
}

#[tokio::test]
async fn a_network_that_changes_commands() {
    in_weather(Weather::Garble(b"MGET", b"INCR")).await;
    in_weather(Weather::Garble(b"$4\r\nMGET", b"$9\r\nMGET")).await;
}

#[tokio::test]
async fn a_network_that_is_slow_but_within_the_limit_serves_hits() {
    let (server, source) = (Server::start(), Source::default());
    let proxy = Proxy::to(server.port());
    let cache = usual(&proxy.url());
    with_cache(&cache, async {
        warm(&cache, &source).await;
        proxy.set(Weather::Slow(Duration::from_millis(10)));
        let runs = source.runs();
        for _ in 0..10 {
            version(1, &source).await;
        }
        assert!(
            source.runs() - runs <= 1,
            "one may have met a tick of the clock"
        );
    })
    .await;
}
