//! Invalidations that do not arrive, and what this process reads until they do.

use super::*;
use cached_core::Delivery;

/// Waits until another process finds nothing under the key any more.
async fn gone(there: &Cache, key: &str) {
    let holds = async || !there.contains(key).await.expect("it answers");
    until_async("it is delivered", holds).await;
}

#[tokio::test]
async fn an_invalidation_without_reply_is_queued_and_repeated() {
    let (faulty, here, there) = bench();
    with_cache(&here, async {
        reads_a_hit(40, "nothing is wrong").await;
        faulty.next(Op::Invalidate, Fault::LoseReply);
        let delivery = read::entry(40).invalidate().await;
        assert_eq!(delivery, Delivery::Queued, "nobody acknowledged it");
        reads_a_hit(40, "it was repeated").await;
        assert!(faulty.calls(Op::Invalidate) >= 2, "in the background");
    })
    .await;
    with_cache(&there, reads(40, "in another process")).await;
}

#[invalidates(read(row))]
fn change_sync(row: usize) {
    ROWS[row].fetch_add(1, Ordering::SeqCst);
}

/// A slow backend is waited for: once the mutator has returned, nobody reads the old value.
#[tokio::test]
async fn a_mutator_returns_after_its_invalidation_arrived() {
    let (faulty, here, there) = bench();
    for sync in [false, true] {
        with_cache(&here, reads(48, "it is stored, or was")).await;
        let stored = there.contains("faulty:row:48").await;
        assert!(stored.expect("it answers"));
        faulty.next(Op::Invalidate, Fault::Delay(Duration::from_millis(50)));
        match sync {
            true => testing::with_cache_blocking(&here, || change_sync(48)),
            false => with_cache(&here, change(48)).await,
        }
        let found = there.contains("faulty:row:48").await;
        assert!(!found.expect("it answers"), "sync: {sync}");
    }
}

/// Until it is delivered, this process reads nothing under the key, whatever stands there.
#[tokio::test]
async fn an_undelivered_key_is_not_read() {
    let (faulty, here, there) = bench();
    with_cache(&here, async {
        reads_a_hit(41, "nothing is wrong").await;
        faulty.always(Op::Invalidate, Fault::Error(ErrorKind::Unavailable));
        change(41).await;
        assert!(there.contains("faulty:row:41").await.expect("it answers"));
        for _ in 0..10 {
            let outcome = reads(41, "the old value is still there").await;
            assert_eq!(outcome, Outcome::NotStored, "and nothing is put there");
        }
        reads_a_hit(42, "other keys are as ever").await;
        faulty.clear();
        reads_a_hit(41, "it was delivered before the first hit").await;
    })
    .await;
    with_cache(&there, reads(41, "in another process")).await;
}

/// The same for the handle, which says why.
#[tokio::test]
async fn the_handle_does_not_read_what_it_owes() {
    let (faulty, here, there) = bench();
    here.set("k", &1u32, 60).await.expect("it answers");
    faulty.always(Op::Invalidate, Fault::Hang);
    let delivery = here.invalidate("k").await.expect("the key is not empty");
    assert_eq!(delivery, Delivery::Queued);
    let owed = here.get::<u32>("k").await.expect_err("it is owed");
    assert_eq!(owed.kind(), ErrorKind::Unavailable);
    assert_eq!(there.get::<u32>("k").await.expect("it answers"), Some(1));
    faulty.clear();
    gone(&there, "k").await;
    let is_read = async || here.get::<u32>("k").await.is_ok();
    until_async("it is read again", is_read).await;
    assert_eq!(here.get::<u32>("k").await.expect("it answers"), None);
}

/// Tags, functions and the whole cache are owed as keys are.
#[tokio::test]
async fn tags_functions_and_caches_are_owed_too() {
    #[cached(key = "faulty:owed:<n>", tags("faulty:owed"))]
    async fn owed(n: usize) -> u64 {
        truth(n)
    }
    for how in 0..3 {
        let (faulty, here, there) = bench();
        with_cache(&here, async {
            owed(43).await;
            assert_eq!(owed::traced(43).await.1, Outcome::Hit);
            faulty.always(Op::Invalidate, Fault::Error(ErrorKind::Unavailable));
            ROWS[43].fetch_add(1, Ordering::SeqCst);
            let delivery = match how {
                0 => here.invalidate_tag("faulty:owed").await.expect("a tag"),
                1 => owed::invalidate_all().await,
                _ => here.clear().await.expect("no key that could be wrong"),
            };
            assert_eq!(delivery, Delivery::Queued, "way {how}");
            assert_eq!(owed(43).await, truth(43), "way {how}: it is owed");
            faulty.clear();
            gone(&there, "faulty:owed:43").await;
            assert_eq!(owed(43).await, truth(43), "way {how}: delivered");
        })
        .await;
    }
}

/// A mutator whose invalidation hangs is dropped: by a timeout of its caller, or a client that
/// hung up.
#[tokio::test]
async fn a_mutator_dropped_while_its_invalidation_hangs_is_delivered() {
    let (faulty, here, there) = bench();
    with_cache(&here, async {
        reads_a_hit(44, "nothing is wrong").await;
        faulty.next(Op::Invalidate, Fault::Hang);
        let dropped = tokio::time::timeout(TIMEOUT, change(44)).await;
        assert!(dropped.is_err(), "it waits for the acknowledgement");
        reads(44, "it is owed from the first moment on").await;
        reads_a_hit(44, "it was delivered").await;
    })
    .await;
    with_cache(&there, reads(44, "in another process")).await;
}

/// A mutator that is dropped in its body, while the backend is down.
#[tokio::test]
async fn a_mutator_dropped_in_its_body_is_delivered_after_an_outage() {
    #[invalidates(read(row))]
    async fn never_ends(row: usize) {
        ROWS[row].fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    }
    let (faulty, here, there) = bench();
    with_cache(&here, async {
        reads_a_hit(45, "nothing is wrong").await;
        faulty.always(Op::ALL, Fault::Error(ErrorKind::Unavailable));
        let dropped = tokio::time::timeout(TIMEOUT, never_ends(45)).await;
        assert!(dropped.is_err(), "it never ends");
        reads(45, "it may have written").await;
        faulty.clear();
        reads_a_hit(45, "it was delivered").await;
    })
    .await;
    with_cache(&there, reads(45, "in another process")).await;
}

/// After an outage what is owed is delivered before the first hit.
#[tokio::test]
async fn what_is_owed_is_delivered_before_the_first_hit() {
    for fault in [Fault::Hang, Fault::Error(ErrorKind::Unavailable)] {
        let (faulty, here, there) = bench();
        with_cache(&here, async {
            for row in 46..50 {
                reads_a_hit(row, "nothing is wrong").await;
            }
            faulty.always(Op::ALL, fault);
            for row in 46..50 {
                change(row).await;
            }
            for row in 46..50 {
                reads(row, "the outage").await;
            }
            faulty.clear();
            for row in 46..50 {
                reads_a_hit(row, "the outage is over").await;
            }
        })
        .await;
        for row in 46..50 {
            with_cache(&there, reads(row, "in another process")).await;
        }
    }
}
