//! Operations for tools and migrations.

use std::time::Duration;

use super::{done, got, set};
use crate::cache::Cache;
use crate::error::ErrorKind;
use crate::event::Delivery;
use crate::testing::conformance::subject::Subject;
use crate::time::Ttl;

/// `ttl` tells how long a live value still has.
pub async fn a_value_tells_its_time(subject: &Subject) {
    let (here, there) = subject.caches();
    assert_eq!(done(here.ttl("k").await), None, "nothing is there");
    set(&here, "k", "value", 600).await;
    set(&here, "forever", "value", Ttl::FOREVER).await;
    let left = done(there.ttl("k").await).and_then(Ttl::as_duration);
    let left = left.expect("a time is left");
    assert!(
        left > Duration::from_secs(500) && left <= Duration::from_secs(605),
        "ten minutes at first, not {left:?}"
    );
    assert_eq!(done(there.ttl("forever").await), Some(Ttl::FOREVER));
    done(here.expire("k").await);
    assert_eq!(done(here.ttl("k").await), None, "it is stale");
}

/// Thirty days and more are a time like any other.
pub async fn a_long_time_is_long(subject: &Subject) {
    let (here, there) = subject.caches();
    let days = Duration::from_secs(24 * 3600) * 40;
    let value = "value".to_owned();
    set(&here, "set", "value", days).await;
    assert!(done(here.add("add", &value, days).await), "it is new");
    done(here.set_many([("many", &value)], days).await);
    set(&here, "touched", "value", 60).await;
    assert!(done(here.touch("touched", days).await), "it is there");
    done(here.get_or_set("through", days, || async { value }).await);
    for key in ["set", "add", "many", "touched", "through"] {
        assert!(got(&there, key).await.is_some(), "{key} has just begun");
        let left = done(there.ttl(key).await).and_then(Ttl::as_duration);
        assert!(left.is_some_and(|left| left > days / 2), "{key}: {left:?}");
    }
}

/// `None` that was stored is a value.
pub async fn a_stored_none_is_no_miss(subject: &Subject) {
    let (here, there) = subject.caches();
    assert_eq!(done(there.get::<Option<u8>>("k").await), None);
    done(here.set("k", &None::<u8>, 60).await);
    assert_eq!(done(there.get::<Option<u8>>("k").await), Some(None));
    assert!(done(there.contains("k").await));
}

/// A value goes to another version, with its time.
pub async fn a_value_goes_to_another_version(subject: &Subject) {
    let (here, there) = subject.caches();
    let missing = here.incr_version("k", 1).await.map_err(|e| e.kind());
    assert_eq!(missing, Err(ErrorKind::NotFound), "nothing is there");
    set(&here, "k", "value", 600).await;
    assert_eq!(done(there.incr_version("k", 0).await), 1);
    assert_eq!(got(&there, "k").await.as_deref(), Some("value"), "it stays");
    assert_eq!(done(there.incr_version("k", 2).await), 3);
    subject.seen().await;
    assert_eq!(got(&here, "k").await, None, "it is no longer there");
    let third = here.with_version(3);
    assert_eq!(got(&third, "k").await.as_deref(), Some("value"));
    let left = done(third.ttl("k").await).and_then(Ttl::as_duration);
    assert!(
        left.is_some_and(|left| left > Duration::from_secs(500)),
        "{left:?} of ten minutes"
    );
    assert_eq!(done(third.decr_version("k", 1).await), 2);
    assert_eq!(
        got(&here.with_version(2), "k").await.as_deref(),
        Some("value")
    );
    let beyond = here.with_version(2).decr_version("k", 3).await;
    assert_eq!(beyond.map_err(|e| e.kind()), Err(ErrorKind::Overflow));
}

/// A value that moved still falls with its namespace.
pub async fn a_moved_value_falls_with_its_cache(subject: &Subject) {
    let (here, there) = subject.caches();
    set(&here, "k", "value", 600).await;
    done(here.incr_version("k", 1).await);
    done(there.clear().await);
    assert_eq!(got(&here.with_version(2), "k").await, None);
}

