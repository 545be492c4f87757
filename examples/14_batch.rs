//! One call for many keys: `cargo run --example 14_batch`.

use cached_core::{Handle, cached, invalidates};
use std::collections::HashMap;

#[derive(Handle)]
struct Db;

impl Db {
    /// `SELECT id, title FROM posts WHERE id = ANY($1)`
    async fn titles(&self, ids: &[u64]) -> Result<HashMap<u64, String>, String> {
        println!("  the database is asked for {ids:?}");
        let known = ids.iter().filter(|id| **id < 100);
        Ok(known.map(|id| (*id, format!("Post number {id}"))).collect())
    }
}

// Each of the `ids` has an entry of its own; `ttl_none` remembers those that do not exist.
#[cached(key = "title:<id>", batch(id in ids), ttl = "5m", ttl_none = "30s")]
async fn titles(db: &Db, ids: &[u64]) -> Result<HashMap<u64, String>, String> {
    db.titles(ids).await
}

// The function of one id has the same key, so the two share what they store.
#[cached(key = "title:<id>", ttl = "5m", ttl_none = "30s")]
async fn title(db: &Db, id: u64) -> Result<Option<String>, String> {
    Ok(db.titles(&[id]).await?.remove(&id))
}

#[invalidates("title:<id>")]
async fn rename(id: u64) {
    println!("  post {id} has another title now");
}

#[tokio::main]
async fn main() -> Result<(), String> {
    println!("{} titles", titles(&Db, &[1, 2, 2, 500]).await?.len());
    println!("one of them: {:?}", title(&Db, 2).await?);

    // Only what is missing goes to the database.
    println!("{} titles", titles(&Db, &[1, 2, 3, 500]).await?.len());
    rename(2).await;
    println!("{} titles", titles(&Db, &[1, 2, 3]).await?.len());

    // Where each of them came from.
    let (_, outcomes) = titles::traced(&Db, &[1, 4]).await;
    println!("{outcomes:?}");
    Ok(())
}
