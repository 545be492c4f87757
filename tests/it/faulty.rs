//! A backend that is slow, hangs, fails, loses replies or lies: what cached functions do then.
//!
//! Time limits are real time here, so these tests wait for some.

mod delivery;
mod lies;
mod replies;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cached_core::backend::Backend;
use cached_core::testing::{self, Fault, Faulty, Lie, Op, with_cache};
use cached_core::{Cache, ErrorKind, Outcome, cached, invalidates};

use crate::support::until_async;

/// How long an operation may take here.
const TIMEOUT: Duration = Duration::from_millis(25);

/// More than a call may wait in all: it has at most five operations, one after the other, and an
/// invalidation may take 250 ms. The rest is for busy machines.
const BOUND: Duration = Duration::from_millis(1_500);

/// A cache on a backend that the test makes fail, and another one on the same cells.
fn bench() -> (Faulty<impl Backend + Clone>, Cache, Cache) {
    let faulty = Faulty::new(testing::in_process());
    let here = Cache::on(faulty.clone()).timeout(TIMEOUT).build();
    let there = Cache::on(faulty.inner().clone()).build();
    let valid = "the defaults are valid";
    (faulty, here.expect(valid), there.expect(valid))
}

/// What the source of truth says; a test has a row of its own.
static ROWS: [AtomicU64; 64] = [const { AtomicU64::new(1) }; 64];

fn truth(row: usize) -> u64 {
    ROWS[row].load(Ordering::SeqCst)
}

/// The row, with some text around, so that the value is one that could be damaged.
#[cached(key = "faulty:row:<row>", tags("faulty:tag:<row>"))]
async fn read(row: usize) -> String {
    format!("row {row} has {}", truth(row))
}

#[invalidates(read(row))]
async fn change(row: usize) {
    ROWS[row].fetch_add(1, Ordering::SeqCst);
}

/// Reads, which must give the truth, soon.
#[track_caller]
fn reads(row: usize, what: &str) -> impl Future<Output = Outcome> {
    let what = what.to_owned();
    let place = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        let (value, outcome) = read::traced(row).await;
        let took = began.elapsed();
        let expected = format!("row {row} has {}", truth(row));
        assert_eq!(value, expected, "{what} ({outcome:?}, {place})");
        assert!(took < BOUND, "{what}: it took {took:?}, {place}");
        outcome
    }
}

/// Reads until it is a hit, as it has to be some time after the faults are over.
async fn reads_a_hit(row: usize, what: &str) {
    until_async(what, async || reads(row, what).await == Outcome::Hit).await;
}

/// All that can go wrong, but for an old cell that is given out as the present one, which nobody
/// can tell from the truth.
fn faults() -> Vec<Fault> {
    use ErrorKind::{Denied, Full, Protocol, ReadOnly, Timeout, Unavailable};
    let kinds = [Unavailable, Timeout, Denied, Full, ReadOnly, Protocol];
    let lies = [Lie::Truncated, Lie::Garbage, Lie::Swapped, Lie::Short];
    let others = [
        Fault::Delay(Duration::from_millis(5)),
        Fault::Delay(TIMEOUT * 3),
        Fault::Hang,
        Fault::LoseReply,
    ];
    let kinds = kinds.map(Fault::Error);
    [&others[..], &kinds, &lies.map(Fault::Lie)].concat()
}

/// A miss, a call that might hit, a mutator, a call after it, while `ops` have a fault; then it is
/// over.
async fn survives(ops: &[Op], fault: Fault, row: usize) {
    let (faulty, here, there) = bench();
    with_cache(&here, async {
        let what = format!("{ops:?}: {fault:?}");
        faulty.always(ops.iter().copied(), fault);
        reads(row, &what).await;
        reads(row, &what).await;
        let began = Instant::now();
        change(row).await;
        let took = began.elapsed();
        assert!(took < BOUND, "{what}: the mutator took {took:?}");
        reads(row, &what).await;
        reads(row, &what).await;
        faulty.clear();
        reads_a_hit(row, &what).await;
    })
    .await;
    // What this process has seen as a hit is what others see.
    let what = format!("{ops:?}: {fault:?}, in another process");
    with_cache(&there, reads(row, &what)).await;
}

