//! What a process has read, and another one changes.

use super::done;
use crate::cache::Cache;
use crate::testing::conformance::stage::{Function, function};
use crate::testing::conformance::subject::Subject;

/// What a process does to an entry that another one has read. Not `expire`, which promises nothing.
#[derive(Debug, Clone, Copy)]
enum Change {
    Set,
    Touch,
    Delete,
    DeleteMany,
    Invalidate,
    Tag,
    Function,
    Clear,
}

impl Change {
    const ALL: [Self; 8] = [
        Self::Set,
        Self::Touch,
        Self::Delete,
        Self::DeleteMany,
        Self::Invalidate,
        Self::Tag,
        Self::Function,
        Self::Clear,
    ];

    async fn make(self, cache: &Cache, function: Function) {
        match self {
            Self::Set => done(cache.set("k", &"new".to_owned(), 60).await),
            Self::Touch => assert!(done(cache.touch("k", 0).await), "it is there"),
            Self::Delete => assert!(done(cache.delete("k").await), "it is there"),
            Self::DeleteMany => assert_eq!(done(cache.delete_many(["k"]).await), 1),
            Self::Invalidate => drop(done(cache.invalidate("k").await)),
            Self::Tag => drop(done(cache.invalidate_tag("t").await)),
            Self::Function => function.invalidate_all(cache).await,
            Self::Clear => drop(done(cache.clear().await)),
        }
    }
}

/// What one process changes another one sees that has read it again and again: at once, or, where
/// memory in front of the backend has a stated age, when that is over.
pub async fn what_was_read_changes(subject: &Subject) {
    let function = function!("read before");
    for change in Change::ALL {
        let (here, there) = subject.caches();
        let reads = async |cache: &Cache, value: &'static str| {
            let body = || async { value.to_owned() };
            function.call(cache, "k", &["t"], body).await.0
        };
        reads(&here, "old").await;
        for _ in 0..3 {
            assert_eq!(reads(&there, "other").await, "old", "it is stored");
        }
        change.make(&here, function).await;
        subject.seen().await;
        assert_eq!(
            reads(&there, "new").await,
            "new",
            "{change:?} in another process ends what is kept here"
        );
    }
    if subject.sees_late() {
        subject.lacks("watches");
    }
}
