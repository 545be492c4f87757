//! How long a value lives in memory: by a stated age, and never longer than in the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cached_core::testing::{ManualClock, in_process_at, with_cache};
use cached_core::{Cache, cached};

use super::{Cells, Scene, Source};
use crate::relay::{Duty, Relay};

/// In seconds.
const HOUR: u64 = 3600;

/// To an hour and beyond it in two steps: a cache carries its backend's clock on by the system's, so a
/// step that ends near the hour would be a matter of how busy the machine is.
const ALMOST: Duration = Duration::from_secs(HOUR - 600);
const BEYOND: Duration = Duration::from_secs(1200);

/// Without news, for as long as was said, by the process's clock and the backend's.
#[tokio::test]
async fn what_nobody_tells_of_is_kept_for_the_stated_age() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let silent = Relay::new(Arc::new(cells.clone()), Asked::<false>::default());
    let built = Cache::on(silent).clock(clock.clone()).l1(HOUR).build();
    let (here, there) = (built.expect("an age"), Cache::on(cells).build());
    let there = there.expect("the defaults are valid");
    there.set("k", &1u64, 2 * HOUR).await.expect("a number");
    let read = || async { here.get::<u64>("k").await.expect("a key") };
    assert_eq!(read().await, Some(1));
    there.set("k", &2u64, 2 * HOUR).await.expect("a number");
    clock.advance(ALMOST);
    assert_eq!(read().await, Some(1), "nobody told");
    clock.advance(BEYOND);
    assert_eq!(read().await, Some(2));
    here.set("k", &3u64, 2 * HOUR).await.expect("a number");
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
    clock.advance(ALMOST);
    assert_eq!(call().await, 0, "near");
    clock.advance(BEYOND);
    assert_eq!(call().await, 1, "an hour old");
}

/// Whatever becomes of the news: a server that forgets to tell is believed for a minute.
#[tokio::test]
async fn what_is_watched_is_asked_for_once_a_minute() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let telling = Relay::new(Arc::new(cells), Asked::<true>::default());
    let asked = Arc::clone(&telling.duty.0);
    let built = Cache::on(telling).clock(clock.clone()).l1_watched().build();
    let here = built.expect("it tells of changes");
    here.set("k", &1u64, 2 * HOUR).await.expect("a number");
    let questions = async || {
        assert_eq!(here.get::<u64>("k").await.expect("a key"), Some(1));
        asked.load(Ordering::SeqCst)
    };
    let mut before = questions().await;
    for _ in 0..3 {
        clock.advance(Duration::from_secs(59));
        assert_eq!(questions().await, before, "near");
        clock.advance(Duration::from_secs(1));
        assert_eq!(questions().await, before + 1, "a minute old");
        before += 1;
    }
}

/// A server that tells of changes, but not of what is moving: its stamps are those of entries that
/// are watched, which would be in use again by what nobody tells of.
#[tokio::test]
async fn what_is_not_told_of_for_once_is_not_kept_for_an_age_either() {
    let scene = Scene::new().await;
    scene.cells.move_keys();
    scene.source.change();
    scene.there.clear().await.expect("it answers");
    for _ in 0..3 {
        scene.is_asked_for().await;
    }
}

/// As behind a wrapper that says what the backend inside can do, and passes on no watched reads.
#[tokio::test]
async fn what_nobody_has_ever_told_of_is_kept_for_its_age() {
    let cells = Cells::default().watches();
    cells.move_keys();
    Scene::on(cells).await;
}

#[cached(key = "near:aging:<id>", ttl = "1h", skip(source))]
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
    assert_eq!(with_cache(&there, none_for_a_day(1)).await, None);
    clock.advance(Duration::from_secs(HOUR));
    let silent = Relay::new(Arc::new(cells.clone()), Asked::<false>::default());
    let asked = Arc::clone(&silent.duty.0);
    let built = Cache::on(silent).clock(clock.clone()).l1(24 * HOUR).build();
    let here = built.expect("an age");
    let call = || async {
        assert_eq!(with_cache(&here, none_for_two_hours(1)).await, None);
        asked.load(Ordering::SeqCst)
    };
    let before = call().await;
    clock.advance(ALMOST);
    assert_eq!(call().await, before, "near");
    clock.advance(BEYOND);
    assert!(call().await > before, "two hours old");
}

#[cached(key = "near:none:<id>", ttl_none = "1d")]
async fn none_for_a_day(id: u64) -> Option<u64> {
    let _ = id;
    None
}

#[cached(key = "near:none:<id>", ttl_none = "2h")]
async fn none_for_two_hours(id: u64) -> Option<u64> {
    let _ = id;
    None
}

/// How often the backend is read, with news of changes or without.
#[derive(Default)]
struct Asked<const TELLS: bool>(Arc<AtomicUsize>);

impl<const TELLS: bool> Duty for Asked<TELLS> {
    const TELLS: bool = TELLS;

    fn before(&self, operation: &'static str) {
        if operation.starts_with("read") {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}
