//! What Redis has beside a cache: `CACHE_URL=redis://127.0.0.1:6379/1 cargo run --example 12_redis_structures`.
//!
//! The cache's connection is its own; this is one beside it, with the whole of redis-rs.

use cached_core::Cache;
use redis::AsyncCommands;
use std::collections::HashMap;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::from_env()?;
    if cache.backend() != "redis" {
        println!("set CACHE_URL=redis://127.0.0.1:6379/1 to run this");
        return Ok(());
    }
    let mut redis = cache.redis().await?;

    // A queue. Keys are yours; `raw_key` gives names that nothing in the cache has.
    let queue = cache.raw_key("queue");
    let () = redis.del(&queue).await?;
    let _: usize = redis.lpush(&queue, &["first", "second"]).await?;
    let next: Option<String> = redis.rpop(&queue, None).await?;
    println!("next in the queue: {next:?}");
    assert_eq!(next.as_deref(), Some("first"));

    // A ranking.
    let ranking = cache.raw_key("ranking");
    let () = redis.zadd(&ranking, "ann", 3).await?;
    let () = redis.zadd(&ranking, "bob", 7).await?;
    let best: Vec<String> = redis.zrevrange(&ranking, 0, 0).await?;
    println!("in the lead: {best:?}");
    assert_eq!(best, ["bob"]);

    // A record.
    let record = cache.raw_key("record");
    let () = redis.hset(&record, "title", "A post").await?;
    let fields: HashMap<String, String> = redis.hgetall(&record).await?;
    println!("the record: {fields:?}");
    assert_eq!(fields["title"], "A post");

    // The cache on the same server, untouched by any of this.
    cache.set("greeting", &"hello".to_owned(), 60).await?;
    println!("{:?}", cache.get::<String>("greeting").await?);
    let () = redis.del(&[queue, ranking, record]).await?;
    Ok(())
}
