//! Futures that are dropped half-way: whatever they had done, what comes next is right.

use std::future::Future;
use std::pin::Pin;

use super::stage::{LONG, cell, cell_of, drop_after, eventually, fresh_key, function};
use super::subject::{Handle, Subject};
use crate::cell::{Cell, Token};
use crate::event::Outcome;

/// A future that is polled more often than this before it ends is not tried further.
const POLLS: usize = 40;

/// An operation on a key that holds the cell with this token; it may put the cell given.
type Operation = for<'a> fn(&'a Handle, &'a str, Token, &'a Cell) -> Started<'a>;
type Started<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drops the operation after one poll, after two, and so on until it ends before it is dropped.
/// Each time the key holds what it held before or what the operation makes of it (`None`: nothing),
/// and the handle works.
async fn try_dropping(subject: &Subject, operation: Operation, puts: bool) {
    let (backend, other) = (subject.backend(), subject.backend());
    for polls in 1..=POLLS {
        let (key, (token, before)) = (fresh_key(), cell("before"));
        let (after_token, after) = cell("after");
        backend.write(&key, &before, LONG).await;
        let dropped = drop_after(polls, operation(&backend, &key, token, &after)).await;
        works(&backend).await;
        let found = other.read(&key).await;
        let expected = [Some(token), Some(after_token).filter(|_| puts)];
        assert!(
            expected.contains(&found.as_ref().and_then(Cell::token)),
            "dropped after {polls} polls it left {found:?}: neither before nor after"
        );
        if dropped.is_some() {
            return;
        }
    }
}

/// A handle that was left with an answer nobody waits for answers the next question, not that one.
async fn works(backend: &Handle) {
    for _ in 0..3 {
        let (key, (_, written)) = (fresh_key(), cell("written"));
        assert_eq!(
            backend.read(&key).await,
            None,
            "nobody wrote this key; the answer is another question's"
        );
        backend.write(&key, &written, LONG).await;
        assert_eq!(
            backend.read(&key).await,
            Some(written),
            "the answer is another question's"
        );
    }
}

/// A dropped `read` changes nothing, and its answer goes to nobody.
pub async fn a_dropped_read(subject: &Subject) {
    let operation: Operation = |backend, key, _, _| {
        Box::pin(async move {
            backend.read(key).await;
        })
    };
    try_dropping(subject, operation, false).await;
    let read_some: Operation = |backend, key, _, _| {
        Box::pin(async move {
            backend.read_all(&[key, "conformance:other", key]).await;
        })
    };
    try_dropping(subject, read_some, false).await;
}

/// A dropped `acquire` of a held key leaves it.
pub async fn a_dropped_acquire(subject: &Subject) {
    let operation: Operation = |backend, key, _, after| {
        Box::pin(async move {
            backend.acquire(key, after, LONG).await;
        })
    };
    try_dropping(subject, operation, false).await;
}

/// A dropped `fill` is done, or not.
pub async fn a_dropped_fill(subject: &Subject) {
    let operation: Operation = |backend, key, token, after| {
        Box::pin(async move {
            backend.fill(key, token, after, LONG).await;
        })
    };
    try_dropping(subject, operation, true).await;
}

/// A dropped `renew` leaves the cell.
pub async fn a_dropped_renew(subject: &Subject) {
    let operation: Operation = |backend, key, token, _| {
        Box::pin(async move {
            let ttl = std::time::Duration::from_secs(60);
            backend.renew(key, token, ttl).await;
        })
    };
    try_dropping(subject, operation, false).await;
}

/// A dropped `release` is done, or not.
pub async fn a_dropped_release(subject: &Subject) {
    let operation: Operation = |backend, key, token, _| {
        Box::pin(async move {
            backend.release(key, token).await;
        })
    };
    try_removing(subject, operation).await;
}

/// A dropped `invalidate` is done, or not.
pub async fn a_dropped_invalidate(subject: &Subject) {
    let operation: Operation = |backend, key, _, _| {
        Box::pin(async move {
            backend.invalidate(&[key, "conformance:other"]).await;
        })
    };
    try_removing(subject, operation).await;
}

