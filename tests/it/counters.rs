//! `incr` and `decr`: counters in one step.

use std::time::Duration;

use cached_core::{Cache, ErrorKind};

use crate::support::{Checked, fails, manual, memory};

#[test]
fn counters_begin_where_they_are_told_live_forever_and_keep_their_ttl() -> Checked {
    let (cache, clock) = manual();
    cache.blocking().incr_or("views", 1, 0)?;
    cache.blocking().set("minute", &10i64, 60)?;
    cache.blocking().incr("minute", 1)?;
    clock.advance(Duration::from_secs(60));
    assert_eq!(cache.blocking().get("views")?, Some(1i64));
    assert_eq!(cache.blocking().get::<i64>("minute")?, None);
    assert_eq!(
        cache.blocking().incr_or("minute", 3, 10)?,
        13,
        "what expired is no counter any more"
    );
    Ok(())
}

#[test]
fn counters_neither_wrap_nor_change_what_is_no_counter() -> Checked {
    let cache = memory();
    fails(
        cache.blocking().incr("n", 1),
        ErrorKind::NotFound,
        "incr_or",
    );
    fails(
        cache.blocking().decr("n", 1),
        ErrorKind::NotFound,
        "incr_or",
    );
    assert_eq!(cache.blocking().get::<i64>("n")?, None);
    cache.blocking().set("n", &i64::MAX, 60)?;
    fails(cache.blocking().incr("n", 1), ErrorKind::Overflow, "i64");
    assert_eq!(cache.blocking().get("n")?, Some(i64::MAX));
    fails(
        cache.blocking().decr("n", i64::MIN),
        ErrorKind::Overflow,
        "i64",
    );
    assert_eq!(cache.blocking().decr("n", i64::MAX)?, 0);
    cache.blocking().set("text", &"7".to_owned(), 60)?;
    fails(
        cache.blocking().incr("text", 1),
        ErrorKind::WrongType,
        "`set` it",
    );
    assert_eq!(cache.blocking().get("text")?, Some("7".to_owned()));
    cache.blocking().set("narrow", &7i32, 60)?;
    fails(
        cache.blocking().incr("narrow", 1),
        ErrorKind::WrongType,
        "i64",
    );
    Ok(())
}

#[test]
fn counters_lose_nothing_on_many_threads() -> Checked {
    let cache = memory();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| _ = cache.blocking().incr_or("n", 1, 0)));
        }
    });
    assert_eq!(cache.blocking().get("n")?, Some(4000i64));
    Ok(())
}

#[test]
fn a_counter_that_does_not_fit_says_so() -> Checked {
    let cache = Cache::memory().weight(1).build()?;
    fails(
        cache.blocking().incr_or("n", 1, 0),
        ErrorKind::TooLarge,
        "weight",
    );
    Ok(())
}
