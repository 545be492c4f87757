//! What a hit costs, ours and the peers' in one run: `cargo run --release -p peers`.
//!
//! All variants take turns in short windows, so that a noisy machine disturbs them alike; the
//! figure of each is the median over its windows, and the report gives ratios to ours. Each
//! variant holds 10,000 live `Arc` values with a TTL of five minutes and a size bound, and is
//! called with keys in a scattered order.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const KEYS: u64 = 10_000;
const WINDOW: u64 = 8_192;
const ROUNDS: usize = 301;
const CONTENDED_ROUNDS: usize = 15;
const TTL: Duration = Duration::from_secs(300);

type Value = Arc<Vec<u8>>;

fn compute(id: u64) -> Value {
    Arc::new(vec![id as u8; 100])
}

mod ours {
    use super::{Value, compute};

    #[cached_core::cached(key = "post:<id>", ttl = 300)]
    pub(super) fn by_id(id: u64) -> Value {
        compute(id)
    }
}

mod peer {
    use super::{Value, compute};
    use cached::macros::{cached, concurrent_cached};

    #[cached(max_size = 100_000, ttl_secs = 300)]
    pub(super) fn by_id(id: u64) -> Value {
        compute(id)
    }

    #[cached(max_size = 100_000, ttl_secs = 300, sync_writes = "by_key")]
    pub(super) fn single_flight(id: u64) -> Value {
        compute(id)
    }

    #[cached(
        max_size = 100_000,
        ttl_secs = 300,
        key = "String",
        convert = r#"{ format!("post:{id}") }"#
    )]
    pub(super) fn by_text(id: u64) -> Value {
        compute(id)
    }

    #[concurrent_cached(max_size = 100_000, ttl_secs = 300)]
    pub(super) fn sharded(id: u64) -> Value {
        compute(id)
    }
}

static MOKA: LazyLock<moka::sync::Cache<u64, Value>> = LazyLock::new(|| {
    moka::sync::Cache::builder()
        .max_capacity(100_000)
        .time_to_live(TTL)
        .build()
});

/// `quick_cache` has no TTL of its own: the deadline is kept in the value, as its users do.
static QUICK: LazyLock<quick_cache::sync::Cache<u64, (Value, Instant)>> =
    LazyLock::new(|| quick_cache::sync::Cache::new(100_000));

fn quick(id: u64) -> Value {
    match QUICK.get(&id) {
        Some((value, until)) if Instant::now() < until => value,
        _ => {
            let value = compute(id);
            QUICK.insert(id, (Arc::clone(&value), Instant::now() + TTL));
            value
        }
    }
}

type Variant = (&'static str, fn(u64) -> Value);

const VARIANTS: [Variant; 7] = [
    ("ours: key \"post:<id>\"", ours::by_id),
    ("cached: native key", peer::by_id),
    ("cached: native key, by_key", peer::single_flight),
    ("cached: format! key", peer::by_text),
    ("cached: concurrent, native key", peer::sharded),
    ("moka get_with: native key", |id| {
        MOKA.get_with(id, || compute(id))
    }),
    ("quick_cache + Instant: native key", quick),
];

/// A scattered order over all keys: a step that shares no factor with their number.
fn key(n: u64) -> u64 {
    n.wrapping_mul(7_919) % KEYS
}

/// Nanoseconds per call in one window.
fn window(call: fn(u64) -> Value, from: u64) -> f64 {
    let begin = Instant::now();
    for n in from..from + WINDOW {
        black_box(call(black_box(key(n))));
    }
    begin.elapsed().as_nanos() as f64 / WINDOW as f64
}

/// Nanoseconds per call while two threads hit one key.
fn contended(call: fn(u64) -> Value) -> f64 {
    const CALLS: u64 = 200_000;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..CALLS).for_each(|_| drop(black_box(call(black_box(7))))));
        }
    });
    begin.elapsed().as_nanos() as f64 / (2 * CALLS) as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Medians over rounds in which all variants take turns.
fn compare(title: &str, rounds: usize, mut measure: impl FnMut(fn(u64) -> Value, u64) -> f64) {
    let mut figures = vec![Vec::with_capacity(rounds); VARIANTS.len()];
    for round in 0..rounds {
        for (variant, (_, call)) in VARIANTS.iter().enumerate() {
            figures[variant].push(measure(*call, round as u64));
        }
    }
    let medians: Vec<f64> = figures.into_iter().map(median).collect();
    println!("{title}");
    println!("{:<36} {:>8} {:>14}", "variant", "ns", "ours / theirs");
    for ((name, _), ns) in VARIANTS.iter().zip(&medians) {
        println!("{name:<36} {ns:>8.1} {:>14.2}", medians[0] / ns);
    }
}

fn main() {
    for (_, call) in VARIANTS {
        (0..KEYS).for_each(|id| drop(call(id)));
    }
    let title = format!("a hit: Arc value, TTL, size bound, {KEYS} keys, one thread");
    compare(&title, ROUNDS, |call, round| window(call, round * WINDOW));
    compare(
        "the same, two threads on one key",
        CONTENDED_ROUNDS,
        |call, _| contended(call),
    );
}
