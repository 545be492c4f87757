//! What the cache does, for logs, metrics and other caches: `cargo run --example 10_events`.

use cached_core::event::EventKind;
use cached_core::{Cache, cached, invalidates};
use std::sync::mpsc;

#[cached(key = "post:<id>")]
async fn get_post(id: u64) -> String {
    format!("Post number {id}")
}

#[invalidates(get_post(id))]
async fn update_post(id: u64) {}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::memory().build()?;

    // Runs where it happens, so keep it short. Events cost nothing until somebody subscribes.
    // Ready-made: `event::metrics_subscriber()` (feature `metrics`) and
    // `event::tracing_subscriber()` (feature `tracing`).
    cache.subscribe(|event| match event.kind {
        EventKind::Hit => {}
        kind => println!("{:<12} {} {:?}", kind.as_str(), event.key, event.function),
    });

    // Runs on a thread of its own behind a bounded queue: mutators never wait for it. This is the
    // place to purge a CDN.
    let (purge, purged) = mpsc::channel();
    cache.on_invalidate(move |event| {
        // The receiver is gone only when the program ends.
        let _ = purge.send(event.key.clone());
    })?;

    // Before the first cached call; from then on the functions use it.
    cached_core::install(cache)?;

    for _ in 0..10 {
        get_post(7).await;
    }
    update_post(7).await;
    get_post(7).await;
    println!("told the CDN to forget {}", purged.recv()?);

    // Counted always, per function.
    let stats = cached_core::stats();
    println!("\n{stats}");
    let posts = stats
        .function("get_post")
        .ok_or("every cached function has a row")?;
    assert_eq!((posts.hits(), posts.stored()), (9, 2));
    Ok(())
}
