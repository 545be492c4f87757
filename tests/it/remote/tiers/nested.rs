//! Computations that read: what they are made of is asked for, because it is stored for everybody.

use cached_core::testing::{ManualClock, with_cache};
use cached_core::{Cache, Outcome, cached};

use super::Source;
use crate::remote::cells::Cells;

#[cached(key = "nested:part:<id>", ttl = 60, skip(source))]
async fn part(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.now()
}

/// The ways to read a part.
#[derive(Debug, Clone, Copy)]
enum By {
    Call,
    Entry,
    Handle,
    HandleOfMany,
}

#[cached(key = "nested:whole:<id>", ttl = 300, skip(by, cache, source))]
async fn whole(id: u64, by: By, cache: &Cache, source: &Source) -> u64 {
    let _ = id;
    let key = "nested:part:1";
    let found = match by {
        By::Call => Some(part(1, source).await),
        By::Entry => part::entry(1).get().await,
        By::Handle => cache.get(key).await.expect("it answers"),
        By::HandleOfMany => cache.get_many([key]).await.expect("it answers")[0],
    };
    found.unwrap_or_else(|| source.now())
}

#[tokio::test]
async fn what_is_near_is_no_part_of_a_value_that_is_stored() {
    for by in [By::Call, By::Entry, By::Handle, By::HandleOfMany] {
        let cells = Cells::default();
        let aged = cells.process().clock(ManualClock::new()).l1(60).build();
        let (here, there) = (aged.expect("an age"), cells.cache());
        let source = Source::default();
        let read = || with_cache(&here, part::traced(1, &source));
        assert_eq!(read().await, (0, Outcome::Stored));
        assert_eq!(read().await, (0, Outcome::Hit), "from the backend");
        source.change();
        there.invalidate("nested:part:1").await.expect("a key");
        assert_eq!(read().await, (0, Outcome::Hit), "nobody told");
        for cache in [&here, &there] {
            let made = with_cache(cache, whole(1, by, cache, &source)).await;
            assert_eq!(made, 1, "{by:?}");
        }
    }
}

#[tokio::test]
async fn what_a_computation_reads_is_kept_for_calls_outside_of_it() {
    let cells = Cells::default().watches();
    let tiered = cells.process().l1(60).build();
    let here = tiered.expect("a legal age");
    let source = Source::default();
    with_cache(&here, part(1, &source)).await;
    with_cache(&here, whole(1, By::Call, &here, &source)).await;
    let asked = cells.log().len();
    let read = with_cache(&here, part::traced(1, &source)).await;
    assert_eq!(read, (0, Outcome::Hit));
    assert_eq!(cells.log().len(), asked, "nobody was asked");
}

/// Where misses are the rule a lease goes first, and what that finds is not kept.
#[tokio::test]
async fn a_value_is_near_from_its_second_read_on_also_where_most_calls_miss() {
    let cells = Cells::default().watches();
    let tiered = cells.process().l1(60).build();
    let here = tiered.expect("a legal age");
    let source = Source::default();
    let call = |id| with_cache(&here, part::traced(id, &source));
    for id in 100..164 {
        assert_eq!(call(id).await.1, Outcome::Stored);
    }
    for id in 0..5 {
        assert_eq!(call(id).await.1, Outcome::Stored);
        assert_eq!(call(id).await.1, Outcome::Hit, "from the backend");
        let asked = cells.log().len();
        assert_eq!(call(id).await.1, Outcome::Hit);
        assert_eq!(cells.log().len(), asked, "nobody was asked");
    }
}
