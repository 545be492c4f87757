//! `#[cached]` on methods of traits, where no sibling can stand beside them, and `#[async_trait]`.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use cached_core::testing::{
    Recorder, isolated, isolated_blocking, with_cache, with_cache_blocking,
};
use cached_core::{Handle, KeyPart, Outcome, cached, cached_impl, invalidates};

use crate::support::{Tally, memory, sendable};

trait Load {
    type Id;
    fn load(&self, id: u64) -> u64;
    fn make(id: u64) -> u64;
    async fn fetch(&self, id: u64) -> Result<u64, String>;
    fn by_own(&self, id: Self::Id) -> u64;
    fn twice(&self, id: u64) -> u64 {
        self.load(id) * 2
    }
}

#[derive(Clone, Default, Handle)]
struct Plain(Arc<Tally>);

impl Load for Plain {
    type Id = u64;

    #[cached(key = "tr:plain:<id>")]
    fn load(&self, id: u64) -> u64 {
        self.0.add();
        id * 10
    }

    #[cached(key = "tr:plain:make:<id>")]
    fn make(id: u64) -> u64 {
        id + 1
    }

    #[cached(key = "tr:plain:fetch:<id>")]
    async fn fetch(&self, id: u64) -> Result<u64, String> {
        self.0.add();
        if id == 0 {
            return Err("zero".into());
        }
        let half = id.checked_div(2).ok_or("never")?;
        Ok(half)
    }

    #[cached(key = "tr:plain:own:<id>")]
    fn by_own(&self, id: Self::Id) -> u64 {
        self.0.add();
        id
    }
}

#[tokio::test]
async fn plain_cached_works_in_a_trait_impl() {
    isolated(async {
        let plain = Plain::default();
        assert_eq!((plain.load(1), plain.load(1), plain.twice(1)), (10, 10, 20));
        assert_eq!(plain.0.count(), 1);
        assert_eq!((Plain::make(1), Plain::make(1)), (2, 2));
        assert_eq!((plain.fetch(4).await, plain.fetch(4).await), (Ok(2), Ok(2)));
        assert_eq!(plain.0.count(), 2);
        assert!(plain.fetch(0).await.is_err() && plain.fetch(0).await.is_err());
        assert_eq!(plain.0.count(), 4, "an `Err` is not stored");
        assert_eq!(
            (plain.by_own(1), plain.by_own(1), plain.0.count()),
            (1, 1, 5)
        );
    })
    .await;
}

#[derive(Clone, Default, Handle)]
struct Reached(Arc<Tally>);

#[cached_impl]
impl Load for Reached {
    type Id = u64;

    #[cached(key = "tr:reached:<id>")]
    fn load(&self, id: u64) -> u64 {
        self.0.add();
        id * 10
    }

    fn make(id: u64) -> u64 {
        id
    }

    #[cached(key = "tr:reached:fetch:<id>", tags("tr:reached:all"))]
    async fn fetch(&self, id: u64) -> Result<u64, String> {
        self.0.add();
        Ok(id)
    }

    #[cached(key = "tr:reached:own:<id>")]
    fn by_own(&self, id: Self::Id) -> u64 {
        id
    }

    #[invalidates(self.load(id), "tr:reached:fetch:<id>")]
    fn twice(&self, id: u64) -> u64 {
        id * 2
    }
}

#[tokio::test]
async fn cached_impl_adds_the_siblings() {
    isolated(async {
        let reached = Reached::default();
        assert_eq!((reached.load(1), reached.load(1)), (10, 10));
        assert_eq!(reached.fetch(1).await, Ok(1));
        assert_eq!(reached.0.count(), 2);
        assert_eq!(reached.load_entry(1).key(), "tr:reached:1");
        assert_eq!(reached.load_entry(1).get().await, Some(10));
        assert_eq!(Reached::fetch_entry_by(1).get().await, Some(1));
        assert!(reached.by_own_entry(1).get().await.is_none());
        reached.load_entry(1).invalidate().await;
        assert_eq!((reached.load(1), reached.0.count()), (10, 3));
        Reached::fetch_invalidate_all().await;
        assert!(!reached.fetch_entry(1).contains().await);
    })
    .await;
}

