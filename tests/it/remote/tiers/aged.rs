//! How long a value lives in memory: by a stated age, and never longer than in the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cached_core::backend::{Acquired, Backend, Cell, Token};
use cached_core::testing::{ManualClock, in_process_at, with_cache};
use cached_core::{Cache, Error, cached};

use super::Source;

/// Without news, for as long as was said, by the process's clock and the backend's.
#[tokio::test]
async fn what_nobody_tells_of_is_kept_for_the_stated_age() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let (silent, _) = silent(&cells);
    let built = Cache::on(silent).clock(clock.clone()).l1(2).build();
    let (here, there) = (built.expect("an age"), Cache::on(cells).build());
    let there = there.expect("the defaults are valid");
    there.set("k", &1u64, 60).await.expect("a number");
    let read = || async { here.get::<u64>("k").await.expect("a key") };
    assert_eq!(read().await, Some(1));
    there.set("k", &2u64, 60).await.expect("a number");
    clock.advance(Duration::from_millis(1_990));
    assert_eq!(read().await, Some(1), "nobody told");
    clock.advance(Duration::from_millis(10));
    assert_eq!(read().await, Some(2));
    here.set("k", &3u64, 60).await.expect("a number");
    assert_eq!(read().await, Some(3), "its own doing");
}

#[tokio::test]
async fn a_value_lives_no_longer_in_memory_than_in_the_backend() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let built = Cache::on(cells).clock(clock.clone()).l1_watched().build();
    let here = built.expect("it tells of changes");
    let source = Source::default();
    let call = || with_cache(&here, aging(1, &source));
    call().await;
    assert_eq!(call().await, 0, "from the backend");
    source.change();
    clock.advance(Duration::from_millis(9_900));
    assert_eq!(call().await, 0, "near");
    clock.advance(Duration::from_millis(100));
    assert_eq!(call().await, 1, "ten seconds old");
}

#[cached(key = "near:aging:<id>", ttl = 10, skip(source))]
async fn aging(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.now()
}

/// The memory of having found nothing has an age of its own, which each release states for itself.
#[tokio::test]
async fn that_there_is_nothing_is_remembered_for_as_long_as_its_reader_says() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let there = Cache::on(cells.clone()).build().expect("the defaults");
    assert_eq!(with_cache(&there, none_for_an_hour(1)).await, None);
    clock.advance(Duration::from_secs(2));
    let (silent, asked) = silent(&cells);
    let built = Cache::on(silent).clock(clock.clone()).l1(60).build();
    let here = built.expect("an age");
    let call = || async {
        assert_eq!(with_cache(&here, none_for_five_seconds(1)).await, None);
        asked.load(Ordering::SeqCst)
    };
    let before = call().await;
    clock.advance(Duration::from_millis(2_990));
    assert_eq!(call().await, before, "near");
    clock.advance(Duration::from_millis(10));
    assert!(call().await > before, "five seconds old");
}

#[cached(key = "near:none:<id>", ttl_none = "1h")]
async fn none_for_an_hour(id: u64) -> Option<u64> {
    let _ = id;
    None
}

#[cached(key = "near:none:<id>", ttl_none = "5s")]
async fn none_for_five_seconds(id: u64) -> Option<u64> {
    let _ = id;
    None
}

/// A backend without news, and how often it is read.
struct Silent<B>(B, Arc<AtomicUsize>);

fn silent<B: Clone>(backend: &B) -> (Silent<B>, Arc<AtomicUsize>) {
    let asked = Arc::default();
    (Silent(backend.clone(), Arc::clone(&asked)), asked)
}

impl<B: Backend> Backend for Silent<B> {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Cell>>, Error> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.read(keys).await
    }
    async fn acquire(
        &self,
        key: &str,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<Acquired, Error> {
        self.0.acquire(key, cell, ttl).await
    }
    async fn fill(
        &self,
        key: &str,
        token: Token,
        cell: &Cell,
        ttl: Option<Duration>,
    ) -> Result<bool, Error> {
        self.0.fill(key, token, cell, ttl).await
    }
    async fn renew(&self, key: &str, token: Token, ttl: Duration) -> Result<bool, Error> {
        self.0.renew(key, token, ttl).await
    }
    async fn release(&self, key: &str, token: Token) -> Result<bool, Error> {
        self.0.release(key, token).await
    }
    async fn write(&self, key: &str, cell: &Cell, ttl: Option<Duration>) -> Result<(), Error> {
        self.0.write(key, cell, ttl).await
    }
    async fn invalidate(&self, keys: &[&str]) -> Result<u64, Error> {
        self.0.invalidate(keys).await
    }
    async fn now(&self) -> Result<u64, Error> {
        self.0.now().await
    }
}
