//! A cached function on Redis beside the bare client, in one run: `cargo xtask bench redis`.
//!
//! Both read the same kind of value (about 180 bytes encoded) from one server that the bench
//! starts, from the same runtime: the bare client with a `GET` over one multiplexed connection and
//! the decoding, the cached function as a hit. The two take turns in short windows, so that a noisy
//! machine disturbs them alike; a figure is the median of the windows, and what counts is the ratio.
//! Numbers of callers can be given: `cargo bench --bench redis -- 50`.

use std::time::{Duration, Instant};

use cached_core::{Cache, cached};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

#[path = "common/post.rs"]
mod fixture;
#[path = "../cached-core/src/backend/redis/tests/server.rs"]
mod server;

use fixture::{Post, post};

const KEYS: u64 = 1_000;
const ROUNDS: usize = 31;
/// Calls in one window.
const WINDOW: u64 = 2_000;

#[cached(key = "post:<id>", ttl = "1h")]
async fn get_post(id: u64) -> Post {
    post(id)
}

async fn bare(connection: &mut MultiplexedConnection, id: u64) -> Post {
    let bytes: Vec<u8> = connection
        .get(format!("bare:{id}"))
        .await
        .expect("the server answers");
    let config = bincode::config::standard();
    let (post, _) = bincode::serde::decode_from_slice(&bytes, config).expect("what was stored");
    post
}

#[derive(Clone, Copy)]
enum Reader {
    Bare,
    Cached,
}

/// `WINDOW` calls by so many tasks at once.
async fn window(reader: Reader, tasks: u64, connection: &MultiplexedConnection) -> Duration {
    let begun = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let mut connection = connection.clone();
            tokio::spawn(async move {
                for call in 0..WINDOW / tasks {
                    let id = (task * 7919 + call * 104_729) % KEYS;
                    let post = match reader {
                        Reader::Bare => bare(&mut connection, id).await,
                        Reader::Cached => get_post(id).await,
                    };
                    assert_eq!(post.id, id);
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("no panic");
    }
    begun.elapsed()
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values[values.len() / 2]
}

async fn compare(tasks: u64, connection: &MultiplexedConnection) {
    let (mut bare, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(window(Reader::Bare, tasks, connection).await);
        cached.push(window(Reader::Cached, tasks, connection).await);
    }
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6 / WINDOW as f64;
    let (bare, cached) = (micros(median(bare)), micros(median(cached)));
    println!(
        "{tasks:>4} at once   bare {bare:>8.2} µs/call   #[cached] {cached:>8.2} µs/call   \
         ratio {:.2}",
        cached / bare
    );
}

#[tokio::main]
async fn main() {
    let server = server::Server::start();
    let cache = Cache::connect(&server.url()).await.expect("a valid URL");
    cached_core::install(cache).expect("the first");
    let client = redis::Client::open(server.url()).expect("a valid URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("the server answers");
    for id in 0..KEYS {
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(post(id), config).expect("encodable");
        let () = connection
            .set(format!("bare:{id}"), bytes)
            .await
            .expect("the server answers");
        get_post(id).await;
    }
    let named: Vec<u64> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let all = if named.is_empty() {
        vec![1, 50, 500]
    } else {
        named
    };
    for tasks in all {
        compare(tasks, &connection).await;
    }
}
