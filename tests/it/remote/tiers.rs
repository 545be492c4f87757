//! Memory in front of a shared backend: what is served from it, and what never is.

mod aged;
mod batches;
mod dropped;
mod nested;
mod pinned;

use std::sync::atomic::{AtomicU64, Ordering};

use cached_core::testing::with_cache;
use cached_core::{Cache, ErrorKind, Outcome, Ttl, cached, invalidates};

use super::cells::{Act, Cells, Op};
use crate::support::Task;

/// What the functions here compute from.
#[derive(Default)]
struct Source(AtomicU64);

impl Source {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn change(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[cached(key = "near:<id>", ttl = 60, tags("near-tag:<id>"), skip(source))]
async fn row(id: u64, source: &Source) -> u64 {
    let _ = id;
    source.now()
}

#[invalidates("near:<id>")]
async fn write_row(id: u64, source: &Source) {
    let _ = id;
    source.change();
}

/// Two processes, the first of which keeps what it reads, and has read the row.
struct Scene {
    cells: Cells,
    here: Cache,
    there: Cache,
    source: Source,
}

impl Scene {
    async fn new() -> Self {
        Self::on(Cells::default().watches()).await
    }

    async fn on(cells: Cells) -> Self {
        let tiered = cells.process().l1(60).build();
        let scene = Self {
            here: tiered.expect("a legal age"),
            there: cells.cache(),
            cells,
            source: Source::default(),
        };
        assert_eq!(scene.call().await.1, Outcome::Stored);
        assert_eq!(scene.call().await, (0, Outcome::Hit), "from the backend");
        scene.is_near().await;
        scene
    }

    async fn call(&self) -> (u64, Outcome) {
        with_cache(&self.here, row::traced(1, &self.source)).await
    }

    /// The row is served without a question.
    async fn is_near(&self) {
        let (before, value) = (self.cells.log().len(), self.source.now());
        for _ in 0..3 {
            assert_eq!(self.call().await, (value, Outcome::Hit));
        }
        assert_eq!(self.cells.log().len(), before, "nobody was asked");
    }

    /// The next call does not come from this process, nor is it an old value.
    async fn is_asked_for(&self) {
        let before = self.cells.log().len();
        assert_eq!(self.call().await.0, self.source.now());
        assert!(self.cells.log().len() > before, "the backend was asked");
    }
}

#[tokio::test]
async fn a_value_is_near_from_its_second_read_on() {
    Scene::new().await;
}

#[tokio::test]
async fn whatever_another_process_does_to_the_value_is_seen() {
    let scene = Scene::new().await;
    let there = &scene.there;
    for change in 0..7 {
        scene.source.change();
        match change {
            0 => drop(there.invalidate("near:1").await.expect("a key")),
            1 => drop(there.delete("near:1").await.expect("a key")),
            2 => drop(there.invalidate_tag("near-tag:1").await.expect("a tag")),
            3 => drop(there.clear().await.expect("it answers")),
            4 => drop(with_cache(there, row::invalidate_all()).await),
            5 => {
                let now = scene.source.now();
                there.set("near:1", &now, 60).await.expect("a number");
            }
            _ => with_cache(there, write_row(1, &scene.source)).await,
        }
        scene.is_asked_for().await;
        scene.call().await;
        scene.is_near().await;
    }
}

#[tokio::test]
async fn whatever_this_process_does_is_seen_at_once_though_the_news_be_late() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    let here = &scene.here;
    for change in 0..8 {
        scene.source.change();
        match change {
            0 => drop(here.invalidate("near:1").await.expect("a key")),
            1 => drop(here.delete_many(["near:1"]).await.expect("a key")),
            2 => drop(here.invalidate_tag("near-tag:1").await.expect("a tag")),
            3 => drop(here.clear().await.expect("it answers")),
            4 => drop(with_cache(here, row::invalidate_all()).await),
            5 => {
                let now = scene.source.now();
                here.set_many([("near:1", &now)], 60)
                    .await
                    .expect("a number");
            }
            6 => {
                let now = scene.source.now();
                assert!(with_cache(here, async { row::entry(1).put(now).await }).await);
            }
            _ => with_cache(here, write_row(1, &scene.source)).await,
        }
        scene.is_asked_for().await;
        scene.call().await;
        scene.is_near().await;
    }
}

#[tokio::test]
async fn changes_of_times_and_numbers_are_seen_at_once() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    let here = &scene.here;
    here.set("n", &1i64, 60).await.expect("a number");
    for _ in 0..3 {
        assert_eq!(here.get::<i64>("n").await.expect("a key"), Some(1));
    }
    assert_eq!(here.incr("n", 1).await.expect("a number"), 2);
    assert_eq!(here.get::<i64>("n").await.expect("a key"), Some(2));
    assert_eq!(here.get::<i64>("n").await.expect("a key"), Some(2));
    assert!(here.expire("n").await.expect("a key"));
    assert_eq!(here.get::<i64>("n").await.expect("a key"), None);
    assert!(here.add("n", &5i64, 60).await.expect("a number"));
    assert_eq!(here.get::<i64>("n").await.expect("a key"), Some(5));
}

