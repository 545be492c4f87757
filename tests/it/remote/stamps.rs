//! The stamps that entries depend on, and how they live on.

use std::time::Duration;

use cached_core::testing::{ManualClock, in_process_at, with_cache};
use cached_core::{Cache, Ttl, cached};

use super::cells::{Cells, Op};

#[cached(key = "stamped:<id>", ttl = 60, tags("stamp:<id>"))]
async fn stamped(id: u64) -> u64 {
    id
}

/// Computes so often, each time with the stamps of the tag, the function and the cache, and reads.
async fn misses(cache: &Cache, count: usize) {
    for _ in 0..count {
        cache.invalidate("stamped:1").await.expect("a key");
        for _ in 0..5 {
            with_cache(cache, stamped(1)).await;
        }
    }
}

/// To whoever keeps entries in memory each renewal is a change of the stamp. Of tags there is no end,
/// so theirs go one day; those of the function and the cache need no renewal.
#[tokio::test]
async fn a_stamp_is_renewed_surely_and_then_not_for_long() {
    let cells = Cells::default();
    let (maker, other) = (cells.cache(), cells.cache());
    misses(&maker, 300).await;
    misses(&other, 1_500).await;
    cells.until("the other process renews that of the tag", |cells| {
        cells.count(Op::Renew) >= 1
    });
    misses(&maker, 300).await;
    misses(&other, 300).await;
    assert_eq!(cells.count(Op::Renew), 1, "whoever made it need not");
    let ttl = cells.last_ttl(Op::Renew, "").expect("it has one");
    assert_eq!(ttl.as_secs() / (24 * 3600), 30);
}

#[cached(key = "stamped:forever:<id>", ttl = "forever", skip(computed))]
async fn forever(id: u64, computed: u64) -> u64 {
    let _ = id;
    computed
}

/// What has no end outlives any time in which nobody asks for it, and so does what it depends on.
#[tokio::test]
async fn forever_is_longer_than_a_year_without_a_question() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let process = || Cache::on(cells.clone()).build().expect("the defaults");
    let (cache, year) = (process(), Duration::from_secs(366 * 24 * 3600));
    cache.set("k", &1u64, Ttl::FOREVER).await.expect("a number");
    cache
        .set("days", &1u64, 40 * 24 * 3600)
        .await
        .expect("a number");
    assert_eq!(cache.incr_or("n", 1, 0).await.expect("a counter"), 1);
    assert_eq!(with_cache(&cache, forever(1, 1)).await, 1);
    clock.advance(Duration::from_secs(39 * 24 * 3600));
    let later = process();
    assert_eq!(later.get::<u64>("days").await.expect("a key"), Some(1));
    clock.advance(year);
    let later = process();
    assert_eq!(later.get::<u64>("k").await.expect("a key"), Some(1));
    assert_eq!(later.incr("n", 1).await.expect("it is there"), 2);
    assert_eq!(with_cache(&later, forever(1, 2)).await, 1);
    later.clear().await.expect("it answers");
    assert_eq!(process().get::<u64>("k").await.expect("a key"), None);
}
