//! What explicit writes keep, and what damaged bytes come to.

use std::sync::Arc;
use std::time::Duration;

use cached_core::event::EventKind;
use cached_core::testing::{ManualClock, in_process_at, with_cache};
use cached_core::{Cache, Error, ErrorKind, Outcome, Override, PlainEntry, cached, stats};

use super::cells::{Cells, Op};
use crate::relay::{Duty, Relay};
use crate::support::{Gate, Tally, Watch};

#[cached(key = "remote:views:<id>", tags("remote-views:<id>"))]
async fn views(id: u64) -> i64 {
    let _ = id;
    10
}

static DAMAGED: Tally = Tally::new();

#[cached(key = "remote:damaged:<id>")]
async fn damaged(id: u64) -> u64 {
    let _ = id;
    DAMAGED.add()
}

#[tokio::test]
async fn a_counter_that_a_function_stored_keeps_its_tags() {
    let cells = Cells::default();
    let cache = cells.cache();
    with_cache(&cache, async {
        assert_eq!(views(1).await, 10);
        assert_eq!(
            cache.incr("remote:views:1", 1).await.expect("a counter"),
            11
        );
        assert_eq!(views(1).await, 11);
        cache
            .invalidate_tag("remote-views:1")
            .await
            .expect("a valid tag");
        assert_eq!(views(1).await, 10, "the counter fell with its tag");
    })
    .await;
}

#[tokio::test]
async fn counters_add_up_however_many_write() {
    let cells = Cells::default();
    let caches: Vec<_> = (0..16).map(|_| cells.cache()).collect();
    let writers = caches.into_iter().map(|cache| {
        tokio::spawn(async move {
            for _ in 0..50 {
                cache
                    .incr_or("n", 1, 0)
                    .await
                    .expect("somebody is fastest, in the end all are");
                tokio::task::yield_now().await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no writer gave up");
    }
    assert_eq!(
        cells.cache().get::<i64>("n").await.expect("it answers"),
        Some(800)
    );
}

#[tokio::test]
async fn damaged_bytes_are_a_miss_that_is_counted_once_and_overwritten() {
    let cells = Cells::default();
    let unreadable = || {
        stats()
            .function("damaged")
            .map_or(0, |row| row.unreadable())
    };
    with_cache(&cells.cache(), async {
        assert_eq!(damaged::traced(1).await, (1, Outcome::Stored));
        let before = unreadable();
        cells.damage("damaged:1", |bytes| {
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
        });
        assert_eq!(damaged::traced(1).await, (2, Outcome::Stored));
        assert_eq!(unreadable() - before, 1);
        cells.damage("damaged:1", |bytes| bytes.clear());
        assert_eq!(
            damaged::traced(1).await,
            (3, Outcome::Stored),
            "not even a token"
        );
        assert_eq!(damaged::traced(1).await, (3, Outcome::Hit));
    })
    .await;
}

#[tokio::test]
async fn a_hit_is_one_question() {
    let cells = Cells::default();
    with_cache(&cells.cache(), async {
        views(2).await;
        let before = cells.count(Op::Read);
        assert_eq!(views::traced(2).await.1, Outcome::Hit);
        assert_eq!(cells.count(Op::Read) - before, 1);
    })
    .await;
}

#[cached(key = "remote:brief:<id>", ttl = 7)]
async fn brief(id: u64) -> u64 {
    id
}

#[cached(key = "remote:lasting:<id>", ttl = "forever")]
async fn lasting(id: u64) -> u64 {
    id
}

/// The handle learns from the first entry that it reads whose the others are; what it writes itself
/// is nobody's all the same.
#[tokio::test]
async fn keys_that_begin_alike_are_one_question_for_whoever_reads_them() {
    let cells = Cells::default();
    let cache = cells.cache();
    with_cache(&cache, async {
        for id in 1..=3 {
            brief(id).await;
        }
        let reads = async |keys: &[&str]| {
            let before = cells.count(Op::Read);
            let found = cache.get_many::<u64>(keys).await.expect("valid keys");
            assert!(found.iter().all(Option::is_some), "{keys:?}: {found:?}");
            cells.count(Op::Read) - before
        };
        assert_eq!(reads(&["remote:brief:1"]).await, 2, "nothing is known yet");
        assert_eq!(reads(&["remote:brief:2", "remote:brief:3"]).await, 1);
        cache
            .set("remote:brief:4", &4_u64, 60)
            .await
            .expect("valid");
        assert_eq!(reads(&["remote:brief:4"]).await, 1, "a wrong guess");
        brief::all().invalidate().await;
        assert_eq!(reads(&["remote:brief:4"]).await, 1, "it is not brief's");
    })
    .await;
}

/// What nobody asks for any more leaves the backend by itself.
#[tokio::test]
async fn a_value_is_given_the_time_that_its_function_says() {
    let cells = Cells::default();
    let cache = cells.cache();
    with_cache(&cache, async {
        brief(1).await;
        lasting(1).await;
    })
    .await;
    let given = |end: &str| cells.last_ttl(Op::Fill, end);
    assert_eq!(given("brief:1"), Some(Duration::from_secs(7)));
    assert_eq!(given("lasting:1"), None);
}

#[tokio::test]
async fn what_became_of_a_computation_is_told() {
    let cells = Cells::default();
    let cache = cells.cache();
    let watch = Watch::of(&cache);
    with_cache(&cache, brief(2)).await;
    assert_eq!(watch.count(EventKind::Stored), 1);
    let overtaken = cache.get_or_set("k", 60, || async {
        cells.cache().invalidate("k").await.expect("a valid key");
        1u64
    });
    assert_eq!(overtaken.await.expect("a valid key and TTL"), 1);
    assert_eq!(watch.count(EventKind::Refused), 1);
}

#[cached(key = "remote:aged:<id>", ttl = "1h", ttl_none = "1h")]
async fn aged(id: u64) -> Option<u64> {
    (id > 0).then_some(id)
}

#[cached(key = "remote:aged:<id>", ttl = "1m", ttl_none = "1m")]
async fn young(id: u64) -> Option<u64> {
    (id > 0).then_some(id)
}

/// An entry is read as a call reads: by the age that its function states now, and not at all where a
/// deployment turned the function off.
#[tokio::test]
async fn an_entry_is_no_older_than_its_function_says() {
    let clock = ManualClock::new();
    let cells = in_process_at(clock.clone());
    let process = || Cache::on(cells.clone());
    let release = process().build().expect("the defaults");
    for id in [0, 7] {
        with_cache(&release, aged(id)).await;
    }
    clock.advance(Duration::from_secs(600));
    let off = Override::new().off();
    let off = process().policy("remote:aged:<id>", off).build();
    for (cache, found) in [(process().l1(60).build(), Some(7)), (off, None)] {
        let cache = cache.expect("a valid policy");
        with_cache(&cache, async {
            for _ in 0..2 {
                let read = (aged::entry(7).get().await, young::entry(7).get().await);
                assert_eq!(read, (found, None));
            }
            let none = found.map(|_| None);
            assert_eq!(PlainEntry::get(&young::entry(0)).await, None);
            assert_eq!(PlainEntry::get(&aged::entry(0)).await, none);
        })
        .await;
    }
}

/// A thousand callers of one process are in each other's way no longer than it takes.
#[tokio::test]
async fn a_thousand_callers_count_at_once() {
    let polite = Relay::new(Arc::new(Cells::default()), Polite);
    let built = Cache::on(polite).timeout(Duration::from_secs(60)).build();
    let cache = built.expect("a time");
    let counting = (0..1000).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.incr_or("n", 1, 0).await })
    });
    for counted in counting.collect::<Vec<_>>() {
        counted.await.expect("no panic").expect("it has its turn");
    }
    assert_eq!(cache.get::<i64>("n").await.expect("a key"), Some(1000));
}