#[tokio::test]
async fn the_handle_reads_one_or_many_from_memory() {
    let scene = Scene::new().await;
    let (here, there) = (&scene.here, &scene.there);
    // Text that no name tells, and a key that is longer than a name.
    let keys = [
        "plain".to_owned(),
        "grün und \u{1}".to_owned(),
        "x".repeat(300),
    ];
    let read = || async { here.get_many::<u64>(&keys).await.expect("keys") };
    for (number, key) in (0u64..).zip(&keys) {
        there.set(key, &number, 60).await.expect("a number");
    }
    let all = vec![Some(0), Some(1), Some(2)];
    assert_eq!(read().await, all);
    let asked = scene.cells.log().len();
    assert_eq!(read().await, all);
    for (number, key) in (0u64..).zip(&keys) {
        assert_eq!(here.get::<u64>(key).await.expect("a key"), Some(number));
    }
    assert_eq!(scene.cells.log().len(), asked);
    for (at, key) in keys.iter().enumerate() {
        there.set(key, &7u64, 60).await.expect("a number");
        assert_eq!(read().await[at], Some(7));
        assert_eq!(here.get::<u64>(key).await.expect("a key"), Some(7));
    }
    there.delete("plain").await.expect("a key");
    assert_eq!(read().await, [None, Some(7), Some(7)]);
}

/// Keys that a cache makes others of are told as any.
#[tokio::test]
async fn tenants_and_key_functions_are_kept_apart_and_told() {
    let cells = Cells::default().watches();
    let processes = || [cells.process().l1(60), cells.process()];
    let tenants = processes().map(|process| process.prefix_with(|| "acme".to_owned()));
    let others = processes().map(|process| process.key_with(|key| format!("x/{key}")));
    for [here, there] in [tenants, others] {
        let [here, there] = [here, there].map(|process| process.build().expect("legal"));
        let read = || async { here.get::<u64>("k").await.expect("a key") };
        for value in 0..3 {
            there.set("k", &value, 60).await.expect("a number");
            assert_eq!(read().await, Some(value));
            let asked = cells.log().len();
            assert_eq!(read().await, Some(value));
            assert_eq!(cells.log().len(), asked, "it is near");
        }
        here.set("k", &7u64, 60).await.expect("a number");
        assert_eq!(read().await, Some(7));
        there.delete("k").await.expect("a key");
        assert_eq!(read().await, None);
    }
    let [here, there] = processes().map(|process| process.build().expect("legal"));
    let tenant = (here.for_tenant("acme"), there.for_tenant("acme"));
    tenant.1.set("k", &1u64, 60).await.expect("a number");
    for _ in 0..2 {
        assert_eq!(tenant.0.get::<u64>("k").await.expect("a key"), Some(1));
    }
    assert_eq!(here.get::<u64>("k").await.expect("a key"), None);
    tenant.1.set("k", &2u64, 60).await.expect("a number");
    assert_eq!(tenant.0.get::<u64>("k").await.expect("a key"), Some(2));
}

#[tokio::test]
async fn an_entry_of_a_function_is_near_too() {
    let scene = Scene::new().await;
    let asked = scene.cells.log().len();
    let read = || with_cache(&scene.here, async { row::entry(1).get().await });
    assert_eq!(read().await, Some(0));
    assert_eq!(scene.cells.log().len(), asked);
    scene.there.delete("near:1").await.expect("a key");
    assert_eq!(read().await, None);
}

/// The answer is on its way while the value is invalidated, and the news of that come first.
#[tokio::test]
async fn a_read_that_an_invalidation_overtakes_does_not_stay() {
    for by_tag in [false, true] {
        let scene = Scene::new().await;
        scene.cells.lose_news();
        scene.cells.next(Op::Read, Act::Slow);
        let mut reading = Task::waiting(scene.call());
        reading.waits();
        scene.source.change();
        let there = &scene.there;
        match by_tag {
            false => there.invalidate("near:1").await,
            true => there.invalidate_tag("near-tag:1").await,
        }
        .expect("it answers");
        let (value, _) = reading.ends();
        assert!(value <= 1, "it began before");
        assert_eq!(scene.call().await.0, 1, "{by_tag}");
        scene.call().await;
        scene.is_near().await;
    }
}

