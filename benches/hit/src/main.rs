//! What one hit costs: the program that `cargo xtask hit` runs under valgrind.
//!
//! Without arguments it lists its cases, each with a budget of instructions and allocations per
//! hit; with `<case> <n>` it hits `n` times, over 1,000 keys.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cached_core::{Cache, cached, install, testing};

const KEYS: u64 = 1000;

#[cached(key = "square:<id>", ttl = 300)]
fn square(id: u64) -> u64 {
    id * id
}

#[cached(key = "shared:<id>", ttl = 300)]
fn shared(id: u64) -> Arc<Vec<u64>> {
    Arc::new(vec![id])
}

#[cached(key = "name:<name>", ttl = 300)]
fn by_name(name: &str) -> u64 {
    name.len() as u64
}

#[cached(key = "owned:<id>", ttl = 300)]
fn owned(id: u64) -> String {
    id.to_string()
}

#[cached(key = "tagged:<id>", ttl = 300, tags("all", "user:<id>"))]
fn tagged(id: u64) -> u64 {
    id
}

#[cached(key = "async:<id>", ttl = 300)]
async fn square_async(id: u64) -> u64 {
    id * id
}

type Case = (&'static str, &'static str, fn(u64));

/// The case whose cache is the first tier in front of a shared backend.
const TIERED: &str = "first_tier_u64_value";

const CASES: [Case; 8] = [
    ("empty", "- -", |id| {
        black_box(id);
    }),
    ("u64_key_u64_value", "355 0", |id| {
        black_box(square(id));
    }),
    // Few keys: what it takes to bring one in, on another thread, is not the same twice.
    (TIERED, "380 0", |id| {
        black_box(square((id & 15) | 128));
    }),
    ("u64_key_arc_value", "355 0", |id| {
        black_box(shared(id));
    }),
    ("str_key_u64_value", "- 0", |_| {
        black_box(by_name(black_box("a-name-of-some-length")));
    }),
    ("u64_key_string_value", "- 1", |id| {
        black_box(owned(id));
    }),
    ("two_tags_u64_value", "- 0", |id| {
        black_box(tagged(id));
    }),
    ("async_u64_value", "- 0", |id| {
        black_box(ready(square_async(id)));
    }),
];

/// Polls a future that a hit makes ready at once.
fn ready<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("no body here waits"),
    }
}

/// A backend in this process that tells of changes, as Redis does.
fn install_two_tiers() {
    // Under valgrind everything takes its time.
    let cache = Cache::on(testing::in_process())
        .timeout(Duration::from_secs(60))
        .l1_watched();
    let cache = cache.build().expect("the backend tells of changes");
    install(cache).expect("nothing was called before");
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(name), Some(count)) = (args.next(), args.next()) else {
        for (name, budget, _) in CASES {
            println!("{name} {budget}");
        }
        return;
    };
    let (_, _, hit) = CASES
        .into_iter()
        .find(|case| case.0 == name)
        .expect("a case of the list");
    let count: u64 = count.parse().expect("a number of iterations");
    if name == TIERED {
        install_two_tiers();
    }
    // Once to compute, once more to read what is kept in front of a backend when it is read.
    for id in (0..KEYS).chain(0..KEYS) {
        hit(id);
    }
    for n in 0..count {
        hit(black_box(n % KEYS));
    }
}