/// Lets everybody else go first before it answers.
struct Polite;

impl Duty for Polite {
    async fn after(&self, _: &'static str) -> Result<(), Error> {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// Databases take many values in many statements.
#[tokio::test]
async fn many_values_have_more_time_than_one() {
    for warms in [false, true] {
        let gate = Gate::default();
        let slow = Relay::new(Arc::new(Cells::default()), Slow(gate.clone()));
        let built = Cache::on(slow).timeout(Duration::from_millis(500)).build();
        let cache = built.expect("a time");
        let values = (0..256u64).map(|number| (format!("n:{number}"), number));
        let many = async {
            if warms {
                let warmed = cache.warm(values, 60).await;
                return assert_eq!(warmed.expect("there is time"), 256);
            }
            let (names, numbers): (Vec<String>, Vec<u64>) = values.unzip();
            let pairs = names.iter().zip(&numbers);
            cache.set_many(pairs, 60).await.expect("there is time");
        };
        let one = async {
            let set = cache.set("one", &1u64, 60).await;
            gate.open();
            assert_eq!(set.map_err(|e| e.kind()), Err(ErrorKind::Timeout));
        };
        tokio::join!(many, one);
    }
}

/// Answers many writes once one has waited in vain for its answer.
struct Slow(Gate);

impl Duty for Slow {
    async fn after(&self, operation: &'static str) -> Result<(), Error> {
        match operation {
            "write" => std::future::pending().await,
            "write_many" | "acquire_many" => self.0.passed().await,
            _ => {}
        }
        Ok(())
    }
}
