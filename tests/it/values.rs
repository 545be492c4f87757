//! What is stored of what a function returns, and what is not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cached_core::testing::{isolated, isolated_blocking, with_cache_blocking};
use cached_core::{Outcome, cached};
use serde::{Deserialize, Serialize};

use crate::support::{Gate, Runs, Tally, Task, memory, run_all};

type Inner<T> = Result<T, String>;
type Outer = Inner<u64>;
type Found = Option<u64>;
type Perhaps = Inner<Found>;

#[tokio::test]
async fn an_alias_of_an_alias_of_result_never_stores_an_err() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "v:alias:<id>")]
    async fn find(id: u64) -> Outer {
        RUNS.add();
        if id == 0 { Err("none".into()) } else { Ok(id) }
    }
    isolated(async {
        for run in 1..=3 {
            assert_eq!(find(0).await, Err("none".into()));
            assert_eq!(RUNS.count(), run);
        }
        assert_eq!((find(1).await, find(1).await), (Ok(1), Ok(1)));
        assert_eq!(RUNS.count(), 4);
        assert_eq!(find::entry(0).get().await, None);
        assert_eq!(find::entry(1).get().await, Some(1));
    })
    .await;
}

#[test]
fn a_none_is_not_stored_unless_it_is_asked_for() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "v:none:<id>")]
    fn find(id: u64) -> Found {
        RUNS.add();
        (id > 0).then_some(id)
    }
    #[cached(key = "v:none:kept:<id>", ttl_none = "1m")]
    fn find_or_remember(id: u64) -> Found {
        RUNS.add();
        (id > 0).then_some(id)
    }
    isolated_blocking(|| {
        assert_eq!((find(0), find(0), RUNS.count()), (None, None, 2));
        assert_eq!((find(1), find(1), RUNS.count()), (Some(1), Some(1), 3));
        let remembered = (find_or_remember(0), find_or_remember(0));
        assert_eq!((remembered, RUNS.count()), ((None, None), 4));
        assert_eq!(find_or_remember::traced(0), (None, Outcome::Hit));
    });
}

#[tokio::test]
async fn ok_none_counts_as_none() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "v:oknone:<id>")]
    async fn find(id: u64) -> Result<Option<u64>, String> {
        RUNS.add();
        if id == 9 {
            Err("nine".into())
        } else {
            Ok((id > 0).then_some(id))
        }
    }
    #[cached(key = "v:oknone:kept:<id>", ttl_none = 60)]
    async fn remember(id: u64) -> Perhaps {
        RUNS.add();
        if id == 9 {
            Err("nine".into())
        } else {
            Ok((id > 0).then_some(id))
        }
    }
    isolated(async {
        assert_eq!(
            (find(0).await, find(0).await, RUNS.count()),
            (Ok(None), Ok(None), 2)
        );
        assert_eq!(
            (find(1).await, find(1).await, RUNS.count()),
            (Ok(Some(1)), Ok(Some(1)), 3)
        );
        assert_eq!(
            (remember(0).await, remember(0).await, RUNS.count()),
            (Ok(None), Ok(None), 4)
        );
        assert_eq!(
            (remember(1).await, remember(1).await, RUNS.count()),
            (Ok(Some(1)), Ok(Some(1)), 5)
        );
        assert!(remember(9).await.is_err() && remember(9).await.is_err());
        assert_eq!(RUNS.count(), 7, "an `Err` is never stored");
    })
    .await;
}

