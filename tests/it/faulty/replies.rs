//! Operations that happen, and whose answers do not arrive.

use std::sync::Arc;

use cached_core::time::ManualClock;

use super::*;
use crate::support::Gate;

/// A computation that the test holds up, and who joins it.
#[cached(key = "faulty:gated:<row>", skip(gate))]
async fn gated(gate: &Gate, row: usize) -> u64 {
    let value = truth(row);
    gate.passed().await;
    value
}

/// Waits until an operation was asked for so often.
async fn asked<B: Backend>(faulty: &Faulty<B>, op: Op, times: usize) {
    until_async("it is asked for", async || faulty.calls(op) >= times).await;
}

/// Runs a leader and some joiners, loses the reply to the leader's fill, and does something while
/// it waits for it. The leader's value, and what the joiners got.
async fn lose_a_fill<Fut: Future<Output = ()>>(
    row: usize,
    meanwhile: impl FnOnce(Cache) -> Fut,
) -> (u64, Vec<u64>) {
    let (faulty, here, there) = bench();
    let (gate, open) = (Gate::default(), Gate::default());
    open.open();
    faulty.next(Op::Fill, Fault::LoseReply);
    let joiner = {
        let (here, open) = (here.clone(), open);
        Arc::new(move || {
            let (here, open) = (here.clone(), open.clone());
            async move { with_cache(&here, gated(&open, row)).await }
        })
    };
    let leader = {
        let (here, gate) = (here.clone(), gate.clone());
        tokio::spawn(async move { with_cache(&here, gated(&gate, row)).await })
    };
    gate.await_entered_async(1).await;
    let watch = crate::support::Watch::of(&here);
    let joiners: Vec<_> = (0..3).map(|_| tokio::spawn(joiner())).collect();
    while watch.count(cached_core::event::EventKind::Joined) < 3 {
        tokio::task::yield_now().await;
    }
    gate.open();
    asked(&faulty, Op::Fill, 1).await;
    meanwhile(there).await;
    let mut joined = Vec::new();
    let led = leader.await.expect("no body panics");
    for joiner in joiners {
        joined.push(joiner.await.expect("no body panics"));
    }
    (led, joined)
}

#[tokio::test]
async fn joiners_of_a_fill_without_reply_ask_again() {
    let (led, joined) = lose_a_fill(30, |_| async {}).await;
    assert_eq!(led, truth(30), "its own value");
    assert_eq!(joined, [truth(30); 3], "what is there now");
}

/// The fill was stored, its reply is under way for ever, and another process invalidates: what the
/// joiners waited for is old now.
#[tokio::test]
async fn joiners_of_a_fill_without_reply_take_no_old_value() {
    let old = truth(31);
    let (led, joined) = lose_a_fill(31, |there| async move {
        ROWS[31].fetch_add(1, Ordering::SeqCst);
        let delivered = there.invalidate("faulty:gated:31").await;
        assert!(delivered.is_ok());
    })
    .await;
    assert_eq!(led, old, "its caller began before");
    assert_eq!(joined, [old + 1; 3], "the fill's fate was not known");
}

#[tokio::test]
async fn a_lease_whose_reply_was_lost_does_not_hold_the_key_up() {
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.next(Op::Acquire, Fault::LoseReply);
        let outcome = reads(32, "the lease is there, and nobody knows").await;
        assert_eq!(outcome, Outcome::NotStored);
        reads_a_hit(32, "the lease was given back").await;
    })
    .await;
}

/// The same, for a caller that goes before it is given up on.
#[tokio::test]
async fn a_lease_whose_leader_was_dropped_does_not_hold_the_key_up() {
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.next(Op::Acquire, Fault::LoseReply);
        let dropped = tokio::time::timeout(TIMEOUT / 4, read(33)).await;
        assert!(dropped.is_err(), "it waits for the reply");
        reads_a_hit(33, "the lease was given back").await;
    })
    .await;
}

/// An explicit write that was not acknowledged says so; old or new, it is one of both.
#[tokio::test]
async fn a_write_without_reply_is_an_error() {
    let (faulty, here, there) = bench();
    there.set("k", &1u32, 60).await.expect("it answers");
    faulty.next(Op::Write, Fault::LoseReply);
    let written = here.set("k", &2u32, 60).await;
    let error = written.expect_err("nobody acknowledged it");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let found = here.get::<u32>("k").await.expect("it answers");
    assert_eq!(found, Some(2), "it was carried out all the same");
}

/// A lease that cannot be renewed ends, and what is computed under it is refused: the value is
/// right, and is not stored in the place of a newer one.
#[tokio::test]
async fn what_a_lost_lease_computed_is_not_stored() {
    #[cached(key = "faulty:lease:<row>", lock = "90ms", skip(gate))]
    async fn slow(gate: &Gate, row: usize) -> u64 {
        let value = truth(row);
        gate.passed().await;
        value
    }
    let clock = ManualClock::new();
    let faulty = Faulty::new(testing::in_process_at(clock.clone()));
    let cache = || {
        Cache::on(faulty.clone())
            .build()
            .expect("the defaults are valid")
    };
    let (here, there) = (cache(), cache());
    faulty.always(Op::Renew, Fault::Error(ErrorKind::Unavailable));
    let (gate, open) = (Gate::default(), Gate::default());
    open.open();
    let leader = {
        let (here, gate) = (here.clone(), gate.clone());
        tokio::spawn(async move { with_cache(&here, slow::traced(&gate, 34)).await })
    };
    gate.await_entered_async(1).await;
    clock.advance(Duration::from_millis(120));
    ROWS[34].fetch_add(1, Ordering::SeqCst);
    let (newer, outcome) = with_cache(&there, slow::traced(&open, 34)).await;
    assert_eq!((newer, outcome), (truth(34), Outcome::Stored), "taken over");
    gate.open();
    let (older, outcome) = leader.await.expect("no body panics");
    assert_eq!(outcome, Outcome::Refused, "its lease is another's");
    assert_eq!(older + 1, truth(34), "its caller began before");
    let (now, outcome) = with_cache(&here, slow::traced(&open, 34)).await;
    assert_eq!((now, outcome), (truth(34), Outcome::Hit), "the newer stays");
}
