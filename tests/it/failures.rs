//! What joiners get when there is no value: a failure that can be shared, one that cannot, or the
//! news that nothing was found.

use std::rc::Rc;
use std::time::Duration;

use cached_core::testing::{with_cache, with_cache_blocking};
use cached_core::{Cache, Outcome, cached};

use crate::support::{Gate, Runs, Task, manual, memory, sendable};

#[derive(Debug, Clone, PartialEq)]
struct Down(i64);

/// Not `Clone`, so no two callers can have it.
#[derive(Debug, PartialEq)]
struct Unique(i64);

/// Not even `Send`.
type Anything = Box<dyn std::error::Error>;
type Aliased<T> = Result<T, Down>;

macro_rules! gated {
    ($name:ident, $key:literal, $ret:ty, $make:expr $(, $option:ident $(= $value:tt)?)*) => {
        #[cached(key = $key, skip(runs, gate) $(, $option $(= $value)?)*)]
        async fn $name(runs: &Runs, gate: &Gate) -> $ret {
            let run = runs.next();
            gate.passed().await;
            $make(run)
        }
    };
}

gated!(shared, "f:shared", Result<i64, Down>, |run| Err(Down(run)));
gated!(aliased, "f:aliased", Aliased<i64>, |run| Err(Down(run)));
gated!(kept, "f:kept", Result<i64, Down>, |run| Err(Down(run)), share_err = false);
gated!(unique, "f:unique", Result<i64, Unique>, |run| Err(Unique(run)));
gated!(anything, "f:anything", Result<i64, Anything>, |run: i64| Err(run.to_string().into()));
gated!(absent, "f:absent", Option<i64>, |_| None);
gated!(
    remembered,
    "f:remembered",
    Option<i64>,
    |_| None,
    ttl_none = 10
);
gated!(neither, "f:neither", Result<Option<i64>, Down>, |_| Ok(
    None
));
gated!(hurried, "f:hurried", i64, |run| run, wait = "1s");

fn with_memory(test: impl FnOnce(&Cache)) {
    let cache = memory();
    with_cache_blocking(&cache, || test(&cache));
}

/// How often the body ran for three callers at once, and what they got.
fn three<R, F: Future<Output = R>>(read: impl Fn(Runs, Gate) -> F) -> (usize, Vec<R>) {
    let (runs, gate) = (Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..3)
        .map(|_| Task::waiting(read(runs.clone(), gate.clone())))
        .collect();
    gate.open();
    let results = callers.iter_mut().map(Task::ends).collect();
    (runs.count(), results)
}

#[test]
fn a_failure_that_is_clone_is_shared_and_not_stored() {
    with_memory(|cache| {
        let (runs, results) = three(|runs, gate| async move { shared(&runs, &gate).await });
        assert_eq!((runs, results), (1, vec![Err(Down(1)); 3]));
        let (runs, results) = three(|runs, gate| async move { aliased(&runs, &gate).await });
        assert_eq!(
            (runs, results),
            (1, vec![Err(Down(1)); 3]),
            "an alias hides nothing"
        );
        assert!(cache.is_empty());
    });
}

#[test]
fn a_failure_that_is_not_clone_releases_the_joiners_to_their_own_bodies() {
    with_memory(|cache| {
        let (runs, results) = three(|runs, gate| async move { unique(&runs, &gate).await });
        assert_eq!(
            (runs, results),
            (3, vec![Err(Unique(1)), Err(Unique(2)), Err(Unique(3))])
        );
        let (runs, results) = three(|runs, gate| async move { kept(&runs, &gate).await });
        assert_eq!(runs, 3, "`share_err = false`");
        assert_eq!(results[2], Err(Down(3)));
        let (runs, _) = three(|runs, gate| async move { anything(&runs, &gate).await });
        assert_eq!(runs, 3);
        assert!(cache.is_empty());
    });
}

