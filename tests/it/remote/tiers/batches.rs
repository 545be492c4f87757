//! Batches with memory in front of their backend: what they keep of what they read, and what not.

use std::collections::HashMap;

use cached_core::testing::{ManualClock, with_cache};
use cached_core::{Cache, Outcome, cached};

use super::{Act, Cells, Op, Source};
use crate::support::Task;

#[cached(key = "near:many:<id>", batch(id in ids), ttl = 60, tags("near-many:<id>"), skip(source))]
async fn rows(ids: &[u64], source: &Source) -> HashMap<u64, u64> {
    ids.iter().map(|id| (*id, source.now())).collect()
}

/// In a cache of its own, which is no scope: what is there is asked for before anything else.
#[cached(
    key = "near:many:<id>",
    batch(id in ids),
    cache = cache,
    ttl = 60,
    tags("near-many:<id>"),
    skip(source, cache)
)]
async fn rows_in(cache: &Cache, ids: &[u64], source: &Source) -> HashMap<u64, u64> {
    let _ = cache;
    ids.iter().map(|id| (*id, source.now())).collect()
}

#[cached(key = "near:many:<id>", ttl = 60, tags("near-many:<id>"), skip(source))]
async fn row(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.now()
}

#[cached(key = "near:far:<id>", batch(id in ids), ttl = 60, l1 = false, skip(source))]
async fn far(ids: &[u64], source: &Source) -> HashMap<u64, u64> {
    ids.iter().map(|id| (*id, source.now())).collect()
}

#[cached(key = "near:none:many:<id>", batch(id in ids), ttl = 60, ttl_none = 60, skip(source))]
async fn nothing(ids: &[u64], source: &Source) -> HashMap<u64, Option<u64>> {
    let _ = (ids, source.now());
    HashMap::new()
}

const IDS: [u64; 3] = [1, 2, 3];

/// Two processes, the first of which keeps what it reads, and has read all rows.
struct Scene {
    cells: Cells,
    here: Cache,
    there: Cache,
    source: Source,
    scoped: bool,
}

impl Scene {
    /// One whose batches run in a scope, and one whose do not.
    async fn both() -> [Self; 2] {
        [Self::new(true).await, Self::new(false).await]
    }

    async fn new(scoped: bool) -> Self {
        let cells = Cells::default().watches();
        let tiered = cells.process().l1(60).build();
        let scene = Self {
            here: tiered.expect("a legal age"),
            there: cells.cache(),
            cells,
            source: Source::default(),
            scoped,
        };
        assert_eq!(scene.call().await.1, [Outcome::Stored; 3]);
        assert_eq!(scene.call().await.1, [Outcome::Hit; 3], "from the backend");
        scene.is_near().await;
        scene
    }

    async fn call(&self) -> (HashMap<u64, u64>, Vec<Outcome>) {
        self.call_for(&IDS).await
    }

    async fn call_for(&self, ids: &[u64]) -> (HashMap<u64, u64>, Vec<Outcome>) {
        match self.scoped {
            true => with_cache(&self.here, rows::traced(ids, &self.source)).await,
            false => rows_in::traced(&self.here, ids, &self.source).await,
        }
    }

    /// All rows are served without a question.
    async fn is_near(&self) {
        let asked = self.cells.log().len();
        for _ in 0..3 {
            assert_eq!(self.call().await.1, [Outcome::Hit; 3]);
        }
        assert_eq!(self.cells.log().len(), asked, "nobody was asked");
    }

    /// What the rows are now: those that changed, and the others as they were before.
    async fn changed(&self, before: u64, changed: &[u64]) {
        let (found, _) = self.call().await;
        for id in IDS {
            let now = if changed.contains(&id) {
                self.source.now()
            } else {
                before
            };
            assert_eq!(found[&id], now, "row {id}");
        }
    }
}

#[tokio::test]
async fn what_a_batch_reads_is_near_from_its_second_read_on() {
    for scene in Scene::both().await {
        let asked = scene.cells.log().len();
        let single = with_cache(&scene.here, row::traced(2, &scene.source)).await;
        assert_eq!(single, (0, Outcome::Hit));
        let found = scene.here.get::<u64>("near:many:3").await.expect("a key");
        assert_eq!(found, Some(0));
        assert_eq!(scene.cells.log().len(), asked, "one entry for each key");
    }
}

