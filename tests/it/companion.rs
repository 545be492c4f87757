//! The companion of a cached function: its entries, its body, and where its values come from.

use cached_core::testing::{isolated, isolated_blocking};
use cached_core::{Cache, Delivery, Outcome, cached, invalidates};

use crate::support::{Gate, Tally, Task, memory};

static SOURCE: Tally = Tally::new();

#[cached(key = "c:post:<id>", ttl = 300, tags("c:user:<author>"), skip(author))]
async fn post(id: u64, author: &str) -> Result<String, String> {
    SOURCE.add();
    if id == 0 {
        Err("zero".into())
    } else {
        Ok(format!("{author} {id}"))
    }
}

#[cached(key = "c:plain:<id>")]
fn plain(id: u64) -> u64 {
    id
}

#[cached(key = "c:maybe:<id>", ttl_none = 60)]
fn maybe(id: u64) -> Option<u64> {
    (id > 0).then_some(id)
}

#[tokio::test]
async fn an_entry_is_named_by_arguments_or_by_placeholders() {
    isolated(async {
        post(1, "ann").await.expect("not 0");
        assert_eq!(post::entry(1, "ann").key(), "c:post:1");
        assert_eq!(post::entry(1, "ann").get().await, Some("ann 1".into()));
        assert_eq!(
            post::entry_by("1", String::from("ann")).get().await,
            Some("ann 1".into())
        );
        assert_eq!(post::entry(2, "ann").get().await, None);
        assert!(format!("{:?}", post::entry(1, "ann")).contains("c:post:1"));
    })
    .await;
}

#[tokio::test]
async fn entries_are_read_written_and_dropped() {
    isolated(async {
        let entry = post::entry(1, "ann");
        assert!(!entry.contains().await);
        assert!(entry.put("put".into()).await);
        assert!(entry.contains().await);
        assert_eq!(
            post::traced(1, "ann").await,
            (Ok("put".into()), Outcome::Hit)
        );
        assert_eq!(entry.invalidate().await, Delivery::Acknowledged);
        assert!(!entry.contains().await);
        assert_eq!(
            post::traced(1, "ann").await,
            (Ok("ann 1".into()), Outcome::Stored)
        );
        assert!(entry.expire().await);
        assert!(!entry.expire().await, "nothing live is left");
        assert_eq!((entry.get().await, entry.contains().await), (None, false));
        assert_eq!(post::traced(1, "ann").await.1, Outcome::Stored);
    })
    .await;
}

#[test]
fn sync_callers_have_the_same_operations() {
    isolated_blocking(|| {
        let entry = plain::entry(1).blocking();
        assert_eq!(
            (entry.key(), entry.get(), entry.contains()),
            ("c:plain:1", None, false)
        );
        assert!(entry.put(9) && entry.contains());
        assert_eq!(
            (entry.get(), plain::traced(1)),
            (Some(9), (9, Outcome::Hit))
        );
        assert!(entry.expire() && !entry.expire());
        assert_eq!((entry.get(), plain(1)), (None, 1));
        assert_eq!(entry.invalidate(), Delivery::Acknowledged);
        assert_eq!(entry.refresh(|| 5), 5);
        assert_eq!(plain::traced(1), (5, Outcome::Hit));
    });
}

#[tokio::test]
async fn an_async_function_has_blocking_entries_and_a_sync_one_awaited_ones() {
    isolated(async {
        let entry = post::entry_by(3, "bob").blocking();
        assert!(entry.put("put".into()));
        assert_eq!(entry.get(), Some("put".into()));
        assert!(plain::entry(3).put(30).await);
        assert_eq!(plain::entry_by(3).get().await, Some(30));
        assert_eq!(post::traced(3, "bob").await.1, Outcome::Hit);
    })
    .await;
}

