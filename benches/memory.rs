//! What an entry in memory costs beside its key and value: `cargo xtask bench memory`.
//!
//! A million entries are stored, and the growth of the process's resident memory is divided by
//! their number. Keys are 12 bytes of text. Linux only: it reads `/proc/self/statm`.

use cached_core::Cache;

const ENTRIES: u64 = 1_000_000;
/// Bytes of a page of `/proc/self/statm`.
const PAGE: u64 = 4096;

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    PAGE * pages.unwrap_or(0u64)
}

fn measure<V>(what: &str, payload: u64, value: impl Fn(u64) -> V)
where
    V: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
{
    let capacity = usize::try_from(2 * ENTRIES).expect("it fits");
    let cache = Cache::memory().capacity(capacity).build().expect("valid");
    let before = resident();
    for id in 0..ENTRIES {
        let key = format!("post:{id:07}");
        let set = cache.blocking().set(key, &value(id), 3600);
        set.expect("a valid key");
    }
    let each = (resident() - before) as f64 / ENTRIES as f64;
    assert_eq!(cache.len() as u64, ENTRIES);
    let beside = each - (12 + payload) as f64;
    println!("{what:<22} {each:>6.0} bytes per entry, {beside:>4.0} beside key and value");
}

fn main() {
    measure("u64", 8, |id| id);
    measure("String of 100 bytes", 100, |_| "x".repeat(100));
}