/// [`try_dropping`] of an operation that removes.
async fn try_removing(subject: &Subject, operation: Operation) {
    let (backend, other) = (subject.backend(), subject.backend());
    for polls in 1..=POLLS {
        let (key, (token, before)) = (fresh_key(), cell("before"));
        backend.write(&key, &before, LONG).await;
        let dropped = drop_after(polls, operation(&backend, &key, token, &before)).await;
        works(&backend).await;
        let found = other.read(&key).await;
        assert!(
            found.is_none() || found == Some(before),
            "dropped after {polls} polls it left {found:?}: neither before nor nothing"
        );
        if dropped.is_some() {
            return;
        }
    }
}

/// A dropped `write` is done, or not.
pub async fn a_dropped_write(subject: &Subject) {
    let operation: Operation = |backend, key, _, after| {
        Box::pin(async move {
            backend.write(key, after, LONG).await;
        })
    };
    try_dropping(subject, operation, true).await;
}

/// A large write that is dropped half-way leaves no half of a cell.
pub async fn a_dropped_write_leaves_no_half(subject: &Subject) {
    let (backend, other) = (subject.backend(), subject.backend());
    for polls in 1..=POLLS {
        let (key, token) = (fresh_key(), Token::random());
        let large = cell_of(token, &vec![7; 2 << 20]);
        let dropped = drop_after(polls, backend.write(&key, &large, LONG)).await;
        works(&backend).await;
        let found = other.read(&key).await;
        assert!(
            found.is_none_or(|found| found == large),
            "dropped after {polls} polls it left a part of a cell"
        );
        if dropped.is_some() {
            return;
        }
    }
}

/// A read-through that is dropped at any await returns no wrong value to those who come later, and
/// leaves no stuck key: soon the key can be filled again.
pub async fn a_dropped_computation_leaves_no_stuck_key(subject: &Subject) {
    let function = function!("dropped");
    for polls in 1..=POLLS {
        let (here, there) = subject.caches();
        let dropped = drop_after(polls, function.returns(&here, "k", "first")).await;
        let filled = eventually(|| async {
            let (value, outcome) = function.returns(&there, "k", "second").await;
            assert!(
                ["first", "second"].contains(&value.as_str()),
                "no body returned {value:?}"
            );
            outcome == Outcome::Hit
        });
        assert!(
            filled.await,
            "dropped after {polls} polls it holds the key up: nothing can be stored there"
        );
        if dropped.is_some() {
            return;
        }
    }
}

/// An invalidation that is dropped once it has begun is delivered all the same.
pub async fn a_dropped_invalidation_is_delivered(subject: &Subject) {
    for polls in 1..=POLLS {
        let (here, there) = subject.caches();
        let written = there.set("k", &1u32, 60).await;
        assert!(written.is_ok(), "nothing stands in its way: {written:?}");
        let dropped = drop_after(polls, here.invalidate("k")).await;
        let gone = eventually(|| async { matches!(there.get::<u32>("k").await, Ok(None)) });
        assert!(
            gone.await,
            "dropped after {polls} polls it was forgotten: the old value is still there"
        );
        if dropped.is_some() {
            return;
        }
    }
}

/// A `set` that is dropped half-way is done, or not.
pub async fn a_dropped_set(subject: &Subject) {
    for polls in 1..=POLLS {
        let (here, there) = subject.caches();
        let before = here.set("k", &1u32, 60).await;
        assert!(before.is_ok(), "nothing stands in its way: {before:?}");
        let dropped = drop_after(polls, here.set("k", &2u32, 60)).await;
        let found = there.get::<u32>("k").await.ok().flatten();
        assert!(
            matches!(found, Some(1 | 2)),
            "dropped after {polls} polls it left {found:?}: neither before nor after"
        );
        if dropped.is_some() {
            return;
        }
    }
}
