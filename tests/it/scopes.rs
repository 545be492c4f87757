//! Scopes: `bypass`, `refresh`, the contexts of tasks, and the caches that stand in for tests.

use cached_core::testing::{self, in_scope, isolated, with_cache, with_cache_blocking};
use cached_core::{
    Cache, Outcome, bypass, bypass_blocking, cached, refresh, refresh_blocking, with_context,
};

use crate::support::{Gate, Runs, Task, memory};

#[cached(key = "s:inner:<id>", skip(runs))]
fn inner(id: u64, runs: &Runs) -> i64 {
    let _ = id;
    runs.next()
}

#[cached(key = "s:outer:<id>", skip(runs, own))]
fn outer(id: u64, runs: &Runs, own: &Runs) -> i64 {
    own.next();
    inner(id, runs)
}

#[cached(key = "s:named:<id>", cache = "nobody installs this")]
fn named(id: u64) -> u64 {
    id
}

#[cached(key = "<name>", skip(runs))]
fn by_name(name: &str, runs: &Runs) -> i64 {
    inner(name.len() as u64, runs)
}

#[cached(key = "s:fallible:<id>", skip(answer))]
fn fallible(id: u64, answer: Result<i64, String>) -> Result<i64, String> {
    let _ = id;
    answer
}

fn in_memory(test: impl FnOnce(&Cache)) {
    let cache = memory();
    with_cache_blocking(&cache, || test(&cache));
}

#[test]
fn bypass_neither_reads_nor_joins_nor_stores() {
    in_memory(|cache| {
        let runs = Runs::default();
        assert_eq!(inner(1, &runs), 1);
        assert_eq!(bypass_blocking(|| inner(1, &runs)), 2);
        assert_eq!(
            inner(1, &runs),
            1,
            "what was computed in the scope is not stored"
        );
        let reading = || cache.get_or_set("k", 60, std::future::pending::<i64>);
        let leader = Task::waiting(reading());
        let around = bypass(cache.get_or_set("k", 60, || async { 7i64 }));
        assert_eq!(Task::new(around).ends().unwrap(), 7, "it joins nothing");
        assert_eq!(cache.len(), 1);
        drop(leader);
    });
}

#[test]
fn bypass_reaches_nested_calls_and_nothing_ends_it_from_within() {
    in_memory(|_| {
        let (runs, own) = (Runs::default(), Runs::default());
        outer(1, &runs, &own);
        bypass_blocking(|| outer(1, &runs, &own));
        assert_eq!((runs.count(), own.count()), (2, 2));
        bypass_blocking(|| refresh_blocking(|| outer(1, &runs, &own)));
        assert_eq!((runs.count(), own.count()), (3, 3));
        assert_eq!(outer(1, &runs, &own), 1);
    });
}

#[test]
fn bypass_does_not_stop_an_invalidation() {
    in_memory(|_| {
        let runs = Runs::default();
        inner(1, &runs);
        bypass_blocking(|| inner::entry(1).blocking().invalidate());
        assert_eq!(inner(1, &runs), 2);
    });
}

#[test]
fn refresh_computes_anew_and_stores_but_not_inside_of_the_computation() {
    in_memory(|_| {
        let (runs, own) = (Runs::default(), Runs::default());
        assert_eq!(outer(1, &runs, &own), 1);
        assert_eq!(refresh_blocking(|| outer(1, &runs, &own)), 1);
        assert_eq!(
            (runs.count(), own.count()),
            (1, 2),
            "the inner one was a hit"
        );
        assert_eq!(refresh_blocking(|| inner(1, &runs)), 2);
        assert_eq!(inner(1, &runs), 2);
        // Nor where the computation is not shared, here because its key is empty.
        inner(0, &runs);
        assert_eq!(refresh_blocking(|| by_name("", &runs)), 3);
        assert_eq!(runs.count(), 3);
    });
}