#[test]
fn entries_of_options_speak_of_what_is_inside() {
    isolated_blocking(|| {
        let entry = maybe::entry(1).blocking();
        assert!(entry.put(7));
        assert_eq!((entry.get(), maybe(1)), (Some(7), Some(7)));
        maybe(0);
        assert!(
            maybe::entry(0).blocking().contains(),
            "a remembered `None` is an entry"
        );
        assert_eq!(maybe::entry(0).blocking().get(), None);
    });
}

#[tokio::test]
async fn what_is_put_carries_the_tags_of_the_function() {
    #[invalidates(tag = "c:user:<name>")]
    fn rename(name: &str) {}
    isolated(async {
        post::entry(8, "eve").put("put".into()).await;
        post::entry_by(9, "eve").put("put".into()).await;
        rename("ann");
        assert!(post::entry(8, "eve").contains().await);
        rename("eve");
        assert!(!post::entry(8, "eve").contains().await);
        assert!(!post::entry(9, "eve").contains().await);
    })
    .await;
}

#[tokio::test]
async fn uncached_is_the_body() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "c:body:<id>")]
    async fn body(id: u64) -> u64 {
        RUNS.add() * 100 + id
    }
    isolated(async {
        assert_eq!(
            (body(1).await, body::uncached(1).await, body(1).await),
            (101, 201, 101)
        );
        assert_eq!(body::uncached(2).await, 302);
        assert!(!body::entry(2).contains().await, "nothing is stored");
    })
    .await;
}

#[tokio::test]
async fn outcomes_tell_where_a_value_came_from() {
    isolated(async {
        assert_eq!(post::traced(5, "x").await.1, Outcome::Stored);
        assert_eq!(post::traced(5, "x").await.1, Outcome::Hit);
        assert_eq!(post::traced(0, "x").await.1, Outcome::NotStored);
        assert_eq!(
            cached_core::bypass(post::traced(5, "x")).await.1,
            Outcome::Uncached
        );
        assert_eq!(
            cached_core::refresh(post::traced(5, "x")).await.1,
            Outcome::Stored
        );
        assert_eq!(
            cached_core::bypass_blocking(|| plain::traced(5).1),
            Outcome::Uncached
        );
        plain(5);
        assert_eq!(
            cached_core::refresh_blocking(|| plain::traced(5).1),
            Outcome::Stored
        );
    })
    .await;
}

#[cached(key = "c:slow:<id>", skip(gate))]
async fn slow(id: u64, gate: &Gate) -> u64 {
    gate.passed().await;
    id
}

#[test]
fn outcomes_tell_of_joining_and_of_being_overtaken() {
    let (cache, gate) = (memory(), Gate::default());
    let call = || cached_core::testing::with_cache(&cache, slow::traced(1, &gate));
    let (mut leader, mut joiner) = (Task::waiting(call()), Task::waiting(call()));
    gate.open();
    assert_eq!(
        (leader.ends().1, joiner.ends().1),
        (Outcome::Stored, Outcome::Joined)
    );
    let (mut leader, gate) = {
        let gate = Gate::default();
        let held = gate.clone();
        let call = async move { slow::traced(2, &held).await };
        (
            Task::waiting(cached_core::testing::with_cache(&cache, call)),
            gate,
        )
    };
    cached_core::testing::with_cache_blocking(&cache, || slow::entry(2).blocking().invalidate());
    gate.open();
    assert_eq!(leader.ends(), (2, Outcome::Refused));
}

#[tokio::test]
async fn refresh_replaces_the_value_and_keeps_it_when_it_fails() {
    isolated(async {
        let entry = post::entry(6, "x");
        entry.put("old".into()).await;
        let failed = entry.refresh(|| async { Err("down".to_owned()) }).await;
        assert_eq!(
            (failed, entry.get().await),
            (Err("down".into()), Some("old".into()))
        );
        assert_eq!(
            entry.refresh(|| post::uncached(6, "x")).await,
            Ok("x 6".into())
        );
        assert_eq!(post::traced(6, "x").await, (Ok("x 6".into()), Outcome::Hit));
    })
    .await;
}

