//! A function whose result is kept: `cargo run --example 01_hello`.

use cached_core::{Handle, cached};
use std::sync::atomic::{AtomicU32, Ordering};

/// Stands for a database. It leads to data but is none, so it need not be in a key.
#[derive(Default, Handle)]
struct Db {
    queries: AtomicU32,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Post {
    id: u64,
    title: String,
}

// Kept for 300 seconds. Two ids never share an entry: an argument that is missing from the key is
// a compile error, unless you skip it (`skip(arg)`) or its type is a `Handle`.
#[cached(key = "post:<id>", ttl = 300)]
async fn get_post(db: &Db, id: u64) -> Result<Post, String> {
    db.queries.fetch_add(1, Ordering::Relaxed);
    // Only an `Ok` is kept. The next caller after an `Err` asks again.
    let title = (id < 100).then(|| format!("Post number {id}"));
    let title = title.ok_or("no such post")?;
    Ok(Post { id, title })
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let db = Db::default();
    // The signature is the one you wrote, so callers do not change.
    for id in [7, 7, 7, 8] {
        println!("{:?}", get_post(&db, id).await?);
    }
    println!("{:?}", get_post(&db, 100).await);
    println!("{:?}", get_post(&db, 100).await);

    let queries = db.queries.load(Ordering::Relaxed);
    println!("6 calls, {queries} queries");
    assert_eq!(queries, 4);
    Ok(())
}
