//! Everything the macros offer, in a crate that knows `cached-core` as `caching`
//! and has nothing named `cached_core`.

use std::sync::atomic::{AtomicU64, Ordering};

use caching::{CachedProperty, Handle, KeyPart, cached, cached_property, invalidates};

/// Reaches the data; counts how often it is asked.
#[derive(Default, Handle)]
#[cached(crate = caching)]
pub struct Db {
    reads: AtomicU64,
}

impl Db {
    /// How often a body ran.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    fn read(&self) -> u64 {
        self.reads.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A method of an inherent impl.
    #[cached(crate = caching, key = "renamed:member:<id>", skip(self))]
    pub fn member(&self, id: u64) -> u64 {
        self.read() * 100 + id
    }
}

/// An identifier of its own type.
#[derive(Clone, Copy, KeyPart)]
#[cached(crate = caching)]
pub struct PostId(pub u64);

/// A value that is stored.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Post {
    /// How many reads of the database there were before this one.
    pub version: u64,
}

/// An async reader.
#[cached(crate = caching, key = "renamed:post:<id>", ttl = "5m", tags("renamed:posts"), skip(db))]
pub async fn get_post(db: &Db, id: PostId) -> Result<Post, String> {
    Ok(Post { version: db.read() })
}

/// A sync reader whose `Db` is left out because it is a handle.
#[cached(crate = caching, key = "renamed:count:<of>")]
pub fn count(db: &Db, of: &str) -> u64 {
    db.read() + of.len() as u64
}

/// A mutator that names its target by template.
#[invalidates("renamed:post:<id>", crate = caching)]
pub async fn update_post(id: PostId) {}

/// A mutator that names its target by function.
#[invalidates(count(of), crate = caching)]
pub fn recount(of: &str) {}

/// A struct with a lazy field.
#[derive(Default)]
pub struct Article {
    body: String,
    words: CachedProperty<usize>,
}

impl Article {
    /// Computed once per instance.
    #[cached_property(crate = caching)]
    pub fn words(&self) -> usize {
        self.body.split_whitespace().count()
    }

    /// Resets what was computed from the body.
    #[invalidates(self.words, crate = caching)]
    pub fn set_body(&mut self, body: &str) {
        self.body = body.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn async_functions_are_cached_and_invalidated() {
        let db = Db::default();
        let first = get_post(&db, PostId(1)).await;
        assert_eq!(get_post(&db, PostId(1)).await, first);
        assert_eq!(db.reads(), 1);
        update_post(PostId(1)).await;
        assert_eq!(get_post(&db, PostId(1)).await, Ok(Post { version: 2 }));
        get_post::entry(PostId(1)).invalidate().await;
        assert_eq!(get_post(&db, PostId(1)).await, Ok(Post { version: 3 }));
    }

    #[test]
    fn sync_functions_are_cached_and_invalidated() {
        let db = Db::default();
        assert_eq!(count(&db, "abc"), 4);
        assert_eq!(count(&db, "abc"), 4);
        recount("abc");
        assert_eq!(count(&db, "abc"), 5);
    }

    #[test]
    fn methods_are_cached() {
        let db = Db::default();
        assert_eq!(db.member(7), 107);
        assert_eq!(db.member(7), 107);
        assert_eq!(db.reads(), 1);
    }

    #[test]
    fn properties_are_computed_once_and_reset() {
        let mut article = Article::default();
        article.set_body("one two");
        assert_eq!(*article.words(), 2);
        article.set_body("three");
        assert_eq!(*article.words(), 1);
    }

    #[tokio::test]
    async fn inline_macros_take_the_path_first() {
        let id = PostId(9);
        let db = Db::default();
        let _ = get_post(&db, id).await;
        assert_eq!(
            caching::key!(crate = caching; "renamed:post:<id>").text(),
            "renamed:post:9"
        );
        caching::invalidate!(crate = caching; "renamed:post:<id>").await;
        let _ = get_post(&db, id).await;
        assert_eq!(db.reads(), 2);
    }
}