#[tokio::test]
async fn every_entry_of_a_function_falls_at_once_and_no_other() {
    isolated(async {
        let fill = || async {
            for id in 1..=50 {
                _ = (plain(id), post(id, "x").await);
            }
        };
        let left = || {
            (1..=50)
                .filter(|id| plain::entry(*id).blocking().contains())
                .count()
        };
        fill().await;
        assert_eq!(plain::invalidate_all().await, Delivery::Acknowledged);
        assert_eq!(left(), 0);
        assert!(post::entry(1, "x").contains().await);
        fill().await;
        assert_eq!(plain::all().invalidate().await, Delivery::Acknowledged);
        assert_eq!(left(), 0);
        fill().await;
        assert_eq!(plain::all().blocking().invalidate(), Delivery::Acknowledged);
        assert_eq!(left(), 0);
        assert!(post::entry(50, "x").contains().await);
    })
    .await;
}

/// Functions whose names are taken by types.
#[allow(non_camel_case_types)]
mod clashes {
    use cached_core::cached;

    #[derive(Default)]
    pub(super) struct renamed {
        pub(super) field: u64,
    }

    #[cached(key = "c:renamed:<id>", companion = renamed_cache)]
    pub(super) fn renamed(id: u64) -> u64 {
        if id > 1 { renamed(id - 1) } else { id }
    }

    #[derive(Default)]
    pub(super) struct alone {
        pub(super) field: u64,
    }

    #[cached(key = "c:alone:<id>:<first>", companion = none, tags("c:alone:<second>"), skip(second))]
    pub(super) async fn alone(id: u64, (first, second): (u64, u64)) -> Result<u64, String> {
        if id == 0 {
            return Err("zero".into());
        }
        Ok(id + first + second)
    }

    #[cached(key = "c:alone:sync:<id>", companion = none)]
    pub(super) fn alone_at_once(id: u64) -> Option<u64> {
        let found = (id > 0).then_some(id)?;
        Some(found)
    }

    pub(super) struct Type;

    impl Type {
        #[cached(key = "c:sibling:<id>", companion = other)]
        pub(super) fn method(id: u64) -> u64 {
            id
        }

        #[cached(key = "c:sibling:none:<id>", companion = none, skip(self))]
        pub(super) async fn bare(&self, id: u64) -> u64 {
            id
        }
    }
}

#[test]
fn a_companion_may_have_another_name() {
    use clashes::{Type, renamed, renamed_cache};
    isolated_blocking(|| {
        assert_eq!((renamed::default().field, renamed(2)), (0, 1));
        assert_eq!(renamed_cache::traced(1), (1, Outcome::Hit));
        assert_eq!(renamed_cache::entry(2).key(), "c:renamed:2");
        renamed_cache::all().blocking().invalidate();
        assert!(!renamed_cache::entry(2).blocking().contains());
        assert_eq!(
            (Type::method(1), Type::other_traced(1)),
            (1, (1, Outcome::Hit))
        );
        assert_eq!(Type::other_entry(1).key(), "c:sibling:1");
    });
}

#[tokio::test]
async fn a_function_may_have_no_companion_at_all() {
    use clashes::{Type, alone, alone_at_once};
    #[invalidates("c:alone:<id>:<first>", tag = "c:alone:<second>")]
    fn change(id: u64, first: u64, second: u64) {}
    isolated(async {
        let cache = Cache::current().expect("a stand-in is there");
        assert_eq!((alone::default().field, alone(1, (2, 3)).await), (0, Ok(6)));
        assert_eq!(alone(1, (2, 9)).await, Ok(6), "a hit");
        assert_eq!(
            cache.get::<u64>("c:alone:1:2").await.expect("valid"),
            Some(6)
        );
        change(1, 9, 3);
        assert_eq!(alone(1, (2, 9)).await, Ok(12));
        assert!(alone(0, (0, 0)).await.is_err());
        assert_eq!((alone_at_once(1), alone_at_once(0)), (Some(1), None));
        assert_eq!((Type.bare(1).await, cache.len()), (1, 3));
    })
    .await;
}
