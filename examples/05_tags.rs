//! One name for many keys: `cargo run --example 05_tags`.

use cached_core::{Cache, cached, invalidates};
use std::sync::atomic::{AtomicU32, Ordering};

static QUERIES: AtomicU32 = AtomicU32::new(0);

fn query(of: u64) -> u64 {
    QUERIES.fetch_add(1, Ordering::Relaxed);
    of * 100
}

// Readers declare their tags. The mutator then need not know how many pages a feed has, or which
// other lists show this user.
#[cached(key = "feed:<user>:<page>", tags("user:<user>"))]
async fn feed(user: u64, page: u64) -> u64 {
    query(user) + page
}

#[cached(key = "user:<user>:permissions", tags("user:<user>", "permissions"))]
async fn permissions(user: u64) -> u64 {
    query(user)
}

// One step, however many entries carry the tag. `"user:<user>:*"` is another way to write it.
#[invalidates(tag = "user:<user>")]
async fn update_user(user: u64) {}

// Every entry of one function, without a tag: `..` for the arguments.
#[invalidates(feed(..))]
async fn reorder_all_feeds() {}

#[tokio::main]
async fn main() -> Result<(), cached_core::Error> {
    let reads = async |when: &str| {
        let before = QUERIES.load(Ordering::Relaxed);
        let _feeds = (feed(1, 1).await, feed(1, 2).await, feed(2, 1).await);
        let _permissions = (permissions(1).await, permissions(2).await);
        let queries = QUERIES.load(Ordering::Relaxed) - before;
        println!("{when}: 5 reads, {queries} queries");
        queries
    };
    assert_eq!(reads("cold").await, 5);
    assert_eq!(reads("warm").await, 0);
    update_user(1).await;
    assert_eq!(reads("after update_user(1)").await, 3);
    reorder_all_feeds().await;
    assert_eq!(reads("after reorder_all_feeds()").await, 3);
    // Tags of the low-level handle are the same tags.
    Cache::current()?.invalidate_tag("permissions").await?;
    assert_eq!(reads("after the tag `permissions`").await, 2);
    Ok(())
}
