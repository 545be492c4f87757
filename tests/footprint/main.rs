//! A bound on weight bounds memory: what a memory tier holds stays below 1.15 times its
//! [`weight`](cached_core::Builder::weight), whatever is in it.
//!
//! What the process allocates is counted as it is asked for, and looked at all along the way: the
//! table grows in steps, and just after one it has the most room that nothing is in yet. One test
//! after the other, hence one function and a binary of its own.

use std::alloc::System;

use cached_core::testing::{in_process, with_cache_blocking};
use cached_core::{Cache, cached};
use cap::Cap;
use serde::{Deserialize, Serialize};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Post {
    id: u64,
    title: String,
    body: String,
    parent: Option<u64>,
    labels: Vec<String>,
}

#[cached(key = "number:<id>", ttl = "1h")]
fn number(id: u64) -> u64 {
    id
}

#[cached(key = "short:<id>", ttl = "1h")]
fn short(id: u64) -> String {
    format!("{id:020}")
}

#[cached(key = "middle:<id>", ttl = "1h")]
fn middle(id: u64) -> String {
    format!("{id:0100}")
}

#[cached(key = "long:<id>", ttl = "1h")]
fn long(id: u64) -> String {
    format!("{id:04096}")
}

#[cached(key = "list:<id>", ttl = "1h")]
fn list(id: u64) -> Vec<u64> {
    vec![id; 50]
}

#[cached(key = "post:<id>", ttl = "1h")]
fn post(id: u64) -> Post {
    Post {
        id,
        title: format!("Post number {id}"),
        body: "x".repeat(100),
        parent: Some(id / 2),
        labels: vec!["rust".into(), "cache".into()],
    }
}

#[cached(key = "none:<id>", ttl = "1h", ttl_none = "1h")]
fn none(id: u64) -> Option<u64> {
    (id == u64::MAX).then_some(id)
}

#[cached(key = "shared:tag:<id>", ttl = "1h", tags("posts"))]
fn under_one_tag(id: u64) -> String {
    short::uncached(id)
}

#[cached(key = "own:tag:<id>", ttl = "1h", tags("posts", "post:<id>"))]
fn under_its_own_tag(id: u64) -> String {
    short::uncached(id)
}

/// A function, and about how many bytes its value has.
type Shape = (&'static str, u64, fn(u64));

const SHAPES: [Shape; 9] = [
    ("u64", 8, |id| _ = number(id)),
    ("String of 20", 20, |id| drop(short(id))),
    ("String of 100", 100, |id| drop(middle(id))),
    ("String of 4096", 4096, |id| drop(long(id))),
    ("Vec of 50 u64", 400, |id| drop(list(id))),
    ("struct", 200, |id| drop(post(id))),
    ("None", 0, |id| _ = none(id)),
    ("one tag", 20, |id| drop(under_one_tag(id))),
    ("a tag of its own", 20, |id| drop(under_its_own_tag(id))),
];

const MEMORY: u64 = 16 << 20;
/// Lower, as each of its reads goes to a backend.
const FIRST_TIER: u64 = 4 << 20;

/// The largest share of its bound that the cache takes in memory while it is filled far beyond it.
fn fullest(build: impl FnOnce() -> Cache, bound: u64, (name, bytes, read): Shape) -> f64 {
    // What is made once per function is not the cache's.
    with_cache_blocking(&Cache::memory().build().expect("valid"), || read(0));
    let before = HEAP.allocated();
    let cache = build();
    let (keys, mut most) = (keys(bound, bytes), 0);
    with_cache_blocking(&cache, || {
        for id in 0..keys {
            read(id);
            most = most.max(HEAP.allocated().saturating_sub(before));
        }
    });
    let (len, weight) = (cache.len() as u64, cache.weight());
    assert!(
        len < keys * 3 / 4,
        "{name}: {len} of {keys} are still there"
    );
    assert!(weight > bound / 10 * 9, "{name}: full it weighs {weight}");
    let share = most as f64 / bound as f64;
    println!(
        "{name:<18} {share:.2} of {} MiB for {len} entries",
        bound >> 20
    );
    share
}

/// More than ever fit.
fn keys(bound: u64, bytes: u64) -> u64 {
    bound * 8 / 5 / (bytes + 200)
}

#[test]
fn a_tier_takes_no_more_memory_than_its_weight_allows() {
    let mut over = Vec::new();
    for shape in SHAPES {
        let memory = || Cache::memory().capacity(1 << 20).weight(MEMORY).build();
        let share = fullest(|| memory().expect("valid"), MEMORY, shape);
        over.extend((share > 1.15).then(|| format!("{} in memory: {share:.2}", shape.0)));

        let backend = in_process();
        let behind = Cache::on(backend.clone()).build().expect("valid");
        with_cache_blocking(&behind, || (0..keys(FIRST_TIER, shape.1)).for_each(shape.2));
        let tier = Cache::on(backend).l1_watched().capacity(1 << 20);
        let tier = || tier.weight(FIRST_TIER).build().expect("valid");
        let share = fullest(tier, FIRST_TIER, shape);
        over.extend((share > 1.15).then(|| format!("{} in L1: {share:.2}", shape.0)));
    }
    assert!(
        over.is_empty(),
        "over 1.15 times the bound:\n{}",
        over.join("\n")
    );
}
