//! The cache itself, without a macro: `cargo run --example 04_low_level_handle`.

use cached_core::{Cache, Error, Ttl, cached};
use std::time::Duration;

#[cached(key = "square:<n>")]
async fn square(n: u64) -> u64 {
    n * n
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Its own entries, bounds and default TTL. `Cache::connect("memory://?capacity=1000")`
    // does the same from a URL.
    let cache = Cache::memory()
        .capacity(1_000)
        .default_ttl(Duration::from_secs(60))
        .build()?;

    cache.set("greeting", &"hello".to_owned(), 60).await?;
    println!("{:?}", cache.get::<String>("greeting").await?);
    // A value of another type is a miss, never garbage.
    assert_eq!(cache.get::<u64>("greeting").await?, None);

    // One step, so concurrent callers count right. A counter that is not there counts from 0.
    cache.incr_or("visits", 1, 0).await?;
    println!("{} visits", cache.incr("visits", 41).await?);

    // Not a get and then a set: callers of one key share one computation, and an invalidation
    // that comes meanwhile keeps the old value out.
    let report = || async { "expensive".to_owned() };
    println!(
        "{}",
        cache.get_or_set("report", Ttl::DEFAULT, report).await?
    );

    // Only where nothing is: one of many wins.
    assert!(
        cache
            .add("owner", &"first".to_owned(), Ttl::FOREVER)
            .await?
    );
    assert!(
        !cache
            .add("owner", &"second".to_owned(), Ttl::FOREVER)
            .await?
    );

    println!("deleted: {}", cache.delete("greeting").await?);
    println!("deleted again: {}", cache.delete("greeting").await?);
    println!("{} entries", cache.len());

    // Functions use the installed cache. Its keys are the ones you write: no hidden prefix.
    cached_core::install(cache.clone())?;
    square(12).await;
    println!("{:?}", cache.get::<u64>("square:12").await?);
    assert_eq!(cache.get::<u64>("square:12").await?, Some(144));
    Ok(())
}
