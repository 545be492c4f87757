//! A shared backend of your own: `cargo run --example 11_custom_backend`.
//!
//! `tests/it/conformance.rs` runs the conformance suite on this one; do the same with yours.
use cached_core::backend::{Acquired, Backend, Cell, Token};
use cached_core::{Cache, Error, cached, invalidates};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

type Ttl = Option<Duration>;
/// A cell, and until when it counts.
type Kept = (Cell, Option<Instant>);

/// Cells in a map. Clones share it, as connections share a server.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<String, Kept>>>);

impl Shelf {
    /// One step on one key: nobody else reads or writes it in between.
    fn step<R>(&self, key: &str, step: impl FnOnce(&mut Option<Kept>) -> R) -> R {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lives = |(_, end): &Kept| end.is_none_or(|end| Instant::now() < end);
        let mut kept = map.remove(key).filter(lives);
        let answer = step(&mut kept);
        map.extend(kept.map(|kept| (key.to_owned(), kept)));
        answer
    }

    /// Puts `next` in the place of the cell with this token, if it is there.
    fn swap(&self, key: &str, token: Token, next: impl FnOnce(Cell) -> Option<Kept>) -> bool {
        self.step(key, |kept| {
            let held = kept.take_if(|(cell, _)| cell.token() == Some(token));
            let was_held = held.is_some();
            *kept = held.map_or_else(|| kept.take(), |(cell, _)| next(cell));
            was_held
        })
    }
}

fn keep(cell: &Cell, ttl: Ttl) -> Option<Kept> {
    let end = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
    Some((cell.clone(), end))
}

impl Backend for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        let read = |kept: &mut Option<Kept>| kept.as_ref().map(|(cell, _)| cell.clone());
        Ok(keys.iter().map(|key| self.step(key, read)).collect())
    }
    async fn acquire(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<Acquired, Error> {
        Ok(self.step(key, |kept| match kept {
            Some((found, _)) => Acquired::Found(found.clone()),
            None => {
                *kept = keep(cell, ttl);
                Acquired::Granted
            }
        }))
    }
    async fn fill(&self, key: &str, token: Token, cell: &Cell, ttl: Ttl) -> Result<bool, Error> {
        Ok(self.swap(key, token, |_| keep(cell, ttl)))
    }
    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        Ok(self.swap(key, token, |cell| keep(&cell, Some(ttl))))
    }
    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        Ok(self.swap(key, token, |_| None))
    }
    async fn write(&self, key: &str, cell: &Cell, ttl: Ttl) -> Result<(), Error> {
        self.step(key, |kept| *kept = keep(cell, ttl));
        Ok(())
    }
    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        let removed = keys.iter().filter_map(|key| self.step(key, Option::take));
        Ok(removed.count() as u64)
    }
    async fn now(&self) -> Result<u64, Error> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Ok(now.as_millis() as u64)
    }
}

#[cached(key = "title:<book>", ttl = 60)]
async fn title(book: u64) -> String {
    format!("Book {book}")
}
#[invalidates(title(book))]
async fn rename(book: u64) {}

#[tokio::main]
async fn main() -> Result<(), Error> {
    cached_core::install(Cache::on(Shelf::default()).build()?)?;
    println!("{:?} {:?}", title::traced(7).await, title::traced(7).await); // a miss, a hit
    rename(7).await;
    println!("{:?}", title::traced(7).await); // computed anew
    Ok(())
}
