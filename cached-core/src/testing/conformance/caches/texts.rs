//! A key function: a text of the cache's own in place of each key.

use super::{done, got, set};
use crate::error::ErrorKind;
use crate::event::{Delivery, Outcome};
use crate::testing::conformance::stage::{fresh, function, name_of};
use crate::testing::conformance::subject::Subject;

/// Every key goes under the text that the function makes of it, by every operation and every process.
pub async fn a_function_makes_the_keys(subject: &Subject) {
    let (prefix, function) = (fresh(), function!("made"));
    let make = |key: &str| format!("eu-west:{}", key.to_lowercase());
    let (here, there) = subject.caches_with(&prefix, |builder| builder.key_with(make));
    set(&here, "Post:1", "value", 60).await;
    let found = got(&there, "POST:1").await;
    assert_eq!(found.as_deref(), Some("value"), "they have one text");
    done(here.set_many([("A", &1u8), ("b", &2)], 60).await);
    let found = done(there.get_many::<u8>(["a", "B", "c"]).await);
    assert_eq!(found, [Some(1), Some(2), None]);
    assert!(!done(there.add("B", &3u8, 60).await), "something is there");
    assert_eq!(done(here.incr_or("N", 1, 0).await), 1);
    assert_eq!(done(there.incr("n", 1).await), 2, "one counter");
    assert!(done(there.delete("a").await) && !done(here.contains("A").await));
    let (value, outcome) = function.returns(&here, "F", "first").await;
    assert_eq!((value.as_str(), outcome), ("first", Outcome::Stored));
    assert_eq!(function.entry(&there, "f").get().await, Some(value));
    let ended = function.entry(&there, "F").invalidate().await;
    assert_eq!(ended, Delivery::Acknowledged);
    subject.seen().await;
    assert_eq!(function.returns(&here, "f", "second").await.0, "second");
    assert_eq!(done(here.incr_version("POST:1", 1).await), 2);
    let second = there.with_version(2);
    assert_eq!(got(&second, "post:1").await.as_deref(), Some("value"));
    let acme = there.for_tenant("acme");
    assert_eq!(
        done(acme.get::<i64>("n").await),
        None,
        "a tenant's is apart"
    );
    let held = done(here.lock("Job").try_acquire().await);
    let again = done(there.lock("JOB").try_acquire().await);
    assert!(held.is_some() && again.is_none(), "one lock");
    if subject.has_backend() {
        let name = name_of(&here, "eu-west:n");
        let cell = subject.backend().read(&name).await;
        assert!(cell.is_some(), "the backend has it under this text: {name}");
    }
}

/// What a function makes of a key may have any length and any bytes, but not none; and nobody can
/// turn it back.
pub async fn a_made_key_is_any_text_but_none(subject: &Subject) {
    let make = |key: &str| match key {
        "none" => String::new(),
        key => format!("{key} \0ü\n{}", "x".repeat(300)),
    };
    let (here, there) = subject.caches_with(&fresh(), |builder| builder.key_with(make));
    let keys = ["a", "b", &"a".repeat(190), &"a".repeat(400)];
    for key in keys {
        set(&here, key, key, 60).await;
    }
    for key in keys {
        assert_eq!(got(&there, key).await.as_deref(), Some(key));
    }
    let refusals = [
        here.set("none", &1u8, 60).await,
        here.get::<u8>("none").await.map(drop),
        here.set_many([("c", &1u8), ("none", &1)], 60).await,
        here.lock("none").try_acquire().await.map(drop),
    ];
    for refusal in refusals {
        let kind = refusal.map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Key), "an empty text is no key");
    }
    assert!(!done(there.contains("c").await), "nothing was stored");
    let listed = [
        there.keys("*").await.map(drop),
        there.delete_matching("*").await.map(drop),
    ];
    for refusal in listed {
        let said = refusal.map_err(|error| (error.kind(), error.to_string()));
        let (kind, said) = said.expect_err("nobody knows the keys");
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(said.contains("key_with"), "the reason is said: {said}");
    }
    assert!(got(&here, "a").await.is_some(), "nothing was deleted");
}
