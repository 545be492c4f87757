//! Hit ratios of the memory table and of quick_cache, side by side.
//!
//! Each access is a get, and an insert on a miss; the first quarter of a trace only warms
//! up. The times include the harness and are there to compare, not to quote. Run it with
//! `cargo bench --bench hit_ratio`.

// The table is private to cached-core and generic over what it holds, so its files are
// compiled once more, here.
#![allow(dead_code)]

#[path = "../cached-core/src/backend/memory/shard/ghosts.rs"]
mod ghosts;
#[path = "../cached-core/src/backend/memory/shard/index.rs"]
mod index;
#[path = "../cached-core/src/backend/memory/shard/policy.rs"]
mod policy;
#[path = "../cached-core/src/backend/memory/shard/slab.rs"]
mod slab;
#[path = "../cached-core/src/backend/memory/shard/table.rs"]
mod table;
#[path = "../cached-core/src/backend/memory/shard/tests/traces.rs"]
mod traces;

use std::time::Instant;

use policy::Limits;
use table::Shard;
use traces::{Table, Trace};

const KEYS: usize = 100_000;
const ACCESSES: usize = 2_000_000;
const SEED: u64 = 1;

fn main() {
    println!("{KEYS} keys, {ACCESSES} accesses; hit % (ns per access)\n");
    println!("| trace | entries | cached-core | quick_cache, sync | difference |");
    println!("|---|---|---|---|---|");
    for trace in traces::all(KEYS, ACCESSES, SEED) {
        for entries in [KEYS / 1000, KEYS / 100, KEYS / 10] {
            print_row(&trace, entries);
        }
    }
}

fn print_row(trace: &Trace, entries: usize) {
    let mut table = Table::new(entries);
    let ours = measure(trace, |key| table.access(key));
    let peer = quick_cache::sync::Cache::new(entries);
    let theirs = measure(trace, |key| {
        let hit = peer.get(&key).is_some();
        if !hit {
            peer.insert(key, key);
        }
        hit
    });
    println!(
        "| {} | {entries} | {:.2} ({:.0}) | {:.2} ({:.0}) | {:+.2} |",
        trace.name,
        ours.0,
        ours.1,
        theirs.0,
        theirs.1,
        ours.0 - theirs.0,
    );
}

/// The hit ratio in percent and the time of an access in nanoseconds.
fn measure(trace: &Trace, access: impl FnMut(u64) -> bool) -> (f64, f64) {
    let start = Instant::now();
    let ratio = traces::hit_ratio(trace, access);
    (
        ratio,
        start.elapsed().as_nanos() as f64 / trace.keys.len() as f64,
    )
}
