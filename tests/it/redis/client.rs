//! The server beside the cache: its own client, checked connections, an orderly end.

use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, Outcome, cached};
use redis::AsyncCommands;

use super::server::Server;
use super::{patient, usual};
use crate::support::{fails, memory};

#[cached(key = "client:<id>")]
async fn squared(id: u64) -> u64 {
    id * id
}

#[tokio::test]
async fn a_connection_of_ones_own_shares_the_server_and_nothing_else() {
    let server = Server::start();
    let cache = patient(&server.url());
    let mut own = cache.redis().await.expect("the server answers");
    let queue = cache.raw_key("queue");
    assert!(queue.starts_with("cached:") && queue.ends_with(":queue"));
    let _: usize = own.lpush(&queue, "job").await.expect("a list");
    cache.set("queue", &1i64, 60).await.expect("stored");
    // Another database and a blocking command on it: the cache goes on.
    let mut blocked = own.clone();
    let () = redis::cmd("SELECT")
        .arg(3)
        .query_async(&mut blocked)
        .await
        .expect("there is a third");
    assert_eq!(cache.get("queue").await.expect("it answers"), Some(1i64));
    cache.clear().await.expect("it answers");
    assert_eq!(cache.get::<i64>("queue").await.expect("it answers"), None);
    let mut fresh = client(&server).await;
    let next: Option<String> = fresh.rpop(&queue, None).await.expect("a list");
    assert_eq!(
        next.as_deref(),
        Some("job"),
        "clear touches nobody else's keys"
    );
}

async fn client(server: &Server) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(server.url()).expect("a valid URL");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("the server answers")
}

#[tokio::test]
async fn a_cache_on_the_users_client_shares_what_one_by_url_stores() {
    let server = Server::start();
    let client = redis::Client::open(server.url()).expect("a valid URL");
    let own = Cache::from_redis(client).expect("a thread can be started");
    let own = own.build().expect("valid");
    with_cache(&own, async { squared::traced(3).await }).await;
    let other = patient(&server.url());
    let (value, outcome) = with_cache(&other, squared::traced(3)).await;
    assert_eq!((value, outcome), (9, Outcome::Hit));
}

#[tokio::test]
async fn only_redis_has_a_redis_client() {
    let cache = memory();
    let error = cache.redis().await.map(|_| ());
    fails(error, ErrorKind::Config, "not on Redis");
    assert_eq!(cache.raw_key("queue"), "queue");
}

#[tokio::test]
async fn two_prefixes_on_one_server_are_two_caches() {
    let server = Server::start();
    let shop = format!("{}?prefix=shop", server.url());
    let (shop, blog) = (usual(&shop), usual(&server.url()));
    shop.set("k", &1i64, 60).await.expect("stored");
    blog.set("k", &2i64, 60).await.expect("stored");
    shop.clear().await.expect("it answers");
    assert_eq!(shop.get::<i64>("k").await.expect("it answers"), None);
    assert_eq!(blog.get("k").await.expect("it answers"), Some(2i64));
}

#[tokio::test]
async fn a_checked_connection_says_what_stands_in_the_way() {
    let mut server = Server::with(&["--requirepass", "hunter2"]);
    let at = |login: &str| format!("redis://{login}127.0.0.1:{}", server.port());
    let good = Cache::connect_checked(&at(":hunter2@")).await;
    assert!(good.is_ok());
    let refused = Cache::connect_checked(&at(":wrong@")).await.map(|_| ());
    let text = format!("{:?}", refused.as_ref().expect_err("a wrong password"));
    assert!(
        !text.contains("wrong@") && !text.contains("hunter2"),
        "{text}"
    );
    fails(refused, ErrorKind::Denied, "password");
    let url = at(":hunter2@");
    server.kill();
    let gone = Cache::connect_checked(&url).await.map(|_| ());
    fails(gone, ErrorKind::Unavailable, "start the server");
}

#[tokio::test]
async fn the_end_waits_for_what_is_owed() {
    let mut server = Server::start();
    let cache = usual(&server.url());
    cache.set("k", &1i64, 60).await.expect("stored");
    server.kill();
    cache.invalidate("k").await.expect("it is queued");
    assert_eq!(cache.undelivered(), 1);
    let early = cache.close(Duration::from_millis(100)).await;
    fails(early, ErrorKind::Timeout, "1 invalidations");
    server.restart();
    let late = cache.close(Duration::from_secs(20)).await;
    assert!(late.is_ok() && cache.undelivered() == 0);
}
