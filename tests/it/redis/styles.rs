//! Sync functions on a server: with any runtime around them, or none.

use cached_core::testing::{with_cache, with_cache_blocking};
use cached_core::{Outcome, cached, invalidates};

use super::patient;
use super::server::Server;

#[cached(key = "style:<id>", ttl = 60, lock)]
fn double(id: u64) -> u64 {
    id * 2
}

#[cached(key = "style:<id>", ttl = 60, lock)]
async fn double_later(id: u64) -> u64 {
    // Sync callers come meanwhile, on this thread.
    tokio::task::yield_now().await;
    id * 2
}

#[invalidates("style:<id>")]
fn forget(id: u64) {}

fn calls(from: u64) {
    for id in from..from + 5 {
        assert_eq!(double::traced(id), (id * 2, Outcome::Stored));
        assert_eq!(double::traced(id), (id * 2, Outcome::Hit));
        forget(id);
        assert_eq!(double::traced(id), (id * 2, Outcome::Stored));
    }
}

#[test]
fn sync_functions_need_no_runtime_and_bear_any() {
    let server = Server::start();
    let cache = patient(&server.url());
    with_cache_blocking(&cache, || calls(0));

    let current = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let current = current.expect("the system has file descriptors");
    current.block_on(with_cache(&cache, async { calls(10) }));
    let local = tokio::task::LocalSet::new();
    local.block_on(
        &current,
        with_cache(&cache, async {
            let inner = cached_core::with_context(async { calls(20) });
            tokio::task::spawn_local(inner).await.expect("no panic");
        }),
    );

    let multi = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let multi = multi.expect("the system has threads");
    multi.block_on(with_cache(&cache, async {
        let tasks = (3..6).map(|number| cached_core::spawn(async move { calls(number * 10) }));
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
    }));
}

#[test]
fn sync_and_async_callers_of_one_key_never_block_each_other() {
    let server = Server::start();
    let cache = patient(&server.url());
    let current = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let current = current.expect("the system has file descriptors");
    current.block_on(with_cache(&cache, async {
        let tasks = (0..20).map(|number| {
            cached_core::spawn(async move {
                match number % 2 {
                    0 => double(100),
                    _ => double_later(100).await,
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert_eq!(task.await.expect("no panic"), 200);
        }
    }));
}