#[test]
fn a_remembered_none_has_a_ttl_of_its_own() {
    #[cached(key = "v:none:ttl:<id>", ttl = "1h", ttl_none = "10s")]
    fn find(id: u64) -> Option<u64> {
        (id > 0).then_some(id)
    }
    let (cache, clock) = crate::support::manual();
    with_cache_blocking(&cache, || {
        _ = (find(0), find(1));
        clock.advance(std::time::Duration::from_secs(11));
        assert_eq!(find::traced(0), (None, Outcome::Stored));
        assert_eq!(find::traced(1), (Some(1), Outcome::Hit));
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point(i32, i32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Dot(Point),
    Line { from: Point, to: Point },
    Nothing,
}

#[test]
fn plain_values_of_every_kind_are_stored() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "v:copy")]
    fn copy() -> Point {
        RUNS.add();
        Point(1, 2)
    }
    #[cached(key = "v:enum:<id>")]
    fn shape(id: u64) -> Shape {
        RUNS.add();
        match id {
            0 => Shape::Dot(copy()),
            1 => Shape::Line {
                from: copy(),
                to: Point(3, 4),
            },
            _ => Shape::Nothing,
        }
    }
    #[cached(key = "v:tuple")]
    fn tuple() -> (u8, String, Vec<Option<bool>>, [char; 2], ()) {
        RUNS.add();
        (1, "a".into(), vec![None, Some(true)], ['b', 'c'], ())
    }
    isolated_blocking(|| {
        for _ in 0..2 {
            assert_eq!(shape(0), Shape::Dot(Point(1, 2)));
            assert_eq!(
                shape(1),
                Shape::Line {
                    from: Point(1, 2),
                    to: Point(3, 4)
                }
            );
            assert_eq!(shape(2), Shape::Nothing);
            assert_eq!(
                tuple(),
                (1, "a".into(), vec![None, Some(true)], ['b', 'c'], ())
            );
        }
        assert_eq!(RUNS.count(), 5);
    });
}

/// Counts its clones.
#[derive(Debug, Serialize, Deserialize)]
struct Heavy(String);

static CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Heavy {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::SeqCst);
        Self(self.0.clone())
    }
}

#[tokio::test]
async fn what_is_in_an_arc_is_shared_and_never_cloned() {
    #[cached(key = "v:arc")]
    async fn heavy() -> Arc<Heavy> {
        Arc::new(Heavy("x".repeat(10_000)))
    }
    #[cached(key = "v:arc:result")]
    async fn fallible() -> Result<Arc<Heavy>, String> {
        Ok(Arc::new(Heavy("y".into())))
    }
    #[cached(key = "v:arc:slice")]
    fn slice() -> Arc<[Heavy]> {
        vec![Heavy("z".into())].into()
    }
    isolated(async {
        let (first, second) = (heavy().await, heavy().await);
        assert!(Arc::ptr_eq(&first, &second));
        let entry = heavy::entry().get().await;
        assert!(entry.is_some_and(|third| Arc::ptr_eq(&first, &third)));
        let (first, second) = (fallible().await, fallible().await);
        assert!(first.is_ok_and(|first| second.is_ok_and(|second| Arc::ptr_eq(&first, &second))));
        assert!(Arc::ptr_eq(&slice(), &slice()));
        assert_eq!(CLONES.load(Ordering::SeqCst), 0);
    })
    .await;
}

#[test]
fn large_values_are_stored() {
    #[cached(key = "v:large:<size>")]
    fn large(size: usize) -> Vec<u8> {
        vec![7; size]
    }
    #[cached(key = "v:large:array")]
    fn array() -> Box<[[u64; 32]]> {
        vec![[1; 32]; 1000].into()
    }
    isolated_blocking(|| {
        let size = 16 << 20;
        assert_eq!(large(size).len(), size);
        assert_eq!(large::traced(size).1, Outcome::Hit);
        assert_eq!((array().len(), array::traced().1), (1000, Outcome::Hit));
    });
}

/// Neither `Clone` nor serialisable.
#[derive(Debug, PartialEq)]
struct Rough(u64);

impl fmt::Display for Rough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rough {}", self.0)
    }
}

impl std::error::Error for Rough {}

