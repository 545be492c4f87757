//! A cached function of many ids: what the attribute makes of one with `batch`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use crate::cache::Cache;
use crate::engine::{Batch, Call};
use crate::event::Outcome;
use crate::testing::conformance::stage::Function;
use crate::value::{AnyBackend, Bulk, Item, Opt, Outside, Res, Shaped, Split, Unshared};

/// What it returns: of an id that is `None` it says that there is nothing.
pub(super) type Found = BTreeMap<u64, Option<String>>;

type Returned = Result<Found, String>;
type One = Shaped<Split<String, String>, Item, Unshared, Outside, AnyBackend>;
type Many = Bulk<Returned, Res, Opt, One>;

/// What a call came to, and where its values came from: in the order of its distinct ids.
pub(super) type Came<R = Found> = (R, Vec<Outcome>);

/// The key of an id, by which a single call reads it as well.
pub(super) fn key(id: u64) -> String {
    format!("id:{id}")
}

/// What a function says whose entries carry tags.
pub(super) const TAGS: &[&str] = &["tag:<id>"];

/// The tag of an id.
pub(super) fn tag(id: u64) -> String {
    format!("tag:{id}")
}

/// What a source says of these ids: of those from 900 to 999 that there is nothing.
pub(super) fn said(by: &str, ids: &[u64]) -> Found {
    let one = |id: &u64| (!(900..1000).contains(id)).then(|| format!("{by} {id}"));
    ids.iter().map(|id| (*id, one(id))).collect()
}

/// Where bodies look, and what they were asked for.
pub(super) struct Source {
    name: &'static str,
    asked: Mutex<Vec<Vec<u64>>>,
}

impl Source {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            asked: Mutex::default(),
        }
    }

    pub(super) fn find(&self, ids: &[u64]) -> Found {
        let asked = self.asked.lock();
        let mut asked = asked.unwrap_or_else(PoisonError::into_inner);
        asked.push(ids.to_vec());
        said(self.name, ids)
    }

    /// What each run was asked for since this was asked last.
    pub(super) fn asked(&self) -> Vec<Vec<u64>> {
        let asked = self.asked.lock();
        std::mem::take(&mut *asked.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Function {
    fn look<'c>(self, cache: &'c Cache, ids: &[u64]) -> (Many, Batch<'c, Many>) {
        let many = Many::of_classes(One::of_classes());
        let call = |id: &u64| {
            let key = cache.key_of(key(*id).as_str());
            let key = key.expect("the suite uses no empty key");
            Call::with_key(self.0, Ok(key)).on(&cache.engine)
        };
        let tagged = !self.0.policy.tags.is_empty();
        let missed = |call: Call<'c>, id: &u64| match tagged {
            true => call.missed(vec![tag(*id).into()]),
            false => call.untagged(),
        };
        let batch = Batch::look(&many, ids, call, missed);
        (many, batch)
    }

    /// Calls it for these ids; each carries its tag, if the function has [`TAGS`].
    pub(super) async fn call_many<Fut>(
        self,
        cache: &Cache,
        ids: &[u64],
        body: impl Fn(Vec<u64>) -> Fut,
    ) -> Came<Returned>
    where
        Fut: Future<Output = Returned>,
    {
        let (many, batch) = self.look(cache, ids);
        batch.run_async(&many, body).await
    }

    /// [`call_many`](Self::call_many) of a body that asks a source.
    pub(super) async fn finds(self, cache: &Cache, ids: &[u64], source: &Source) -> Came {
        self.finds_after(cache, ids, source, || async {}).await
    }

    /// [`finds`](Self::finds), after something else that the body does first.
    pub(super) async fn finds_after<Fut>(
        self,
        cache: &Cache,
        ids: &[u64],
        source: &Source,
        first: impl Fn() -> Fut,
    ) -> Came
    where
        Fut: Future<Output = ()>,
    {
        let first = &first;
        let body = |ids: Vec<u64>| async move {
            let found = source.find(&ids);
            first().await;
            Ok(found)
        };
        whole(self.call_many(cache, ids, body).await)
    }

    /// [`finds`](Self::finds) as a sync function.
    pub(super) fn finds_blocking(self, cache: &Cache, ids: &[u64], source: &Source) -> Came {
        let (many, batch) = self.look(cache, ids);
        whole(batch.run(&many, |ids| Ok(source.find(&ids))))
    }
}

fn whole((returned, outcomes): Came<Returned>) -> Came {
    let found = returned.map_err(|error| -> Infallible { unreachable!("no body fails: {error}") });
    let Ok(found) = found;
    (found, outcomes)
}