#[test]
fn a_failing_refresh_keeps_the_value_before() {
    in_memory(|_| {
        fallible(1, Ok(1)).expect("as given");
        refresh_blocking(|| fallible(1, Err("down".into()))).expect_err("as given");
        assert_eq!(fallible(1, Ok(2)), Ok(1));
        let failing = fallible::entry(1).blocking().refresh(|| Err("down".into()));
        assert_eq!(failing, Err("down".into()));
        assert_eq!(fallible(1, Ok(2)), Ok(1));
        assert_eq!(fallible::entry(1).blocking().refresh(|| Ok(3)), Ok(3));
        assert_eq!(fallible(1, Ok(2)), Ok(3));
    });
}

#[test]
fn a_refresh_is_joined_by_callers_without_a_hit() {
    in_memory(|cache| {
        let gate = Gate::default();
        let read = |value: i64| {
            let gate = gate.clone();
            let body = move || async move {
                gate.passed().await;
                value
            };
            cache.get_or_set("k", 60, body)
        };
        let mut refresher = Task::waiting(refresh(read(1)));
        let mut joiner = Task::waiting(read(2));
        gate.open();
        assert_eq!(
            (refresher.ends().unwrap(), joiner.ends_woken().unwrap()),
            (1, 1)
        );
    });
}

#[test]
fn scopes_follow_the_future_and_not_the_thread() {
    in_memory(|_| {
        let (runs, gate) = (Runs::default(), Gate::default());
        inner(1, &runs);
        let mut task = Task::waiting(bypass(async {
            gate.passed().await;
            inner(1, &runs)
        }));
        assert_eq!(
            inner(1, &runs),
            1,
            "outside of the scope, on the same thread"
        );
        gate.open();
        assert_eq!(task.ends(), 2);
        assert_eq!(inner(1, &runs), 1);
    });
}

#[test]
fn a_scope_ends_when_its_body_panics() {
    in_memory(|_| {
        let runs = Runs::default();
        inner(1, &runs);
        let panics = || bypass_blocking(|| panic!("as the test wants"));
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(inner(1, &runs), 1);
    });
}

#[test]
fn contexts_are_carried_into_tasks_on_demand_only() {
    let runs = &Runs::default();
    in_memory(|_| {
        inner(1, runs);
        let (plain, carried) = bypass_blocking(|| {
            (
                async { inner(1, runs) },
                with_context(async { inner(1, runs) }),
            )
        });
        assert_eq!(Task::new(carried).ends(), 2);
        assert_eq!(Task::new(plain).ends(), 1);
    });
}

#[test]
fn isolated_tests_share_nothing() {
    let runs = Runs::default();
    let read = || async { inner(1, &runs) };
    assert_eq!(Task::new(isolated(read())).ends(), 1);
    assert_eq!(Task::new(isolated(read())).ends(), 2);
    assert_eq!(
        testing::isolated_blocking(|| (inner(1, &runs), inner(1, &runs))),
        (3, 3)
    );
}

#[test]
fn a_test_scope_reaches_tasks_that_keep_it() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (cache, runs) = (memory(), Runs::default());
    let also = runs.clone();
    let test = async {
        let read = |runs: Runs| async move { inner(1, &runs) };
        assert_eq!(inner(1, &runs), 1);
        let spawned = testing::spawn(read(runs.clone())).await.expect("no panic");
        let scoped = tokio::spawn(in_scope(read(also))).await.expect("no panic");
        assert_eq!((spawned, scoped), (1, 1));
    };
    runtime.block_on(with_cache(&cache, test));
    assert_eq!(runs.count(), 1);
}

#[test]
fn without_cache_everything_computes() {
    in_memory(|cache| {
        let runs = Runs::default();
        testing::without_cache_blocking(|| (inner(1, &runs), inner(1, &runs)));
        assert_eq!(
            Task::new(testing::without_cache(async { inner(1, &runs) })).ends(),
            3
        );
        assert!(cache.is_empty());
    });
}

#[test]
fn a_stand_in_also_stands_in_for_named_caches() {
    in_memory(|_| {
        assert_eq!(named::traced(1).1, Outcome::Stored);
        assert_eq!(named::traced(1).1, Outcome::Hit);
        named::entry(1).blocking().invalidate();
        assert_eq!(named::traced(1).1, Outcome::Stored);
    });
}
