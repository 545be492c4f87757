//! Without async: `cargo run --example 09_sync`.

use cached_core::{cached, invalidates};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

static RUNS: AtomicU32 = AtomicU32::new(0);

// The same attribute. Threads that miss the same key at the same time share one run; whoever has
// waited for five seconds (`wait = ".."`) computes for itself.
#[cached(key = "primes:<below>", ttl = "forever")]
fn primes(below: u32) -> usize {
    RUNS.fetch_add(1, Ordering::Relaxed);
    let prime = |n: &u32| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    (2..below).filter(prime).count()
}

#[invalidates(primes(..))]
fn change_mathematics() {}

// A recursive function becomes a linear one.
#[cached(key = "fib:<n>")]
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

// A key part can be anything that serialises: maps are sorted before they are hashed.
#[cached(key = "search:<filters:hash>")]
fn search(filters: &BTreeMap<String, String>) -> usize {
    filters.len()
}

fn main() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(primes(50_000), 5_133));
        }
    });
    println!("8 threads, {} run", RUNS.load(Ordering::Relaxed));
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);

    change_mathematics();
    // Outside of async code every entry is reached by `blocking()`.
    assert_eq!(primes::entry(50_000).blocking().get(), None);

    println!("fib(90) = {}", fib(90));
    let filters = BTreeMap::from([("tag".to_owned(), "rust".to_owned())]);
    search(&filters);
    println!("{}", search::entry(&filters).key());
    println!("{}", cached_core::stats());
}
