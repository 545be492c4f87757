//! Keys and fields in one attribute.

use cached_core::cached;
use cached_core::testing::{isolated, isolated_blocking};

use super::*;

static TITLES: AtomicUsize = AtomicUsize::new(0);

#[cached(key = "property-title:<id>")]
async fn title(id: u64) -> (u64, usize) {
    (id, TITLES.fetch_add(1, Ordering::SeqCst))
}

#[cached(key = "property-sync-title:<id>")]
fn sync_title(id: u64) -> (u64, usize) {
    (id, TITLES.fetch_add(1, Ordering::SeqCst))
}

#[derive(Default)]
struct Post {
    id: u64,
    title: String,
    slug: CachedProperty<String>,
    views: CachedProperty<u32, Shared>,
}

impl Post {
    #[cached_property]
    fn slug(&self) -> String {
        self.title.to_lowercase()
    }

    #[invalidates("property-title:<self.id>", self.slug)]
    async fn rename(&mut self, title: &str) {
        pause().await;
        self.title = title.into();
        assert_ne!(title, "panic");
    }

    #[invalidates(self.slug, sync_title(self.id))]
    fn rename_now(&mut self, title: &str) -> usize {
        self.title = title.into();
        self.title.len()
    }

    #[invalidates(self.views)]
    #[invalidates("property-title:<self.id>")]
    async fn view(&self) -> u32 {
        pause().await;
        7
    }

    #[invalidates(self.slug)]
    #[invalidates("property-title:<id>")]
    async fn take_id(&mut self, (id, _): (u64, u8)) {
        self.id = id;
    }
}

#[tokio::test]
async fn keys_and_fields_are_invalidated_by_one_attribute() {
    isolated(async {
        let mut post = Post {
            id: 1,
            ..Post::default()
        };
        assert_eq!(post.slug(), "");
        let before = title(1).await;
        post.rename("New").await;
        assert_ne!(title(1).await, before);
        assert_eq!(post.slug(), "new");
    })
    .await;
}

#[tokio::test]
async fn both_are_invalidated_when_the_mutator_is_dropped() {
    isolated(async {
        let mut post = Post {
            id: 2,
            ..Post::default()
        };
        post.slug();
        let before = title(2).await;
        let mut dropped = Box::pin(post.rename("New"));
        assert!(poll(&mut dropped).is_pending());
        drop(dropped);
        assert!(post.slug.get().is_none());
        assert_ne!(title(2).await, before);
    })
    .await;
}

#[test]
fn sync_mutators_mix_them_too() {
    isolated_blocking(|| {
        let mut post = Post {
            id: 3,
            ..Post::default()
        };
        post.slug();
        let before = sync_title(3);
        assert_eq!(post.rename_now("New"), 3);
        assert_ne!(sync_title(3), before);
        assert_eq!(post.slug(), "new");
    });
}

#[tokio::test]
async fn attributes_may_be_stacked() {
    isolated(async {
        let mut post = Post {
            id: 4,
            ..Post::default()
        };
        let before = (title(4).await, title(5).await);
        post.views.set(1);
        assert_eq!(post.view().await, 7);
        assert!(post.views.get().is_none());
        post.slug();
        post.take_id((5, 0)).await;
        assert!(post.slug.get().is_none());
        assert_ne!((title(4).await, title(5).await), before);
    })
    .await;
}
