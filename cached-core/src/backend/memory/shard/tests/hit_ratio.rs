//! The policy's goal: at most half a point behind quick_cache on any pattern.

use super::traces::{Table, Trace, all, hit_ratio};

const TOLERANCE: f64 = 0.5;

#[test]
fn small_caches_keep_up_with_quick_cache() {
    for trace in all(10_000, 150_000, 1) {
        assert_keeps_up(&trace, 100);
        assert_keeps_up(&trace, 1_000);
    }
}

#[test]
fn sharded_caches_keep_up_with_quick_cache() {
    for trace in all(80_000, 200_000, 2) {
        assert_keeps_up(&trace, 8_192);
    }
}

fn assert_keeps_up(trace: &Trace, entries: usize) {
    let mut table = Table::new(entries);
    let ours = hit_ratio(trace, |key| table.access(key));
    let theirs = quick_cache::sync::Cache::new(entries);
    let theirs = hit_ratio(trace, |key| {
        let hit = theirs.get(&key).is_some();
        if !hit {
            theirs.insert(key, key);
        }
        hit
    });
    let name = trace.name;
    assert!(
        ours >= theirs - TOLERANCE,
        "{name}, {entries} entries: {ours:.2} < {theirs:.2}"
    );
}