#[tokio::test]
async fn errors_need_no_bounds_at_all() {
    #[cached(key = "v:rough:<id>")]
    async fn rough(id: u64) -> Result<u64, Rough> {
        if id == 0 { Err(Rough(0)) } else { Ok(id) }
    }
    #[cached(key = "v:boxed:<id>")]
    fn boxed(id: u64) -> Result<u64, Box<dyn std::error::Error>> {
        if id == 0 {
            Err(Rough(0))?
        }
        Ok(id)
    }
    #[cached(key = "v:rc:<id>")]
    fn local(id: u64) -> Result<u64, std::rc::Rc<str>> {
        if id == 0 { Err("zero".into()) } else { Ok(id) }
    }
    isolated(async {
        assert_eq!(
            (rough(0).await, rough(1).await, rough(1).await),
            (Err(Rough(0)), Ok(1), Ok(1))
        );
        assert_eq!(rough::traced(1).await.1, Outcome::Hit);
        assert!(boxed(0).is_err_and(|error| error.is::<Rough>()));
        assert_eq!((boxed(1).ok(), boxed::traced(1).1), (Some(1), Outcome::Hit));
        assert_eq!(
            (local(0), local(1), local::traced(1).1),
            (Err("zero".into()), Ok(1), Outcome::Hit)
        );
    })
    .await;
}

#[cached(key = "v:shared", skip(runs, gate))]
async fn shared(runs: &Runs, gate: &Gate) -> Result<u64, String> {
    let run = runs.next();
    gate.passed().await;
    Err(format!("run {run}"))
}

#[cached(key = "v:unshared", skip(runs, gate), share_err = false)]
async fn unshared(runs: &Runs, gate: &Gate) -> Result<u64, String> {
    let run = runs.next();
    gate.passed().await;
    Err(format!("run {run}"))
}

/// What three callers get who ask while the body waits.
fn three_ask<T>(ask: impl AsyncFn(&Runs, &Gate) -> T) -> Vec<T> {
    let (runs, gate, cache) = (Runs::default(), Gate::default(), memory());
    let call = || cached_core::testing::with_cache(&cache, ask(&runs, &gate));
    let tasks: Vec<_> = (0..3).map(|_| Task::waiting(call())).collect();
    gate.open();
    run_all(tasks)
}

#[test]
fn joiners_share_an_error_unless_that_is_turned_off() {
    let run = |run: u64| Err(format!("run {run}"));
    assert_eq!(
        three_ask(async |runs, gate| shared(runs, gate).await),
        [run(1), run(1), run(1)]
    );
    assert_eq!(
        three_ask(async |runs, gate| unshared(runs, gate).await),
        [run(1), run(2), run(3)]
    );
}

/// Lives in this process only: no serde.
#[derive(Clone)]
struct Live(Arc<dyn Fn(u64) -> u64 + Send + Sync>);

#[tokio::test]
async fn in_process_takes_values_without_serde() {
    #[cached(key = "v:live:<id>", in_process)]
    async fn live(id: u64) -> Live {
        Live(Arc::new(move |by| id * by))
    }
    #[cached(key = "v:live:result:<id>", in_process, ttl_none = 60)]
    fn perhaps(id: u64) -> Result<Option<Live>, Rough> {
        match id {
            0 => Err(Rough(0)),
            1 => Ok(None),
            id => Ok(Some(Live(Arc::new(move |by| id * by)))),
        }
    }
    isolated(async {
        let (first, second) = (live(2).await, live(2).await);
        assert!(Arc::ptr_eq(&first.0, &second.0));
        assert_eq!((second.0)(21), 42);
        assert!(perhaps(2).is_ok_and(|found| found.is_some()));
        assert!(perhaps(1).is_ok_and(|found| found.is_none()));
        assert_eq!(
            (perhaps::traced(2).1, perhaps::traced(1).1),
            (Outcome::Hit, Outcome::Hit)
        );
        assert_eq!(perhaps::traced(0).1, Outcome::NotStored);
    })
    .await;
}

#[test]
fn two_functions_of_one_key_and_different_values_do_not_misread_each_other() {
    #[cached(key = "v:clash:<id>")]
    fn number(id: u64) -> u64 {
        id
    }
    #[cached(key = "v:clash:<id>")]
    fn text(id: u64) -> String {
        format!("text {id}")
    }
    isolated_blocking(|| {
        for _ in 0..2 {
            assert_eq!((number(1), text(1)), (1, "text 1".into()));
        }
    });
}
