//! The stamps that entries depend on, and how they live on.

use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, cached};

use super::cells::{Cells, Op};

#[cached(key = "stamped:<id>", ttl = 60)]
async fn stamped(id: u64) -> u64 {
    id
}

/// Computes so often, each time with the stamps of the function and of the cache, and reads.
async fn misses(cache: &Cache, count: usize) {
    for _ in 0..count {
        cache.invalidate("stamped:1").await.expect("a key");
        for _ in 0..5 {
            with_cache(cache, stamped(1)).await;
        }
    }
}

/// To whoever keeps entries in memory each renewal is a change of the stamp.
#[tokio::test]
async fn a_stamp_is_renewed_surely_and_then_not_for_long() {
    let cells = Cells::default();
    let (maker, other) = (cells.cache(), cells.cache());
    misses(&maker, 300).await;
    misses(&other, 1_500).await;
    cells.until("the other process renews both", |cells| {
        cells.count(Op::Renew) >= 2
    });
    misses(&maker, 300).await;
    misses(&other, 300).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(cells.count(Op::Renew), 2, "whoever made them need not");
    let ttl = cells.last_ttl(Op::Renew, "").expect("it has one");
    assert_eq!(ttl.as_secs() / (24 * 3600), 30);
}
