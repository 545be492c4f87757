//! Everything the macros offer, in a crate that knows `cached-core` as `caching`
//! and has nothing named `cached_core`.

use std::sync::atomic::{AtomicU64, Ordering};

use caching::{
    CachedProperty, Handle, KeyPart, KeyType, cached, cached_impl, cached_property, invalidates,
};

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
    let PostId(_) = id;
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

/// A type with a name for keys.
#[derive(KeyType)]
#[key_type = "renamed.post"]
#[cached(crate = caching)]
pub struct Kind;

/// A generic reader.
#[cached(crate = caching, key = "renamed:<T>:<N>", ttl_none = 60, weigh = |_: &u64| 8)]
pub fn kind<T: KeyType, const N: usize>() -> Option<u64> {
    Some((N + size_of::<T>()) as u64)
}

/// What is cached in another crate's words.
pub trait Load {
    /// Computes, unless it did.
    fn load(&self, id: u64) -> u64;
}

#[cached_impl]
impl Load for Db {
    #[cached(crate = caching, key = "renamed:load:<id>", skip(self))]
    fn load(&self, id: u64) -> u64 {
        self.read() + id
    }
}

/// A mutator that names its targets by what it returns, and by function as a whole.
#[invalidates("renamed:member:<result>", count(..), tag = "renamed:posts", on = ok, crate = caching)]
pub fn import(id: u64) -> Result<u64, String> {
    if id == 0 {
        Err("zero".to_owned())
    } else {
        Ok(id)
    }
}

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
            caching::key!(crate = caching; "renamed:post:<id>")
                .map(|key| key.text().to_owned())
                .ok(),
            Some("renamed:post:9".to_owned())
        );
        caching::invalidate!(crate = caching; "renamed:post:<id>").await;
        let _ = get_post(&db, id).await;
        assert_eq!(db.reads(), 2);
    }

    #[test]
    fn generics_and_trait_impls_are_cached() {
        let db = Db::default();
        assert_eq!((kind::<Kind, 2>(), kind::<Kind, 3>()), (Some(2), Some(3)));
        assert_eq!(kind::entry::<Kind, 2>().key(), "renamed:renamed.post:2");
        assert_eq!((db.load(1), db.load(1), db.reads()), (2, 2, 1));
        assert!(db.load_entry(1).blocking().contains());
    }

    #[test]
    fn a_mutator_takes_every_kind_of_target() {
        let db = Db::default();
        _ = (db.member(50), count(&db, "import"));
        assert!(import(0).is_err());
        assert!(db.member_entry(50).blocking().contains());
        assert_eq!(import(50), Ok(50));
        assert!(!db.member_entry(50).blocking().contains());
        assert!(!count::entry("import").blocking().contains());
    }

    #[test]
    fn readers_and_mutators_fit_together() {
        let report = caching::check().expect("nothing contradicts");
        let noted: Vec<&str> = report
            .notes()
            .iter()
            .map(|note| note.site().name())
            .collect();
        assert_eq!(noted, ["load"], "{report}");
    }
}
