//! Cached functions that call themselves, or each other.

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Outcome, cached};

use crate::support::Tally;

#[test]
fn recursion_runs_each_step_once() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:fib:<n>")]
    fn fib(n: u64) -> u64 {
        RUNS.add();
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    isolated_blocking(|| assert_eq!(fib(60), 1_548_008_755_920));
    assert_eq!(RUNS.count(), 61);
}

#[tokio::test]
async fn async_recursion_takes_a_box() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "f:afib:<n>")]
    async fn fib(n: u64) -> u64 {
        RUNS.add();
        match n {
            0 | 1 => n,
            n => Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await,
        }
    }
    isolated(async { assert_eq!(fib(40).await, 102_334_155) }).await;
    assert_eq!(RUNS.count(), 41);
}

static EVEN_RUNS: Tally = Tally::new();

#[cached(key = "f:even:<n>")]
fn is_even(n: u64) -> bool {
    EVEN_RUNS.add();
    n == 0 || is_odd(n - 1)
}

#[cached(key = "f:odd:<n>")]
fn is_odd(n: u64) -> bool {
    EVEN_RUNS.add();
    n != 0 && is_even(n - 1)
}

#[test]
fn mutual_recursion_runs_each_step_once() {
    isolated_blocking(|| {
        assert!(is_even(20));
        assert!(is_odd(19), "stored on the way");
        assert_eq!(EVEN_RUNS.count(), 21);
    });
}

#[cached(key = "f:ping:<n>")]
async fn ping(n: u64) -> u64 {
    if n == 0 {
        0
    } else {
        Box::pin(pong(n - 1)).await + 1
    }
}

#[cached(key = "f:pong:<n>")]
async fn pong(n: u64) -> u64 {
    if n == 0 {
        100
    } else {
        Box::pin(ping(n - 1)).await + 1
    }
}

#[tokio::test]
async fn async_mutual_recursion_takes_a_box() {
    isolated(async {
        assert_eq!((ping(4).await, ping(5).await), (4, 105));
        assert_eq!(pong::traced(3).await, (3, Outcome::Hit));
    })
    .await;
}