#[test]
fn nothing_found_is_handed_to_joiners_and_remembered_on_demand_only() {
    with_memory(|cache| {
        let (runs, results) = three(|runs, gate| async move { absent(&runs, &gate).await });
        assert_eq!((runs, results), (1, vec![None; 3]));
        let (runs, results) = three(|runs, gate| async move { neither(&runs, &gate).await });
        assert_eq!((runs, results), (1, vec![Ok(None); 3]));
        assert!(cache.is_empty());
        let (runs, results) = three(|runs, gate| async move { remembered(&runs, &gate).await });
        assert_eq!((runs, results), (1, vec![None; 3]));
        assert_eq!(cache.len(), 1);
    });
}

#[test]
fn what_was_not_found_is_remembered_for_its_own_time() {
    let (cache, clock) = manual();
    with_cache_blocking(&cache, || {
        let (runs, gate) = (Runs::default(), Gate::default());
        gate.open();
        let outcome = || Task::new(remembered::traced(&runs, &gate)).ends().1;
        assert_eq!((outcome(), outcome()), (Outcome::Stored, Outcome::Hit));
        clock.advance(Duration::from_secs(10));
        assert_eq!(outcome(), Outcome::Stored);
    });
}

#[test]
fn a_released_joiner_neither_stores_nor_leads() {
    with_memory(|cache| {
        let (first, second) = (Gate::default(), Gate::default());
        let read = |gate: &Gate, value: Result<i64, Unique>| {
            let gate = gate.clone();
            cache.try_get_or_set::<i64, Failed, _, _>("k", 60, move || async move {
                gate.passed().await;
                value.map_err(|_| Failed)
            })
        };
        let mut leader = Task::waiting(read(&first, Err(Unique(1))));
        let mut joiner = Task::waiting(read(&second, Ok(2)));
        first.open();
        assert!(leader.ends().is_err());
        joiner.waits();
        let mut after = Task::waiting(read(&second, Ok(3)));
        second.open();
        assert_eq!((joiner.ends().unwrap(), after.ends().unwrap()), (2, 3));
        assert_eq!(
            cache.blocking().get("k").unwrap(),
            Some(3i64),
            "of the one that led"
        );
    });
}

#[derive(Debug)]
struct Failed;

impl From<cached_core::Error> for Failed {
    fn from(_: cached_core::Error) -> Self {
        Self
    }
}

#[test]
fn a_function_may_wait_less() {
    let (cache, clock) = manual();
    let (runs, never) = (Runs::default(), Gate::default());
    let open = Gate::default();
    open.open();
    let leader = Task::waiting(with_cache(&cache, hurried(&runs, &never)));
    let mut waiter = Task::waiting(with_cache(&cache, hurried(&runs, &open)));
    clock.advance(Duration::from_millis(999));
    waiter.waits();
    clock.advance(Duration::from_millis(1));
    assert_eq!(waiter.ends_woken(), 2);
    drop(leader);
}

/// What a function returns is no part of its future's state, so it need not be `Send`.
#[test]
fn futures_are_send_whenever_their_bodies_are() {
    let (runs, gate) = (Runs::default(), Gate::default());
    drop(sendable(anything(&runs, &gate)));
    drop(sendable(anything::traced(&runs, &gate)));
    drop(sendable(shared(&runs, &gate)));
    drop(sendable(
        anything::entry().refresh(|| anything::uncached(&runs, &gate)),
    ));
    drop(sendable(anything::entry().get()));
    drop(sendable(cached_core::bypass(anything(&runs, &gate))));
    drop(sendable(update()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    gate.open();
    let failed = runtime.spawn(async move { anything(&runs, &gate).await.is_err() });
    assert!(runtime.block_on(failed).expect("no panic"));
}

#[cached_core::invalidates("f:shared")]
async fn update() -> Result<Rc<i64>, Anything> {
    tokio::task::yield_now().await;
    Err("as the test wants".into())
}
