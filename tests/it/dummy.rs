//! The cache that keeps nothing.

use cached_core::{Cache, ErrorKind};

use crate::support::{Checked, Runs};

#[test]
fn a_dummy_cache_stores_nothing() -> Checked {
    let (cache, runs) = (Cache::dummy().build()?, Runs::default());
    cache.blocking().set("k", &1i64, 60)?;
    assert_eq!(cache.blocking().get::<i64>("k")?, None);
    assert!(cache.blocking().add("k", &1i64, 60)?);
    assert_eq!(cache.blocking().get_or_set("k", 60, || runs.next())?, 1);
    assert_eq!(cache.blocking().get_or_set("k", 60, || runs.next())?, 2);
    assert_eq!(
        (
            cache.blocking().incr_or("n", 5, 0)?,
            cache.blocking().incr_or("n", 5, 0)?
        ),
        (5, 5)
    );
    assert!(!cache.blocking().delete("k")? && cache.is_empty());
    Ok(())
}

/// What Django's dummy cache answers.
#[test]
fn a_dummy_cache_answers_as_an_empty_one() -> Checked {
    let cache = Cache::dummy().build()?;
    let cache = cache.blocking();
    let kind = |error: cached_core::Error| error.kind();
    cache.set("k", &1i64, 60)?;
    assert_eq!(
        (cache.get::<i64>("k")?, cache.get_or("k", 7i64)?),
        (None, 7)
    );
    assert!(cache.add("k", &1i64, 60)? && cache.add("k", &1i64, 60)?);
    cache.set_many([("a", &1i64), ("b", &2)], 60)?;
    assert_eq!(cache.get_many::<i64>(["a", "b"])?, [None, None]);
    assert!(!cache.delete("k")? && cache.delete_many(["a", "b"])? == 0);
    assert!(!cache.contains("k")? && !cache.touch("k", 60)? && !cache.expire("k")?);
    assert_eq!(cache.incr("n", 1).map_err(kind), Err(ErrorKind::NotFound));
    assert_eq!(cache.decr("n", 1).map_err(kind), Err(ErrorKind::NotFound));
    let moved = cache.incr_version("k", 1).map_err(kind);
    assert_eq!(moved, Err(ErrorKind::NotFound));
    assert_eq!(cache.ttl("k")?, None);
    assert_eq!(cache.keys("*")?, [""; 0]);
    cache.clear();
    Ok(())
}
