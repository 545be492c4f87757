//! Tags, and all entries of a function: one name drops many entries in O(1), with the promises of
//! a single key.

use cached_core::testing::{Recorder, with_cache_blocking};
use cached_core::{Cache, Outcome, cached, invalidate_blocking, invalidates};

use crate::support::{Gate, Task, memory};

#[cached(key = "t:post:<id>", tags("t:user:<author>", "t:posts"), skip(author))]
fn post(id: u64, author: u64) -> u64 {
    id + author
}

#[cached(key = "t:page:<id>", tags("t:user:<id>"), skip(value, gate))]
async fn page(id: u64, value: u64, gate: &Gate) -> u64 {
    let _ = id;
    gate.passed().await;
    value
}

#[cached(key = "t:tagged:<id>", tags("<tag>"), skip(tag))]
fn tagged(id: u64, tag: &str) -> u64 {
    let _ = tag;
    id
}

#[cached(key = "t:plain:<id>")]
fn plain(id: u64) -> u64 {
    id
}

#[invalidates(tag = "t:user:<id>")]
fn rename(id: u64) {
    let _ = id;
}

#[invalidates("t:user:<id>:*")]
fn rename_by_star(id: u64) {
    let _ = id;
}

#[invalidates(page(..))]
fn redesign() {}

fn with_memory(test: impl FnOnce(&Cache)) {
    let cache = memory();
    with_cache_blocking(&cache, || test(&cache));
}

fn outcome(id: u64, author: u64) -> Outcome {
    post::traced(id, author).1
}

/// It could not be dropped by its tag.
#[test]
fn what_has_a_tag_that_cannot_be_written_runs_uncached() {
    with_memory(|_| {
        for _ in 0..2 {
            assert_eq!(tagged::traced(1, "").1, Outcome::Uncached);
        }
        assert_eq!(tagged::traced(1, "t:any").1, Outcome::Stored);
    });
}

#[test]
fn a_tag_drops_the_entries_that_carry_it_and_no_others() {
    with_memory(|_| {
        let all = [(1, 1), (2, 1), (3, 2)];
        all.iter().for_each(|(id, author)| _ = post(*id, *author));
        plain(1);
        rename(1);
        let after = all.map(|(id, author)| outcome(id, author));
        assert_eq!(after, [Outcome::Stored, Outcome::Stored, Outcome::Hit]);
        assert_eq!(plain::traced(1).1, Outcome::Hit);
    });
}

#[test]
fn any_one_of_several_tags_is_enough() {
    with_memory(|cache| {
        post(1, 1);
        invalidate_blocking!(tag = "t:posts");
        assert_eq!(outcome(1, 1), Outcome::Stored);
        cache.blocking().invalidate_tag("t:posts").expect("valid");
        assert_eq!(outcome(1, 1), Outcome::Stored);
        cache.blocking().invalidate_tag("t:user:1").expect("valid");
        assert_eq!(outcome(1, 1), Outcome::Stored);
        cache.blocking().invalidate_tag("t:user:2").expect("valid");
        assert_eq!(outcome(1, 1), Outcome::Hit);
    });
}

#[test]
fn a_star_means_the_tag() {
    with_memory(|_| {
        post(1, 7);
        rename_by_star(7);
        assert_eq!(outcome(1, 7), Outcome::Stored);
    });
}

#[test]
fn tags_and_keys_are_different_names() {
    with_memory(|cache| {
        plain(1);
        cache.blocking().invalidate_tag("t:plain:1").expect("valid");
        assert_eq!(plain::traced(1).1, Outcome::Hit);
        cache.blocking().set("t:posts", &1u64, 60).expect("valid");
        invalidate_blocking!(tag = "t:posts");
        assert!(cache.blocking().contains("t:posts").expect("valid"));
    });
}

#[test]
fn what_is_put_carries_the_tags_too() {
    with_memory(|_| {
        assert!(post::entry(1, 5).blocking().put(99));
        assert_eq!(post(1, 5), 99);
        rename(5);
        assert_eq!(post(1, 5), 6);
    });
}

