//! A bound on weight bounds memory: what a memory tier holds stays below 1.15 times its
//! [`weight`](cached_core::Builder::weight), whatever is in it; and an entry counts as more than what
//! is asked of the allocator for it, by what that takes beside.
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

/// A function, about how many bytes its value has, and the allocations of an entry: one for the
/// text of its key, one for a value, one for each text and list in it, one for the list of its tags,
/// and three for a tag that nothing else carries.
type Shape = (&'static str, u64, u64, fn(u64));

const SHAPES: [Shape; 9] = [
    ("u64", 8, 2, |id| _ = number(id)),
    ("String of 20", 20, 3, |id| drop(short(id))),
    ("String of 100", 100, 3, |id| drop(middle(id))),
    ("String of 4096", 4096, 3, |id| drop(long(id))),
    ("Vec of 50 u64", 400, 3, |id| drop(list(id))),
    ("struct", 200, 7, |id| drop(post(id))),
    ("None", 0, 1, |id| _ = none(id)),
    ("one tag", 20, 4, |id| drop(under_one_tag(id))),
    ("a tag of its own", 20, 7, |id| drop(under_its_own_tag(id))),
];

/// What an allocator takes for an allocation beside what it is asked for: 8 bytes of its own, and
/// 0 to 15 up to a multiple of 16.
const BESIDE: u64 = 16;

const MEMORY: u64 = 16 << 20;
/// Lower, as each of its reads goes to a backend.
const FIRST_TIER: u64 = 4 << 20;

/// What a cache takes while it is filled far beyond its bound.
struct Taken {
    /// The most, as a share of the bound.
    most: f64,
    /// How many bytes an entry counts as, beyond what is asked of the allocator for it. The mean while
    /// the cache grows to four times its size, so that no step of the table counts more than another.
    beside: f64,
}

fn filled(build: impl FnOnce() -> Cache, bound: u64, (name, bytes, _, read): Shape) -> Taken {
    // What is made once per function is not the cache's.
    with_cache_blocking(&Cache::memory().build().expect("valid"), || read(0));
    let before = HEAP.allocated();
    let cache = build();
    let (keys, mut most, mut beside) = (keys(bound, bytes), 0, Vec::new());
    with_cache_blocking(&cache, || {
        for id in 0..keys {
            read(id);
            let taken = HEAP.allocated().saturating_sub(before);
            most = most.max(taken);
            let weight = if id % 64 == 0 { cache.weight() } else { 0 };
            if (bound / 4..bound / 20 * 19).contains(&weight) {
                beside.push((weight as f64 - taken as f64) / cache.len() as f64);
            }
        }
    });
    let (len, weight) = (cache.len() as u64, cache.weight());
    assert!(
        len < keys / 10 * 9,
        "{name}: {len} of {keys} are still there"
    );
    assert!(weight > bound / 10 * 9, "{name}: full it weighs {weight}");
    let taken = Taken {
        most: most as f64 / bound as f64,
        beside: beside.iter().sum::<f64>() / beside.len() as f64,
    };
    println!(
        "{name:<18} {:.2} of {} MiB for {len} entries, {:>3.0} bytes beside each",
        taken.most,
        bound >> 20,
        taken.beside
    );
    taken
}

/// More than ever fit.
fn keys(bound: u64, bytes: u64) -> u64 {
    bound * 8 / 5 / (bytes + 200)
}

#[test]
fn a_tier_takes_no_more_memory_than_its_weight_allows() {
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let (name, bytes, allocations, read) = shape;
        let memory = || Cache::memory().capacity(1 << 20).weight(MEMORY).build();
        let taken = filled(|| memory().expect("valid"), MEMORY, shape);
        if taken.most > 1.15 {
            wrong.push(format!("{name} in memory: {:.2} of the bound", taken.most));
        }
        // Not in L1, where few entries share what the tier itself takes.
        if taken.beside < (BESIDE * allocations) as f64 {
            let beside = taken.beside;
            wrong.push(format!("{name}: {beside:.0} for {allocations} allocations"));
        }

        let backend = in_process();
        let behind = Cache::on(backend.clone()).build().expect("valid");
        with_cache_blocking(&behind, || (0..keys(FIRST_TIER, bytes)).for_each(read));
        let tier = Cache::on(backend).l1_watched().capacity(1 << 20);
        let tier = || tier.weight(FIRST_TIER).build().expect("valid");
        let taken = filled(tier, FIRST_TIER, shape);
        if taken.most > 1.15 {
            wrong.push(format!("{name} in L1: {:.2} of the bound", taken.most));
        }
    }
    assert!(
        wrong.is_empty(),
        "an entry counts as too little:\n{}",
        wrong.join("\n")
    );
}
