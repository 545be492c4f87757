//! What stands beside a cached function: `cargo run --example 08_companion`.

use cached_core::{Handle, Outcome, cached};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default, Handle)]
struct Db(AtomicU64);

impl Db {
    fn ask(&self, question: &str) -> u64 {
        println!("  the database is asked for {question}");
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cached(key = "version:<of>", ttl = "1h")]
async fn version(db: &Db, of: &str) -> Result<u64, String> {
    Ok(db.ask(of))
}

#[tokio::main]
async fn main() {
    let db = Db::default();
    assert_eq!(version(&db, "a").await, Ok(1));

    // How a call got its value.
    let (value, outcome) = version::traced(&db, "a").await;
    println!("{value:?} by a {outcome:?}");
    assert_eq!(outcome, Outcome::Hit);

    // One entry. It takes the arguments that are in the key; handles and skipped ones are not.
    let entry = version::entry("a");
    println!("{} holds {:?}", entry.key(), entry.get().await);

    // Warming, or a write-through: the value is known already. `put` counts as newer than every
    // computation under way.
    version::entry("b").put(100).await;
    assert_eq!(version(&db, "b").await, Ok(100));

    // Computes anew while others are still served the value before, which stays if this fails.
    let refreshed = entry.refresh(|| version::uncached(&db, "a")).await;
    println!("refreshed to {refreshed:?}");
    assert_eq!(version(&db, "a").await, Ok(2));

    // `invalidate`: no call that begins from here on gets an older value.
    entry.invalidate().await;
    assert_eq!(version(&db, "a").await, Ok(3));

    // The body alone, and every entry at once.
    assert_eq!(version::uncached(&db, "a").await, Ok(4));
    version::invalidate_all().await;
    assert_eq!(version(&db, "a").await, Ok(5));

    // By placeholder values instead of arguments, for admin commands and queue consumers.
    println!("{:?}", version::entry_by("a").get().await);
}
