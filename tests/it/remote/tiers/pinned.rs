//! A function that keeps its values in this process, and one that shares them, under one key.

use cached_core::testing::with_cache;
use cached_core::{Cache, Outcome, cached, invalidates};

use super::Source;
use crate::remote::cells::Cells;
use crate::support::{Gate, Task, memory};

#[cached(key = "pinned:<id>", ttl = 60, in_process, skip(source, gate))]
async fn own(id: u64, source: &Source, gate: &Gate) -> u64 {
    let _ = id;
    let now = source.now();
    gate.passed().await;
    now
}

#[cached(key = "pinned:<id>", ttl = 60, skip(source))]
async fn shared(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.now()
}

/// Calls the one that does not share within a mutator of its key.
#[invalidates("pinned:<id>")]
async fn write(id: u64, source: &Source, gate: &Gate) -> Outcome {
    own::traced(id, source, gate).await.1
}

/// Two processes, the first of which keeps what it reads.
struct Scene {
    cells: Cells,
    here: Cache,
    there: Cache,
    source: Source,
    gate: Gate,
}

impl Scene {
    fn new() -> Self {
        let (cells, gate) = (Cells::default().watches(), Gate::default());
        gate.open();
        let tiered = cells.process().l1(60).build();
        Self {
            here: tiered.expect("a legal age"),
            there: cells.cache(),
            cells,
            source: Source::default(),
            gate,
        }
    }

    async fn own(&self) -> (u64, Outcome) {
        with_cache(&self.here, own::traced(1, &self.source, &self.gate)).await
    }

    async fn shared(&self) -> (u64, Outcome) {
        with_cache(&self.here, shared::traced(1, &self.source)).await
    }
}

#[tokio::test]
async fn they_are_kept_apart() {
    let scene = Scene::new();
    assert_eq!(scene.own().await, (0, Outcome::Stored));
    scene.source.change();
    scene.there.invalidate("pinned:1").await.expect("a key");
    assert_eq!(scene.shared().await, (1, Outcome::Stored));
    assert_eq!(scene.shared().await, (1, Outcome::Hit), "from the backend");
    let asked = scene.cells.log().len();
    assert_eq!(scene.shared().await, (1, Outcome::Hit));
    assert_eq!(scene.own().await, (0, Outcome::Hit), "it shares nothing");
    let entry = with_cache(&scene.here, async {
        own::entry(1).contains().await && own::entry(1).get().await == Some(0)
    });
    assert!(entry.await);
    assert_eq!(scene.cells.log().len(), asked, "nobody was asked");
    assert!(with_cache(&scene.here, async { own::entry(1).put(7).await }).await);
    assert_eq!(scene.own().await, (7, Outcome::Hit));
    assert_eq!(scene.shared().await, (1, Outcome::Hit));
    assert!(with_cache(&scene.here, async { own::entry(1).expire().await }).await);
    assert_eq!(scene.own().await, (1, Outcome::Stored));
}

#[tokio::test]
async fn whatever_this_process_does_to_the_key_both_see() {
    let scene = Scene::new();
    let here = &scene.here;
    for change in 0..7 {
        for _ in 0..3 {
            scene.own().await;
            scene.shared().await;
        }
        assert_eq!(scene.own().await.1, Outcome::Hit);
        scene.source.change();
        match change {
            0 => drop(here.invalidate("pinned:1").await.expect("a key")),
            1 => drop(here.delete_many(["pinned:1"]).await.expect("a key")),
            2 => drop(here.clear().await.expect("it answers")),
            3 => drop(with_cache(here, async { own::entry(1).invalidate().await }).await),
            4 => drop(with_cache(here, async { shared::entry(1).invalidate().await }).await),
            5 => {
                let now = scene.source.now();
                here.set("pinned:1", &now, 60).await.expect("a number");
            }
            _ => {
                let within = with_cache(here, write(1, &scene.source, &scene.gate)).await;
                assert_eq!(within, Outcome::Uncached, "the mutator is armed for it");
            }
        }
        let now = scene.source.now();
        assert_eq!(scene.own().await, (now, Outcome::Stored), "{change}");
        assert_eq!(scene.shared().await.0, now, "{change}");
    }
}

#[test]
fn neither_joins_the_other() {
    let scene = Scene::new();
    let gate = Gate::default();
    let own = with_cache(&scene.here, own::traced(1, &scene.source, &gate));
    let mut own = Task::waiting(own);
    assert_eq!(Task::new(scene.shared()).ends(), (0, Outcome::Stored));
    gate.open();
    assert_eq!(own.ends(), (0, Outcome::Stored));
}

#[tokio::test]
async fn a_cache_in_memory_keeps_them_as_one() {
    let scene = Scene::new();
    let here = memory();
    let own = with_cache(&here, own::traced(1, &scene.source, &scene.gate));
    assert_eq!(own.await, (0, Outcome::Stored));
    let shared = with_cache(&here, shared::traced(1, &scene.source));
    assert_eq!(shared.await, (0, Outcome::Hit));
    let read = here.get::<u64>("pinned:1").await.expect("a key");
    assert_eq!(read, Some(0));
}
