//! What a batch may return, and what its ids may be.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use cached_core::event::EventKind;
use cached_core::testing::{with_cache, with_cache_blocking};
use cached_core::{Outcome, cached};

use super::Source;
use crate::support::{Runs, Task, Watch, manual, memory};

type Answer<T> = Result<T, String>;

/// Finds even ids; fails where it is asked for 13.
#[cached(key = "batches:even:<id>", batch(id in ids), ttl_none = 10)]
async fn even(source: &Source, ids: Vec<u64>) -> Answer<BTreeMap<u64, Option<String>>> {
    let found = source.find(&ids).await;
    if ids.contains(&13) {
        return Err("unlucky".to_owned());
    }
    let even = |(id, post): (u64, String)| (id, Some(post).filter(|_| id % 2 == 0));
    Ok(found.into_iter().map(even).collect())
}

#[cached(key = "batches:even:<id>", ttl_none = 10)]
async fn even_one(source: &Source, id: u64) -> Answer<Option<String>> {
    let mut found = even::uncached(source, vec![id]).await?;
    Ok(found.remove(&id).flatten())
}

#[test]
fn absence_is_remembered_for_each_id_where_ttl_none_says_so() {
    let ((cache, clock), source) = (manual(), Source::open());
    let call = |ids: &[u64]| Task::new(with_cache(&cache, even(&source, ids.to_vec()))).ends();
    let found = call(&[1, 2]).expect("luck");
    assert_eq!(
        (found[&1].as_deref(), found[&2].as_deref()),
        (None, Some("Post 2"))
    );
    assert_eq!(call(&[1, 2]), Ok(found));
    let one = Task::new(with_cache(&cache, even_one(&source, 1))).ends();
    assert_eq!((one, source.asked().len()), (Ok(None), 1));
    clock.advance(std::time::Duration::from_secs(11));
    call(&[1, 2]).expect("luck");
    assert_eq!(source.asked().last(), Some(&vec![1]));
}

#[test]
fn a_failure_fails_the_call_stores_nothing_and_is_shared() {
    let (cache, source) = (memory(), Source::default());
    let watch = Watch::of(&cache);
    let mut leader = Task::waiting(with_cache(&cache, even(&source, vec![2, 13])));
    let mut batch = Task::waiting(with_cache(&cache, even(&source, vec![13])));
    let mut single = Task::waiting(with_cache(&cache, even_one(&source, 2)));
    source.gate.open();
    assert_eq!(leader.ends(), Err("unlucky".to_owned()));
    assert_eq!(batch.ends_woken(), Err("unlucky".to_owned()));
    assert_eq!(single.ends_woken(), Err("unlucky".to_owned()));
    assert_eq!(
        (source.asked().len(), watch.count(EventKind::Stored)),
        (1, 0)
    );
}

/// Leaves out odd ids.
#[cached(key = "batches:partial:<id>", batch(id in ids), skip(runs))]
fn partial(runs: &Runs, ids: &[u64]) -> HashMap<u64, u64> {
    runs.next();
    ids.iter()
        .filter(|id| *id % 2 == 0)
        .map(|id| (*id, id * 2))
        .collect()
}

#[test]
fn ids_that_are_left_out_are_not_stored() {
    let (cache, runs) = (memory(), Runs::default());
    let call = || with_cache_blocking(&cache, || partial::traced(&runs, &[1, 2]));
    let expected = HashMap::from([(2, 4)]);
    assert_eq!(
        call(),
        (expected.clone(), vec![Outcome::NotStored, Outcome::Stored])
    );
    assert_eq!(call(), (expected, vec![Outcome::NotStored, Outcome::Hit]));
    assert_eq!(runs.count(), 2);
}

#[test]
fn what_was_not_asked_for_is_not_returned() {
    #[cached(key = "batches:more:<id>", batch(id in ids))]
    fn more(ids: &[u64]) -> HashMap<u64, u64> {
        ids.iter()
            .flat_map(|id| [(*id, *id), (id + 1, id + 1)])
            .collect()
    }
    let cache = memory();
    let found = with_cache_blocking(&cache, || more(&[1]));
    assert_eq!(found, HashMap::from([(1, 1)]));
}

#[test]
fn owned_arguments_methods_tags_and_texts_as_ids_work() {
    #[derive(Clone)]
    struct Shop {
        runs: Runs,
    }
    impl Shop {
        #[cached(
            key = "batches:price:<country>:<name>",
            batch(name in names),
            tags("batches:prices:<name>"),
            skip(self)
        )]
        fn prices(&self, country: String, names: &[String]) -> HashMap<String, usize> {
            self.runs.next();
            names
                .iter()
                .map(|name| (name.clone(), name.len() + country.len()))
                .collect()
        }
    }
    let (cache, shop) = (
        memory(),
        Shop {
            runs: Runs::default(),
        },
    );
    let names = ["tea".to_owned(), "milk".to_owned()];
    with_cache_blocking(&cache, || {
        assert_eq!(shop.prices("de".to_owned(), &names)["milk"], 6);
        shop.prices("de".to_owned(), &names);
        assert_eq!(shop.runs.count(), 1);
    });
    let told = Task::new(cache.invalidate_tag("batches:prices:tea")).ends();
    told.expect("a tag");
    let (_, outcomes) = with_cache_blocking(&cache, || shop.prices_traced("de".to_owned(), &names));
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Hit]);
}

trait Names {
    async fn names(&self, ids: &[u64]) -> HashMap<u64, String>;
    fn lengths(&self, ids: Vec<u64>) -> HashMap<u64, usize>;
}

struct Here;

impl Names for Here {
    #[cached(key = "batches:name:<id>", batch(id in ids), skip(self))]
    async fn names(&self, ids: &[u64]) -> HashMap<u64, String> {
        ids.iter().map(|id| (*id, id.to_string())).collect()
    }

    #[cached(key = "batches:length:<id>", batch(id in ids), skip(self))]
    fn lengths(&self, ids: Vec<u64>) -> HashMap<u64, usize> {
        ids.into_iter()
            .map(|id| (id, id.to_string().len()))
            .collect()
    }
}

#[test]
fn methods_of_traits_work() {
    let cache = memory();
    let names = Task::new(with_cache(&cache, Here.names(&[7, 10]))).ends();
    assert_eq!(names[&10], "10");
    assert_eq!(
        with_cache_blocking(&cache, || Here.lengths(vec![10]))[&10],
        2
    );
    assert_eq!(cache.len(), 3);
}

#[test]
fn failures_that_are_not_send_and_clones_of_nothing_work() {
    #[cached(key = "batches:rc:<id>", batch(id in ids))]
    async fn fails(ids: &[u64]) -> Result<HashMap<u64, u64>, Rc<str>> {
        Err(format!("no {ids:?}").into())
    }
    let cache = memory();
    let failed = Task::new(with_cache(&cache, fails(&[1, 2]))).ends();
    assert_eq!(failed.expect_err("it fails").as_ref(), "no [1, 2]");
}

#[test]
fn futures_of_batches_are_send() {
    let source = Source::open();
    let cache = memory();
    drop(crate::support::sendable(with_cache(
        &cache,
        super::posts(&source, &[1]),
    )));
}