macro_rules! survives {
    ($($name:ident: $op:ident, $row:literal;)*) => {
        $(#[tokio::test]
        async fn $name() {
            for fault in faults() {
                survives(&[Op::$op], fault, $row).await;
            }
        })*
    };
}

survives! {
    a_faulty_read_costs_a_bounded_wait: Read, 0;
    a_faulty_acquire_costs_a_bounded_wait: Acquire, 1;
    a_faulty_fill_costs_a_bounded_wait: Fill, 2;
    a_faulty_release_costs_a_bounded_wait: Release, 3;
    a_faulty_write_costs_a_bounded_wait: Write, 4;
    a_faulty_invalidation_costs_a_bounded_wait: Invalidate, 5;
    a_faulty_clock_costs_a_bounded_wait: Now, 6;
    a_faulty_renewal_costs_nothing: Renew, 7;
    a_faulty_change_costs_nothing: Changed, 8;
}

#[tokio::test]
async fn a_backend_of_which_nothing_works_costs_a_bounded_wait() {
    for fault in faults() {
        survives(&Op::ALL, fault, 9).await;
    }
}

/// Callers that do not await have the same bounds.
#[test]
fn sync_callers_wait_no_longer() {
    #[cached(key = "faulty:sync:<n>")]
    fn double(n: u64) -> u64 {
        n * 2
    }
    let (faulty, here, _) = bench();
    testing::with_cache_blocking(&here, || {
        for fault in faults() {
            faulty.always(Op::ALL, fault);
            let began = Instant::now();
            assert_eq!(double(21), 42, "{fault:?}");
            let delivery = double::entry(21).blocking().invalidate();
            assert!(began.elapsed() < BOUND, "{fault:?}, {delivery:?}");
        }
    });
}

#[tokio::test]
async fn a_backend_that_keeps_hanging_is_left_alone() {
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.always(Op::ALL, Fault::Hang);
        for _ in 0..5 {
            reads(10, "it hangs").await;
        }
        let (asked, began) = (faulty.all_calls(), Instant::now());
        assert_eq!(asked, 5, "each call gave up on its first question");
        for _ in 0..100 {
            reads(10, "it rests").await;
        }
        let (more, took) = (faulty.all_calls() - asked, began.elapsed());
        // A pause ends after 500 ms at the earliest, and lets one question through.
        let probes = took.as_millis() as usize / 500;
        assert!(more <= probes, "{more} questions in {took:?}");
        faulty.clear();
        reads_a_hit(10, "it answers again").await;
    })
    .await;
}

#[tokio::test]
async fn a_probe_that_fails_leaves_the_backend_alone_again() {
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.always(Op::ALL, Fault::Error(ErrorKind::Unavailable));
        for _ in 0..5 {
            reads(11, "it fails").await;
        }
        let asked = faulty.all_calls();
        while faulty.all_calls() == asked {
            reads(11, "nobody has probed yet").await;
        }
        for _ in 0..50 {
            reads(11, "it still fails").await;
        }
        let probes = faulty.all_calls() - asked;
        assert_eq!(probes, 1, "one question, whose failure opens it again");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_no_outage() {
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.always(Op::Acquire, Fault::Error(ErrorKind::Full));
        for _ in 0..20 {
            reads(12, "there is no room").await;
        }
        let acquired = faulty.calls(Op::Acquire);
        assert!(
            acquired >= 20,
            "a full server can still be read: {acquired}"
        );
    })
    .await;
}

#[tokio::test]
async fn faults_are_counted() {
    #[cached(key = "faulty:counted")]
    async fn faulty_counted() -> u64 {
        1
    }
    let faults = || {
        let stats = cached_core::stats();
        stats
            .function("faulty_counted")
            .expect("it is cached")
            .faults()
    };
    let (faulty, here, _) = bench();
    with_cache(&here, async {
        faulty.next(Op::Read, Fault::Error(ErrorKind::Unavailable));
        faulty_counted().await;
        let after_read = faults();
        assert_eq!(after_read, 1, "the read failed");
        faulty.next(Op::Acquire, Fault::Error(ErrorKind::Unavailable));
        faulty_counted().await;
        assert_eq!(faults(), 2, "the acquire failed");
        faulty_counted().await;
        faulty_counted().await;
        assert_eq!(faults(), 2, "nothing failed");
    })
    .await;
}