#[tokio::test]
async fn a_mutator_in_a_trait_impl_reaches_the_siblings() {
    isolated(async {
        let reached = Reached::default();
        _ = (reached.load(1), reached.fetch(1).await);
        assert_eq!(reached.twice(1), 2);
        assert!(!reached.load_entry(1).contains().await);
        assert!(!reached.fetch_entry(1).contains().await);
    })
    .await;
}

trait Describe {
    fn describe(&self, id: u64) -> String;

    #[cached(key = "tr:default:<id>", skip(self, Self))]
    fn shared(&self, id: u64) -> u64 {
        id + 1
    }
}

impl Describe for Plain {
    #[cached]
    fn describe(&self, id: u64) -> String {
        format!("plain {id}")
    }
}

impl Describe for Reached {
    #[cached]
    fn describe(&self, id: u64) -> String {
        format!("reached {id}")
    }
}

#[test]
fn two_impls_of_one_trait_never_meet() {
    isolated_blocking(|| {
        let (plain, reached) = (Plain::default(), Reached::default());
        let both = || (plain.describe(1), reached.describe(1));
        assert_eq!(both(), ("plain 1".into(), "reached 1".into()));
        assert_eq!(both(), ("plain 1".into(), "reached 1".into()));
    });
}

#[test]
fn a_default_method_can_be_cached() {
    let cache = memory();
    let recorder = Recorder::of(&cache);
    with_cache_blocking(&cache, || {
        assert_eq!(
            (Plain::default().shared(1), Reached::default().shared(1)),
            (2, 2)
        );
    });
    assert_eq!(
        recorder.log().last().map(String::as_str),
        Some("hit tr:default:1")
    );
}

#[derive(Clone, Copy, KeyPart)]
struct Small(u64);

trait Consume {
    fn consume(self, by: u64) -> u64;
}

impl Consume for Small {
    #[cached(key = "tr:consume:<self>:<by>")]
    fn consume(self, by: u64) -> u64 {
        self.0 * by
    }
}

#[test]
fn a_copy_self_by_value_can_be_in_the_key() {
    isolated_blocking(|| assert_eq!((Small(2).consume(3), Small(4).consume(3)), (6, 12)));
}

#[async_trait]
trait Store: Send + Sync {
    async fn user(&self, id: u64) -> Result<String, String>;
    async fn rename(&self, id: u64, name: &str) -> u64;
    async fn generic<K: KeyPart + Debug + Send + Sync>(&self, key: K) -> String
    where
        Self: Sized;
}

#[derive(Clone, Default, Handle)]
struct Above(Arc<Tally>);

#[cached_impl]
#[async_trait]
impl Store for Above {
    #[cached(key = "tr:above:<id>")]
    async fn user(&self, id: u64) -> Result<String, String> {
        tokio::task::yield_now().await;
        self.0.add();
        if id == 0 {
            return Err("nobody".into());
        }
        Ok(format!("user {id}"))
    }

    #[invalidates("tr:above:<id>")]
    async fn rename(&self, id: u64, name: &str) -> u64 {
        tokio::task::yield_now().await;
        id + name.len() as u64
    }

    #[cached(key = "tr:above:generic:<key>", skip(K))]
    async fn generic<K: KeyPart + Debug + Send + Sync>(&self, key: K) -> String {
        self.0.add();
        format!("{key:?}")
    }
}

#[derive(Clone, Default, Handle)]
struct Below(Arc<Tally>);

#[async_trait]
#[cached_impl]
impl Store for Below {
    #[cached(key = "tr:below:<id>")]
    async fn user(&self, id: u64) -> Result<String, String> {
        tokio::task::yield_now().await;
        self.0.add();
        if id == 0 {
            Err("nobody")?
        }
        Ok(format!("user {id}"))
    }

    #[invalidates("tr:below:<id>")]
    async fn rename(&self, id: u64, name: &str) -> u64 {
        tokio::task::yield_now().await;
        id + name.len() as u64
    }

