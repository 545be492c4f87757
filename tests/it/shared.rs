//! Cached functions, mutators and the handle on a backend that stores bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cached_core::testing::{Fault, Faulty, Op, in_process, remote_like, with_cache};
use cached_core::{Cache, Error, ErrorKind, Outcome, cached, invalidates};

#[cached(key = "rp:<id>", tags("rt:<author>"), skip(author))]
async fn post(id: u64, author: u64) -> Result<String, String> {
    if id == 0 {
        Err("zero".into())
    } else {
        Ok(format!("post {id} {author}"))
    }
}
#[invalidates(post(id, author))]
async fn update(id: u64, author: u64) {}
#[invalidates(tag = "rt:<author>")]
async fn rename(author: u64) {}

#[tokio::test]
async fn a_function_its_mutators_and_its_entries_do_there_what_they_do_in_memory() {
    let cache = remote_like().build().unwrap();
    with_cache(&cache, async {
        assert_eq!(
            post::traced(1, 2).await,
            (Ok("post 1 2".into()), Outcome::Stored)
        );
        assert_eq!(
            post::traced(1, 2).await,
            (Ok("post 1 2".into()), Outcome::Hit)
        );
        update(1, 2).await;
        assert_eq!(post::traced(1, 2).await.1, Outcome::Stored);
        rename(2).await;
        assert_eq!(post::traced(1, 2).await.1, Outcome::Stored);
        assert_eq!(post::traced(1, 2).await.1, Outcome::Hit);
        assert_eq!(
            cache.get::<String>("rp:1").await.unwrap(),
            Some("post 1 2".into())
        );
        assert_eq!(post::traced(0, 2).await.1, Outcome::NotStored);
        post::invalidate_all().await;
        assert_eq!(post::traced(1, 2).await.1, Outcome::Stored);
        cache.clear().await.unwrap();
        assert_eq!(post::traced(1, 2).await.1, Outcome::Stored);
        assert_eq!(cache.incr_or("n", 2, 0).await.unwrap(), 2);
        assert_eq!(cache.incr("n", 3).await.unwrap(), 5);
        assert!(post::entry(1, 2).contains().await);
        assert!(post::entry(1, 2).put("x".into()).await);
        assert_eq!(post(1, 2).await, Ok("x".into()));
        assert!(post::entry(1, 2).expire().await);
        assert_eq!(post::traced(1, 2).await.1, Outcome::Stored);
        let r = post::entry(1, 2)
            .refresh(|| async { Ok("fresh".to_string()) })
            .await;
        assert_eq!(r, Ok("fresh".into()));
        assert_eq!(post::traced(1, 2).await, (Ok("fresh".into()), Outcome::Hit));
    })
    .await;
}

/// Two releases of one function: the second changed what its number means, not its fields.
mod releases {
    pub(super) mod old {
        #[cached_core::cached(key = "rs:price:<id>", schema = "price-v1")]
        pub(crate) fn price(id: u64) -> u64 {
            id
        }
    }
    pub(super) mod new {
        #[cached_core::cached(key = "rs:price:<id>", schema = "price-v2")]
        pub(crate) fn price(id: u64) -> u64 {
            id * 100
        }
    }
}

#[test]
fn a_declared_schema_keeps_releases_apart_whose_types_are_alike() {
    use releases::{new, old};
    let cache = remote_like().build().expect("valid");
    cached_core::testing::with_cache_blocking(&cache, || {
        assert_eq!(old::price::traced(7), (7, Outcome::Stored));
        assert_eq!(new::price::traced(7), (700, Outcome::Stored));
        assert_eq!(new::price::traced(7), (700, Outcome::Hit));
        assert_eq!(old::price::traced(7), (7, Outcome::Stored));
    });
}

static WRITES: AtomicUsize = AtomicUsize::new(0);

#[invalidates("rf:<id>", on_failure = error)]
async fn strict(id: u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    WRITES.fetch_add(1, Ordering::SeqCst);
    let _ = id;
    Ok(())
}

