//! Tenants: the same keys, tags and locks, each of them apart.

use std::sync::{Arc, Mutex, PoisonError};

use super::{done, got, set};
use crate::cache::Cache;
use crate::error::ErrorKind;
use crate::event::Outcome;
use crate::testing::conformance::stage::{Gate, eventually, fresh, function, together};
use crate::testing::conformance::subject::Subject;

/// Operations of one tenant neither see nor change what another has, nor what has no tenant.
pub async fn tenants_are_apart(subject: &Subject) {
    let (here, there) = subject.caches();
    let (acme, globex) = (here.for_tenant("acme"), there.for_tenant("globex"));
    set(&acme, "k", "acme", 60).await;
    assert_eq!(got(&globex, "k").await, None, "another tenant set it");
    assert_eq!(got(&here, "k").await, None, "a tenant set it");
    assert!(!done(globex.delete("k").await), "there is none of its own");
    let add = globex.add("k", &"globex".to_owned(), 60).await;
    assert!(done(add), "its own place is free");
    set(&here, "k", "nobody", 60).await;
    assert_eq!(done(acme.incr_or("n", 1, 0).await), 1);
    assert_eq!(done(globex.incr_or("n", 5, 0).await), 5, "another counter");
    done(globex.delete_many(["k", "n"]).await);
    let found = done(there.for_tenant("acme").get_many::<String>(["k"]).await);
    assert_eq!(found, [Some("acme".to_owned())], "all processes agree");
    assert_eq!(done(acme.incr("n", 1).await), 2);
    assert_eq!(got(&there, "k").await.as_deref(), Some("nobody"));
    done(there.clear().await);
    assert_eq!(got(&acme, "k").await, None, "clear drops all of them");
}

/// Whatever tenants and keys are called, two different pairs are two entries.
pub async fn no_tenant_forges_anothers_key(subject: &Subject) {
    let (here, there) = subject.caches();
    let long = "t".repeat(300);
    let longer = format!("{long}u");
    let key = "k".repeat(200);
    let pairs: [(&str, &str); 12] = [
        ("a:b", "c"),
        ("a", "b:c"),
        ("", "a:b:c"),
        ("a%3Ab", "c"),
        ("A:b", "c"),
        ("größe", "c"),
        ("a b", "c"),
        (&long, "c"),
        (&longer, "c"),
        ("a", &key),
        (&long, &key),
        ("a", "c\u{0}"),
    ];
    for (at, (tenant, key)) in pairs.iter().enumerate() {
        let added = here.for_tenant(tenant).add(*key, &at, 60).await;
        assert!(done(added), "nothing else is `{key}` of `{tenant}`");
    }
    for (at, (tenant, key)) in pairs.iter().enumerate() {
        let found = there.for_tenant(tenant).get(*key).await;
        assert_eq!(done(found), Some(at), "`{key}` of `{tenant}`");
    }
}

/// A tag drops what its tenant has under it.
pub async fn a_tenant_has_its_tags(subject: &Subject) {
    let function = function!("tenants");
    let (here, there) = subject.caches();
    let read = async |tenant: &str, value: &'static str| {
        let body = || async { value.to_owned() };
        let cache = here.for_tenant(tenant);
        function.call(&cache, "k", &["t"], body).await.0
    };
    read("acme", "old").await;
    read("globex", "old").await;
    done(there.invalidate_tag("t").await);
    assert_eq!(read("acme", "new").await, "old", "it is nobody's tag");
    done(there.for_tenant("acme").invalidate_tag("t").await);
    assert_eq!(read("acme", "new").await, "new", "it was invalidated");
    assert_eq!(read("globex", "new").await, "old", "another tenant's was");
}

/// An invalidation overtakes the computation of its tenant, and no other's.
pub async fn a_tenant_overtakes_its_own(subject: &Subject) {
    let function = function!("overtaken");
    let (here, there) = subject.caches();
    let computed = async |tenant: &str| {
        let (begun, end) = (Gate::default(), Gate::default());
        let cache = here.for_tenant(tenant);
        let computing = function.returns_after(&cache, "k", "old", &begun, &end);
        let overtaking = async {
            begun.passed().await;
            done(there.for_tenant("acme").invalidate("k").await);
            end.open();
        };
        together(computing, overtaking).await;
        let stored = async || got(&there.for_tenant(tenant), "k").await;
        stored().await
    };
    assert_eq!(computed("acme").await, None, "it was invalidated");
    let globex = computed("globex").await;
    assert_eq!(globex.as_deref(), Some("old"), "nobody overtook it");
    let cache = there.for_tenant("globex");
    let (_, outcome) = function.returns(&cache, "k", "new").await;
    assert_eq!(outcome, Outcome::Hit, "in every process");
}