/// The same where this process invalidates, which nobody has to tell it.
#[tokio::test]
async fn a_read_that_an_own_invalidation_overtakes_does_not_stay() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    scene.here.expire("near:1").await.expect("a key");
    scene
        .there
        .set("near:1", &0u64, 60)
        .await
        .expect("a number");
    scene.cells.next(Op::Read, Act::Slow);
    let mut reading = Task::waiting(scene.call());
    reading.waits();
    scene.source.change();
    scene.here.invalidate("near:1").await.expect("a key");
    reading.ends();
    assert_eq!(scene.call().await.0, 1);
}

/// A process that does not hear does not know, until the news come; and it never mixes them up
/// with what it has read since.
#[tokio::test]
async fn news_that_are_late_cost_a_question_and_no_more() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    scene.source.change();
    scene.there.invalidate("near:1").await.expect("a key");
    assert_eq!(scene.call().await.0, 0, "the news are on their way");
    scene.cells.deliver_news();
    scene.is_asked_for().await;
    scene.call().await;
    scene.is_near().await;
}

/// What was missed may be anything.
#[tokio::test]
async fn a_lost_connection_empties_the_first_tier() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    scene.source.change();
    scene.there.invalidate("near:1").await.expect("a key");
    scene.cells.lose_news();
    scene.is_asked_for().await;
    scene.call().await;
    scene.is_near().await;
}

#[tokio::test]
async fn a_read_before_the_loss_does_not_stay_after_it() {
    let scene = Scene::new().await;
    scene.cells.lose_news();
    scene.cells.next(Op::Read, Act::Slow);
    let mut reading = Task::waiting(scene.call());
    reading.waits();
    scene.cells.lose_news();
    assert_eq!(reading.ends().0, 0);
    scene.is_asked_for().await;
}

/// A stamp that lives on is read anew, and entries that carry it are in use again.
#[tokio::test]
async fn a_stamp_that_was_told_of_but_is_the_same_costs_one_question() {
    let scene = Scene::new().await;
    let other = || with_cache(&scene.here, row::traced(2, &scene.source));
    other().await;
    other().await;
    for name in scene.cells.snapshot().keys() {
        if name.contains(":s:") {
            scene.cells.tell_of(name);
        }
    }
    scene.is_asked_for().await;
    scene.is_near().await;
    let asked = scene.cells.log().len();
    assert_eq!(other().await.1, Outcome::Hit);
    assert!(scene.cells.log().len() > asked, "its tag is its own");
}

#[tokio::test]
async fn within_a_mutator_the_backend_is_asked() {
    let scene = Scene::new().await;
    let asked = scene.cells.log().len();
    let call = async {
        reads_within(1, &scene.source).await;
    };
    with_cache(&scene.here, call).await;
    assert!(scene.cells.log().len() > asked);
}

#[invalidates("near-tag:<id>:*")]
async fn reads_within(id: u64, source: &Source) {
    assert_eq!(row(id, source).await, source.now());
}

#[test]
fn a_backend_that_does_not_tell_needs_an_age() {
    let error = Cells::default().process().l1_watched().build();
    let error = error.expect_err("nothing would ever be kept");
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("l1 = \"2s\""), "{error}");
    for age in [Ttl::from(0), Ttl::from(-1i64)] {
        let error = Cells::default().process().l1(age).build();
        let error = error.expect_err("nothing would ever be kept");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

/// What this process has not delivered yet is not served, from wherever.
#[tokio::test]
async fn an_invalidation_that_is_not_delivered_empties_memory_all_the_same() {
    let scene = Scene::new().await;
    scene.cells.hold_news();
    scene.source.change();
    scene.cells.always(Some(Act::Fail(ErrorKind::Unavailable)));
    with_cache(&scene.here, write_row(1, &scene.source)).await;
    assert_eq!(scene.call().await.0, scene.source.now());
    scene.cells.always(None);
}

#[tokio::test]
async fn the_bound_on_entries_holds_in_front_of_a_backend() {
    let cells = Cells::default().watches();
    let built = cells.process().l1(60).capacity(10).build();
    let here = built.expect("a legal age");
    for number in 0..100u64 {
        let key = format!("k{number}");
        here.set(&key, &number, 60).await.expect("a number");
        assert_eq!(here.get::<u64>(&key).await.expect("a key"), Some(number));
    }
    assert!((1..=10).contains(&here.len()), "{}", here.len());
}
