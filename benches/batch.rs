//! A hundred keys at once beside the bare client's `MGET`, in one run: `cargo xtask bench batch`.
//!
//! Both read a hundred values (about 180 bytes encoded) from one server that the bench starts, and
//! decode them. Beside the bare client stand the handle (`get_many`), which gives a list as that
//! does, and a batch function all of whose ids are there, which gives a map: for it the bare client
//! makes one, too. They take turns in short windows; a figure is the median of the windows, and what
//! counts is the ratio. A number of rounds can be given: `cargo bench --bench batch -- 3`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cached_core::{Cache, cached};
use redis::aio::MultiplexedConnection;

#[path = "common/post.rs"]
mod fixture;
#[path = "../cached-core/src/backend/redis/tests/server.rs"]
mod server;

use fixture::{Post, post};

const KEYS: u64 = 1_000;
const BATCH: u64 = 100;
const ROUNDS: usize = 31;
/// Batches in one window.
const WINDOW: u64 = 100;

#[cached(key = "post:<id>", ttl = "1h", batch(id in ids))]
async fn posts(ids: &[u64]) -> HashMap<u64, Post> {
    ids.iter().map(|id| (*id, post(*id))).collect()
}

#[derive(Clone, Copy)]
enum Reader {
    Bare,
    BareMap,
    Handle,
    Function,
}

const READERS: [Reader; 4] = [
    Reader::Bare,
    Reader::BareMap,
    Reader::Handle,
    Reader::Function,
];

/// Bytes of the bare client.
fn decoded(bytes: &[u8]) -> Post {
    let config = bincode::config::standard();
    let decoded = bincode::serde::decode_from_slice(bytes, config);
    decoded.expect("what was stored").0
}

async fn mget(ids: &[u64], connection: &mut MultiplexedConnection) -> Vec<Vec<u8>> {
    let mut mget = redis::cmd("MGET");
    ids.iter().for_each(|id| _ = mget.arg(format!("bare:{id}")));
    let found = mget.query_async(connection).await;
    found.expect("the server answers")
}

/// One batch; how many values came.
async fn read(
    reader: Reader,
    ids: &[u64],
    cache: &Cache,
    connection: &mut MultiplexedConnection,
) -> usize {
    match reader {
        // All at once, as they come from the others.
        Reader::Bare => {
            let found = mget(ids, connection).await;
            found
                .iter()
                .map(|bytes| decoded(bytes))
                .collect::<Vec<Post>>()
                .len()
        }
        Reader::BareMap => {
            let found = mget(ids, connection).await;
            let posts = ids
                .iter()
                .copied()
                .zip(found.iter().map(|bytes| decoded(bytes)));
            posts.collect::<HashMap<u64, Post>>().len()
        }
        Reader::Handle => {
            let keys = ids.iter().map(|id| format!("post:{id}"));
            let found = cache.get_many::<Post>(keys).await;
            found.expect("the server answers").iter().flatten().count()
        }
        Reader::Function => posts(ids).await.len(),
    }
}

async fn window(reader: Reader, cache: &Cache, connection: &mut MultiplexedConnection) -> Duration {
    let begun = Instant::now();
    for batch in 0..WINDOW {
        let ids: Vec<u64> = (0..BATCH).map(|at| (batch * 7919 + at) % KEYS).collect();
        let count = read(reader, &ids, cache, connection).await;
        assert_eq!(count, ids.len());
    }
    begun.elapsed()
}

fn median(mut values: Vec<Duration>) -> f64 {
    values.sort();
    values[values.len() / 2].as_secs_f64() * 1e6 / WINDOW as f64
}

#[tokio::main]
async fn main() {
    let server = server::Server::start();
    let builder = Cache::at(&server.url()).expect("a valid URL");
    // A busy machine, or a profiler, is no fault.
    let cache = builder.timeout(Duration::from_secs(30)).build();
    let cache = cache.expect("valid");
    cached_core::install(cache.clone()).expect("the first");
    let client = redis::Client::open(server.url()).expect("a valid URL");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("the server answers");
    let all: Vec<u64> = (0..KEYS).collect();
    for id in &all {
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(post(*id), config).expect("encodable");
        let mut set = redis::cmd("SET");
        // With an end of its own, as every entry has: the server looks that up, too.
        let set = set.arg(format!("bare:{id}")).arg(bytes).arg("EX").arg(3600);
        let () = set
            .query_async(&mut connection)
            .await
            .expect("the server answers");
    }
    for ids in all.chunks(BATCH as usize) {
        posts(ids).await;
    }
    let rounds = std::env::args().find_map(|arg| arg.parse().ok());
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..rounds.unwrap_or(ROUNDS) {
        for (reader, times) in READERS.into_iter().zip(&mut times) {
            times.push(window(reader, &cache, &mut connection).await);
        }
    }
    let [bare, bare_map, handle, function] = times.map(median);
    println!("{BATCH} keys at once: bare MGET {bare:.0} µs, into a map {bare_map:.0} µs");
    println!(
        "  get_many          {handle:>6.0} µs   ratio {:.2}",
        handle / bare
    );
    println!(
        "  a batch function  {function:>6.0} µs   ratio {:.2} (to the list {:.2})",
        function / bare_map,
        function / bare
    );
}
