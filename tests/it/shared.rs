//! Shared backends.
use cached_core::testing::{remote_like, with_cache};
use cached_core::{Cache, Outcome, cached, invalidates};

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
async fn hit_miss_invalidate() {
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
        assert_eq!(cache.incr("n", 2).await.unwrap(), 2);
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
    let _ = Cache::memory();
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
