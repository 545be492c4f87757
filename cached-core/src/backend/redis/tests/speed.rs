//! What the adapter costs over the bare client: `cargo test --release … speed -- --ignored
//! --nocapture`.

use std::future::Future;
use std::time::{Duration, Instant};

use super::server::Server;
use super::support::*;
use crate::backend::port::Backend;

const TIME: Duration = Duration::from_secs(2);

/// Operations per second of so many tasks on the background runtime.
fn rate<F>(tasks: usize, operation: impl Fn() -> F + Clone + Send + 'static) -> u64
where
    F: Future<Output = ()> + Send + 'static,
{
    let end = Instant::now() + TIME;
    let started: Vec<_> = (0..tasks)
        .map(|_| {
            let operation = operation.clone();
            runtime().spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    operation().await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let done: u64 = started
        .into_iter()
        .map(|task| wait(task).expect("no task panics"))
        .sum();
    done / TIME.as_secs()
}

#[test]
#[ignore = "a measurement"]
fn speed_of_reads() {
    let server = Server::start();
    let redis = redis(&server);
    write(&redis, "k", &cell(&"v".repeat(300)).1);
    let raw = wait(redis.raw()).expect("the server is there");
    let key = server.say(&["KEYS", "*"]);
    for tasks in [1, 50, 1, 50] {
        let (redis, raw, key) = (redis.clone(), raw.clone(), key.clone());
        let ours = rate(tasks, move || {
            let redis = redis.clone();
            async move {
                let cells = redis.read(&["k"]).await.expect("the server answers");
                assert!(cells[0].is_some());
            }
        });
        let bare = rate(tasks, move || {
            let (mut raw, key) = (raw.clone(), key.clone());
            async move {
                let get = redis::cmd("GET")
                    .arg(&key)
                    .query_async::<Vec<u8>>(&mut raw)
                    .await;
                assert!(!get.expect("the server answers").is_empty());
            }
        });
        println!("{tasks:3} tasks: {ours} reads/s, bare client {bare}/s");
    }
}