/// The keys of one tenant are listed and deleted, told without it.
pub async fn a_tenants_keys_are_listed(subject: &Subject) {
    let (here, there) = subject.caches();
    for tenant in ["acme", "acme:post", "acm", "größe"] {
        set(&here.for_tenant(tenant), "post:1", "value", 60).await;
    }
    set(&here, "post:1", "value", 60).await;
    let acme = there.for_tenant("acme");
    set(&acme, "post:größe", "value", 60).await;
    let posts = match acme.keys("post:*").await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            subject.lacks("scans");
            return;
        }
        posts => done(posts),
    };
    assert_eq!(posts.len(), 2, "{posts:?}");
    assert!(posts.contains(&"post:1".to_owned()), "{posts:?}");
    let deleted = done(acme.delete_matching("post:*").await);
    assert_eq!(deleted, 2, "its own");
    let left = async |cache: &Cache| done(cache.keys("*").await);
    assert_eq!(left(&acme).await, [""; 0]);
    for tenant in ["acme:post", "acm", "größe"] {
        assert_eq!(left(&here.for_tenant(tenant)).await, ["post:1"], "{tenant}");
    }
    assert_eq!(left(&here).await, ["post:1"], "and what has no tenant");
}

/// A lock is its tenant's.
pub async fn a_tenant_has_its_locks(subject: &Subject) {
    let (here, there) = subject.caches();
    let take = async |cache: &Cache, tenant: &str| {
        let taking = cache.for_tenant(tenant).lock("job").try_acquire();
        done(taking.await)
    };
    let held = take(&here, "acme").await;
    assert!(held.is_some(), "it is free");
    assert!(take(&here, "acme").await.is_none(), "it is held");
    assert!(
        take(&there, "globex").await.is_some(),
        "another tenant's is another"
    );
    assert!(
        done(there.lock("job").try_acquire().await).is_some(),
        "and so is nobody's"
    );
    drop(held);
    let free = eventually(|| async { take(&here, "acme").await.is_some() });
    assert!(free.await, "it is released");
}

/// Whose the calls are, as a request's context says it.
#[derive(Clone, Default)]
struct Current(Arc<Mutex<&'static str>>);

impl Current {
    fn is(&self, tenant: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = tenant;
    }

    fn get(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A function says whose each call is, at its beginning: what goes on later is that tenant's, too.
pub async fn a_function_says_the_tenant(subject: &Subject) {
    let (function, current) = (function!("said"), Current::default());
    let says = current.clone();
    let (here, there) = subject.caches_with(&fresh(), |builder| {
        let says = says.clone();
        builder.prefix_with(move || says.get())
    });
    let read = async |cache: &Cache, value: &'static str| {
        let body = || async { value.to_owned() };
        function.call(cache, "f", &["t"], body).await
    };
    current.is("acme");
    set(&here, "k", "acme", 60).await;
    assert_eq!(done(here.incr_or("n", 1, 0).await), 1);
    let computing = function.call(&here, "f", &["t"], || async {
        current.is("globex");
        "acme".to_owned()
    });
    assert_eq!(computing.await.1, Outcome::Stored, "by whom it was begun");
    assert_eq!(got(&there, "k").await, None, "another tenant set it");
    assert_eq!(done(there.incr_or("n", 5, 0).await), 5, "another counter");
    let (value, outcome) = read(&there, "globex").await;
    assert_eq!((value.as_str(), outcome), ("globex", Outcome::Stored));
    current.is("acme");
    let (value, outcome) = read(&there, "other").await;
    assert_eq!((value.as_str(), outcome), ("acme", Outcome::Hit));
    assert_eq!(got(&there, "k").await.as_deref(), Some("acme"));
    done(there.invalidate_tag("t").await);
    subject.seen().await;
    assert_eq!(read(&here, "new").await.0, "new", "its tag was invalidated");
    function.invalidate_all(&there).await;
    subject.seen().await;
    assert_eq!(read(&here, "newer").await.0, "newer", "all of its own were");
    let held = done(here.lock("job").try_acquire().await);
    assert!(held.is_some(), "it is free");
    current.is("globex");
    assert_eq!(read(&here, "new").await.0, "globex", "nobody ended these");
    let other = done(there.lock("job").try_acquire().await);
    assert!(other.is_some(), "another tenant's is another");
    let acme = there.for_tenant("acme");
    assert_eq!(got(&acme, "k").await.as_deref(), Some("acme"), "for tools");
    done(there.clear().await);
    assert_eq!(got(&acme, "k").await, None, "clear drops all of them");
}