#[invalidates("rf:<id>", on_failure = error)]
fn strict_blocking(id: u64) -> Result<(), Error> {
    WRITES.fetch_add(1, Ordering::SeqCst);
    let _ = id;
    Ok(())
}

#[invalidates("rf:<id>", on_failure = queue)]
async fn lenient(id: u64) -> Result<(), Error> {
    let _ = id;
    Ok(())
}

#[tokio::test]
async fn a_strict_mutator_fails_before_it_writes_where_the_cache_cannot_be_told() {
    let gone = Faulty::new(in_process());
    gone.always(Op::ALL, Fault::Error(ErrorKind::Unavailable));
    let cache = Cache::on(gone).build().expect("valid");
    with_cache(&cache, async {
        let error = strict(1).await.expect_err("nobody answers");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        let error = strict_blocking(1).expect_err("nobody answers");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(WRITES.load(Ordering::SeqCst), 0);
        assert!(lenient(1).await.is_ok());
        assert_eq!(cache.undelivered(), 1, "kept for later");
        assert!(cache.close(Duration::from_millis(50)).await.is_err());
    })
    .await;
    let cache = remote_like().build().expect("valid");
    with_cache(&cache, async {
        strict(1).await.expect("the cache is there");
        strict_blocking(1).expect("the cache is there");
        assert_eq!(WRITES.load(Ordering::SeqCst), 2);
    })
    .await;
}

/// A value whose `Serialize` fails.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("there are no words for it"))
    }
}

#[cached(key = "rs:large:<len>")]
async fn zeros(len: usize) -> Vec<u8> {
    vec![0; len]
}

#[cached(key = "rs:unspeakable")]
async fn unspeakable() -> Unspeakable {
    Unspeakable
}

#[tokio::test]
async fn what_cannot_be_stored_is_an_error_of_the_handle_and_none_of_the_function() {
    let cache = remote_like().max_value(1024).build().expect("valid");
    with_cache(&cache, async {
        let error = cache.set("k", &vec![0u8; 2000], 60).await;
        assert_eq!(
            error.expect_err("beyond the bound").kind(),
            ErrorKind::TooLarge
        );
        let error = cache.set("k", &Unspeakable, 60).await;
        assert_eq!(error.expect_err("it fails").kind(), ErrorKind::Unencodable);
        for _ in 0..2 {
            let (value, outcome) = zeros::traced(2000).await;
            assert_eq!((value.len(), outcome), (2000, Outcome::NotStored));
            let told = unspeakable::traced().await;
            assert_eq!(told, (Unspeakable, Outcome::NotStored));
        }
        assert_eq!(zeros::traced(1000).await.1, Outcome::Stored);
        assert_eq!(zeros::traced(1000).await.1, Outcome::Hit);
    })
    .await;
    let counted = cached_core::stats();
    let of = |name| counted.function(name).expect("it was called").unencodable();
    assert_eq!((of("zeros"), of("unspeakable")), (2, 2));
}

#[cached(key = "rs:looked-at")]
async fn in_bytes() -> u64 {
    1
}

#[cached(key = "m:looked-at")]
async fn in_memory() -> u64 {
    1
}

/// Looking at an entry counts alike, wherever it is.
#[tokio::test]
async fn a_look_at_an_entry_is_a_hit_on_every_backend() {
    let (bytes, memory) = (remote_like().build(), Cache::memory().build());
    with_cache(&bytes.expect("valid"), async {
        in_bytes().await;
        assert_eq!(in_bytes::entry().get().await, Some(1));
        in_bytes::entry().invalidate().await;
        assert_eq!(in_bytes::entry().get().await, None);
    })
    .await;
    with_cache(&memory.expect("valid"), async {
        in_memory().await;
        assert_eq!(in_memory::entry().get().await, Some(1));
        in_memory::entry().invalidate().await;
        assert_eq!(in_memory::entry().get().await, None);
    })
    .await;
    let counted = cached_core::stats();
    let of = |name| {
        let row = counted.function(name).expect("it was called");
        (row.hits(), row.misses())
    };
    assert_eq!((of("in_bytes"), of("in_memory")), ((1, 1), (1, 1)));
}