#[tokio::test]
async fn only_what_is_not_near_is_asked_for() {
    for scene in Scene::both().await {
        with_cache(&scene.there, row(4, &scene.source)).await;
        scene.cells.forget();
        let ids = [3, 4, 1];
        assert_eq!(scene.call_for(&ids).await.1, [Outcome::Hit; 3]);
        assert!(scene.cells.count(Op::Read) > 0, "of one of them");
        let asked = scene.cells.log().len();
        assert_eq!(scene.call_for(&ids).await.1, [Outcome::Hit; 3]);
        assert_eq!(scene.cells.log().len(), asked, "all are near by now");
    }
}

#[tokio::test]
async fn whatever_another_process_does_to_some_of_them_is_seen() {
    for scene in Scene::both().await {
        let there = &scene.there;
        for change in 0..6 {
            // All as they are now.
            scene.here.clear().await.expect("it answers");
            scene.call().await;
            scene.call().await;
            scene.is_near().await;
            let before = scene.source.now();
            scene.source.change();
            let changed: &[u64] = match change {
                0 => {
                    there.invalidate("near:many:2").await.expect("a key");
                    &[2]
                }
                1 => {
                    there.invalidate_tag("near-many:3").await.expect("a tag");
                    &[3]
                }
                2 => {
                    let keys = ["near:many:1", "near:many:3"];
                    there.delete_many(keys).await.expect("keys");
                    &[1, 3]
                }
                3 => {
                    let now = scene.source.now();
                    there.set("near:many:1", &now, 60).await.expect("a number");
                    &[1]
                }
                4 => {
                    there.clear().await.expect("it answers");
                    &IDS
                }
                _ => {
                    match scene.scoped {
                        true => with_cache(there, rows::invalidate_all()).await,
                        false => rows_in::invalidate_all(there).await,
                    };
                    &IDS
                }
            };
            scene.changed(before, changed).await;
        }
    }
}

/// The answer is on its way while one of the rows is invalidated, and the news of that come first.
#[tokio::test]
async fn what_changes_while_a_batch_reads_does_not_stay() {
    for (by_tag, scoped) in [(false, false), (false, true), (true, false), (true, true)] {
        let scene = Scene::new(scoped).await;
        scene.cells.lose_news();
        scene.cells.next(Op::Read, Act::Slow);
        let mut reading = Task::waiting(scene.call());
        reading.waits();
        scene.source.change();
        let there = &scene.there;
        match by_tag {
            false => there.invalidate("near:many:2").await,
            true => there.invalidate_tag("near-many:2").await,
        }
        .expect("it answers");
        reading.ends();
        scene.changed(0, &[2]).await;
        scene.changed(0, &[2]).await;
        scene.is_near().await;
    }
}

#[tokio::test]
async fn that_there_is_nothing_is_near_too() {
    let cells = Cells::default().watches();
    let tiered = cells.process().l1(60).build();
    let here = tiered.expect("a legal age");
    let source = Source::default();
    let call = || with_cache(&here, nothing::traced(&IDS, &source));
    assert_eq!(call().await.1, [Outcome::Stored; 3]);
    assert_eq!(call().await.1, [Outcome::Hit; 3], "from the backend");
    let asked = cells.log().len();
    let (found, outcomes) = call().await;
    assert_eq!(outcomes, [Outcome::Hit; 3]);
    assert_eq!(found, HashMap::from(IDS.map(|id| (id, None))));
    assert_eq!(cells.log().len(), asked, "nobody was asked");
}

#[tokio::test]
async fn a_batch_that_keeps_nothing_is_asked_for() {
    let scene = Scene::new(true).await;
    for outcome in [Outcome::Stored, Outcome::Hit, Outcome::Hit] {
        let asked = scene.cells.log().len();
        let call = with_cache(&scene.here, far::traced(&IDS, &scene.source));
        assert_eq!(call.await.1, [outcome; 3]);
        assert!(scene.cells.log().len() > asked, "the backend was asked");
    }
}

#[cached(key = "near:sum:<n>", ttl = 300, skip(source))]
async fn sum(n: u64, source: &Source) -> u64 {
    let _ = n;
    rows(&IDS, source).await.into_values().sum()
}

/// What is near may be older than what has been invalidated, and a sum is stored for everybody.
#[tokio::test]
async fn a_batch_within_a_computation_asks_the_backend() {
    let cells = Cells::default();
    let aged = cells.process().clock(ManualClock::new()).l1(60).build();
    let (here, there) = (aged.expect("an age"), cells.cache());
    let source = Source::default();
    let read = || with_cache(&here, rows::traced(&IDS, &source));
    read().await;
    read().await;
    source.change();
    there.invalidate("near:many:2").await.expect("a key");
    assert_eq!(read().await.0[&2], 0, "nobody told");
    assert_eq!(with_cache(&here, sum(1, &source)).await, 1);
}