/// Everything that must overtake a computation of `page(1)`.
const OVERTAKERS: &[(&str, fn())] = &[
    ("a mutator of the tag", || rename(1)),
    ("the macro", || _ = invalidate_blocking!(tag = "t:user:1")),
    ("the function form", redesign),
    ("invalidate_all", || {
        _ = Task::new(page::invalidate_all()).ends()
    }),
];

#[test]
fn a_tag_overtakes_the_computations_under_way() {
    for (name, overtake) in OVERTAKERS {
        with_memory(|_| {
            let (old, new, open) = (Gate::default(), Gate::default(), Gate::default());
            open.open();
            let mut leader = Task::waiting(page(1, 1, &old));
            let mut joiner = Task::waiting(page(1, 2, &new));
            overtake();
            let mut after = Task::waiting(page(1, 3, &new));
            assert_eq!(
                new.entered(),
                1,
                "{name}: it leads, and joins nothing older"
            );
            old.open();
            assert_eq!(leader.ends(), 1, "{name}");
            joiner.waits();
            new.open();
            assert_eq!((after.ends(), joiner.ends_woken()), (3, 3), "{name}");
            assert_eq!(
                Task::new(page(1, 4, &open)).ends(),
                3,
                "{name}: the newer one is stored"
            );
        });
    }
}

#[test]
fn a_refused_fill_under_an_outdated_tag_is_told() {
    let cache = memory();
    let log = Recorder::of(&cache);
    with_cache_blocking(&cache, || {
        let gate = Gate::default();
        let mut leader = Task::waiting(page(1, 1, &gate));
        rename(1);
        gate.open();
        leader.ends();
    });
    let story = ["led t:page:1", "invalidated t:user:1", "refused t:page:1"];
    assert_eq!(log.log(), story);
    assert!(cache.is_empty());
}

#[test]
fn a_promoted_waiter_under_an_outdated_tag_stores_nothing() {
    with_memory(|_| {
        let (gate, open) = (Gate::default(), Gate::default());
        open.open();
        let leader = Task::waiting(page(1, 1, &gate));
        let mut heir = Task::waiting(page(1, 2, &gate));
        rename(1);
        drop(leader);
        gate.open();
        assert_eq!(heir.ends_woken(), 2);
        let next = Task::new(page(1, 3, &open)).ends();
        assert!(
            next == 2 || next == 3,
            "the heir began after the invalidation: {next}"
        );
    });
}

#[test]
fn all_entries_of_a_function_go_and_those_of_others_stay() {
    with_memory(|cache| {
        post(1, 1);
        post(2, 2);
        plain(1);
        cache.blocking().set("mine", &1u64, 60).expect("valid");
        post::all().blocking().invalidate();
        assert_eq!(
            (outcome(1, 1), outcome(2, 2)),
            (Outcome::Stored, Outcome::Stored)
        );
        assert_eq!(plain::traced(1).1, Outcome::Hit);
        assert!(cache.blocking().contains("mine").expect("valid"));
    });
}

#[test]
fn inside_a_mutator_of_a_tag_its_entries_are_computed() {
    with_memory(|_| {
        post(1, 1);
        post(2, 2);
        rename_while(1, || {
            assert_eq!(outcome(1, 1), Outcome::Uncached);
            assert_eq!(outcome(2, 2), Outcome::Hit);
        });
        redesign_while(|| {
            assert_eq!(outcome(2, 2), Outcome::Uncached);
            assert_eq!(plain::traced(1).1, Outcome::Uncached);
        });
        assert_eq!(outcome(2, 2), Outcome::Stored);
    });
}

#[invalidates(tag = "t:user:<id>")]
fn rename_while(id: u64, body: impl FnOnce()) {
    let _ = id;
    body();
}

#[invalidates(post(..))]
fn redesign_while(body: impl FnOnce()) {
    body();
}

#[test]
fn thousands_of_tags_come_and_go() {
    with_memory(|cache| {
        for id in 0..5000 {
            post(id, id);
            if id % 2 == 0 {
                rename(id);
            }
        }
        for id in 0..5000 {
            let expected = if id % 2 == 0 {
                Outcome::Stored
            } else {
                Outcome::Hit
            };
            assert_eq!(outcome(id, id), expected);
        }
        cache.blocking().clear();
    });
}