/// Values are stored where nothing is.
pub async fn warming_replaces_nothing(subject: &Subject) {
    let (here, there) = subject.caches();
    set(&here, "b", "old", 60).await;
    let values = [("a", "new"), ("b", "new"), ("c", "new")];
    let values = values.map(|(key, value)| (key, value.to_owned()));
    assert_eq!(done(there.warm(values, 60).await), 2, "one was there");
    assert_eq!(got(&here, "a").await.as_deref(), Some("new"));
    assert_eq!(got(&here, "b").await.as_deref(), Some("old"));
    let many = (0..1000u32).map(|number| (format!("n:{number}"), number));
    assert_eq!(done(there.warm(many, 60).await), 1000);
    assert_eq!(done(here.get::<u32>("n:999").await), Some(999));
    let none: [(&str, String); 0] = [];
    assert_eq!(done(here.warm(none, 60).await), 0);
}

/// What is there but of no use to anybody is no reason not to warm.
pub async fn warming_replaces_what_is_of_no_use(subject: &Subject) {
    let (here, there) = subject.caches();
    let values = || ["a", "b", "c"].map(|key| (key, "new".to_owned()));
    set(&here, "a", "old", Ttl::FOREVER).await;
    assert_eq!(done(here.clear().await), Delivery::Acknowledged);
    set(&here, "b", "old", 60).await;
    assert!(done(here.expire("b").await), "it was live");
    done(here.set("c", &7u32, 60).await);
    // By the same clock as it was expired.
    assert_eq!(done(here.warm(values(), 60).await), 3);
    for key in ["a", "b", "c"] {
        assert_eq!(got(&there, key).await.as_deref(), Some("new"), "{key}");
    }
    assert_eq!(done(there.warm(values(), 60).await), 0, "now something is");
}

/// The keys of a cache, or `None` if its backend cannot list them, and says so.
async fn keys(cache: &Cache, pattern: &str) -> Option<Vec<String>> {
    match cache.keys(pattern).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let deleting = cache.delete_matching(pattern).await;
            let kind = deleting.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::Unsupported), "nor can it delete them");
            None
        }
        keys => Some(done(keys)),
    }
}

/// Keys are listed by a pattern, those of this cache and version.
pub async fn keys_are_listed_by_a_pattern(subject: &Subject) {
    let (here, there) = subject.caches();
    let (stranger, _) = subject.caches();
    set(&stranger, "post:9", "value", 60).await;
    for key in ["post:1", "post:20", "user:1", "a*b", "größe"] {
        set(&here, key, "value", 60).await;
    }
    set(&here.with_version(12), "post:3", "value", 60).await;
    let Some(posts) = keys(&there, "post:*").await else {
        subject.lacks("scans");
        return;
    };
    assert_eq!(posts, ["post:1", "post:20"]);
    let whole = |keys: Option<Vec<String>>| {
        let keys = keys.unwrap_or_default().into_iter();
        // What is listed by its beginning is listed where it may match.
        keys.filter(|key| !key.contains('#')).collect::<Vec<_>>()
    };
    assert_eq!(whole(keys(&there, "*:1").await), ["post:1", "user:1"]);
    assert_eq!(whole(keys(&there, "a\\*?").await), ["a*b"]);
    assert_eq!(keys(&there, "*").await.map(|keys| keys.len()), Some(5));
    assert_eq!(keys(&there, "").await, Some(Vec::new()));
}

/// Keys are deleted by a pattern, however many there are, and no others.
pub async fn keys_are_deleted_by_a_pattern(subject: &Subject) {
    let (here, there) = subject.caches();
    if keys(&here, "x").await.is_none() {
        subject.lacks("scans");
        return;
    }
    let many = (0..1500u32).map(|number| (format!("n:{number}"), number));
    done(here.warm(many, 60).await);
    set(&here, "m:1", "value", 60).await;
    set(&here, "n:größe", "value", 60).await;
    set(&here, &format!("n:{}", "x".repeat(300)), "value", 60).await;
    set(&here.with_version(2), "n:1", "value", 60).await;
    assert_eq!(done(there.delete_matching("n:*").await), 1502);
    assert_eq!(keys(&here, "n:*").await, Some(Vec::new()));
    assert_eq!(got(&here, "n:größe").await, None);
    assert!(got(&here, "m:1").await.is_some(), "it does not match");
    assert!(got(&here.with_version(2), "n:1").await.is_some());
    assert_eq!(done(there.delete_matching("n:*").await), 0);
}