    #[cached(key = "tr:below:generic:<key>", skip(K))]
    async fn generic<K: KeyPart + Debug + Send + Sync>(&self, key: K) -> String {
        self.0.add();
        format!("{key:?}")
    }
}

#[derive(Clone, Default, Handle)]
struct Without(Arc<Tally>);

#[async_trait]
impl Store for Without {
    #[cached(key = "tr:without:<id>")]
    async fn user(&self, id: u64) -> Result<String, String> {
        self.0.add();
        if id == 0 {
            Err("nobody")?
        }
        Ok(format!("user {id}"))
    }

    #[invalidates("tr:without:<id>")]
    async fn rename(&self, id: u64, name: &str) -> u64 {
        id + name.len() as u64
    }

    async fn generic<K: KeyPart + Debug + Send + Sync>(&self, key: K) -> String {
        format!("{key:?}")
    }
}

/// What every store has to do, through a trait object and as a task.
async fn judge(store: impl Store + 'static, runs: Arc<Tally>) {
    isolated(async {
        let store: Arc<dyn Store> = Arc::new(store);
        assert_eq!(store.user(1).await, Ok("user 1".into()));
        let other = Arc::clone(&store);
        let task = cached_core::spawn(sendable(async move { other.user(1).await }));
        assert_eq!(task.await.expect("it does not panic"), Ok("user 1".into()));
        assert_eq!(runs.count(), 1);
        assert!(store.user(0).await.is_err() && store.user(0).await.is_err());
        assert_eq!(runs.count(), 3, "an `Err` is not stored");
        assert_eq!(store.rename(1, "ab").await, 3);
        assert_eq!(store.user(1).await, Ok("user 1".into()));
        assert_eq!(runs.count(), 4);
    })
    .await;
}

#[tokio::test]
async fn async_trait_works_below_cached_impl() {
    let store = Above::default();
    judge(store.clone(), store.0).await;
}

#[tokio::test]
async fn async_trait_works_above_cached_impl() {
    let store = Below::default();
    judge(store.clone(), store.0).await;
}

#[tokio::test]
async fn async_trait_works_without_cached_impl() {
    let store = Without::default();
    judge(store.clone(), store.0).await;
}

#[tokio::test]
async fn cached_impl_reaches_async_trait_methods_in_either_order() {
    isolated(async {
        let (above, below) = (Above::default(), Below::default());
        _ = (above.user(1).await, below.user(1).await);
        assert_eq!(above.user_entry(1).get().await, Some("user 1".into()));
        assert_eq!(below.user_entry(1).get().await, Some("user 1".into()));
        assert_eq!(Below::user_entry_by(1).key(), "tr:below:1");
        above.user_entry(1).invalidate().await;
        assert_eq!(
            (above.user(1).await, above.0.count()),
            (Ok("user 1".into()), 2)
        );
    })
    .await;
}

#[tokio::test]
async fn generic_async_trait_methods_are_cached() {
    isolated(async {
        let (above, below) = (Above::default(), Below::default());
        for _ in 0..2 {
            assert_eq!(
                (above.generic(1).await, below.generic("a").await),
                ("1".into(), "\"a\"".into())
            );
        }
        assert_eq!((above.0.count(), below.0.count()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_boxed_future_by_hand_is_an_async_function() {
    static RUNS: Tally = Tally::new();
    #[cached(key = "tr:boxed:<id>")]
    fn boxed(id: u64) -> std::pin::Pin<Box<dyn Future<Output = Option<u64>> + Send>> {
        Box::pin(async move {
            RUNS.add();
            (id > 0).then_some(id)
        })
    }
    let cache = memory();
    with_cache(&cache, async {
        assert_eq!(
            (sendable(boxed(1)).await, boxed(1).await, boxed(0).await),
            (Some(1), Some(1), None)
        );
        assert_eq!(RUNS.count(), 2);
        assert_eq!(boxed::traced(1).await, (Some(1), Outcome::Hit));
    })
    .await;
}
