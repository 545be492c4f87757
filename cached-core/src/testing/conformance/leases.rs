//! Leases: one holder at a time, for a time, and never again with the same token.

use super::stage::{
    Function, Gate, LONG, cell, eventually, fresh, fresh_key, function, name_of, on_threads,
    settled, together,
};
use super::subject::Subject;
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::event::Outcome;
use futures_util::future::join_all;

/// Threads, each with a handle of its own.
const PROCESSES: usize = 8;
/// Acquirers on each of them.
const CALLERS: usize = 125;

/// Of a thousand concurrent acquirers one gets the lease, and all others find it.
pub async fn one_of_a_thousand_gets_the_lease(subject: &Subject) {
    let handles: Vec<_> = (0..PROCESSES).map(|_| subject.backend()).collect();
    let key = fresh_key();
    let shared = key.clone();
    let acquired = on_threads(PROCESSES, move |process| {
        let (backend, key) = (handles[process].clone(), shared.clone());
        async move {
            let acquire = |number: usize| {
                let (backend, key) = (&backend, &key);
                async move {
                    let (token, lease) = cell(&format!("{process}.{number}"));
                    (token, backend.acquire(key, &lease, LONG).await)
                }
            };
            join_all((0..CALLERS).map(acquire)).await
        }
    });
    let acquired: Vec<(Token, Acquired)> = acquired.await.into_iter().flatten().collect();
    let granted = |(_, acquired): &&(Token, Acquired)| *acquired == Acquired::Granted;
    let winners: Vec<_> = acquired.iter().filter(granted).collect();
    assert_eq!(winners.len(), 1, "a lease has one holder");
    let winner = winners[0].0;
    for (_, acquired) in &acquired {
        if let Acquired::Found(cell) = acquired {
            assert_eq!(cell.token(), Some(winner), "the others find the holder's");
        }
    }
    let found = subject.backend().read(&key).await;
    assert_eq!(
        found.as_ref().and_then(Cell::token),
        Some(winner),
        "it is there"
    );
}

/// A lease that nobody renews ends with its time, and another process takes over.
pub async fn a_lease_is_taken_over_when_its_time_is_up(subject: &Subject) {
    let (here, there) = (subject.backend(), subject.backend());
    let (key, (old, lease), (new, next)) = (fresh_key(), cell("lease"), cell("next"));
    here.acquire(&key, &lease, Some(subject.short())).await;
    assert_ne!(
        there.acquire(&key, &next, LONG).await,
        Acquired::Granted,
        "it is held"
    );
    subject.advance(subject.short()).await;
    assert!(
        !here.renew(&key, old, subject.short()).await,
        "what has ended cannot be renewed"
    );
    assert_eq!(
        there.acquire(&key, &next, LONG).await,
        Acquired::Granted,
        "its time is up"
    );
    let (_, late) = cell("late");
    assert!(
        !here.fill(&key, old, &late, LONG).await,
        "a late fill of the holder before is refused"
    );
    assert!(
        !here.renew(&key, old, subject.short()).await,
        "nor does it renew another's lease"
    );
    assert!(!here.release(&key, old).await, "nor give it back");
    let (_, value) = cell("value");
    assert!(
        there.fill(&key, new, &value, LONG).await,
        "the new holder fills"
    );
    assert_eq!(
        here.read(&key).await,
        Some(value),
        "and its value is what stays"
    );
}

/// A renewed lease outlives its first time.
pub async fn a_renewed_lease_lives_on(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease)) = (fresh_key(), cell("lease"));
    backend.acquire(&key, &lease, Some(subject.short())).await;
    let long = subject.short() * 20;
    assert!(backend.renew(&key, token, long).await, "it is there");
    subject.advance(subject.short()).await;
    assert_eq!(backend.read(&key).await, Some(lease), "it was renewed");
    let (_, value) = cell("value");
    assert!(
        backend.fill(&key, token, &value, LONG).await,
        "and can still be filled"
    );
}

/// A renewal can also shorten a life.
pub async fn a_renewal_counts_from_now(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease)) = (fresh_key(), cell("lease"));
    backend.acquire(&key, &lease, None).await;
    assert!(
        backend.renew(&key, token, subject.short()).await,
        "it is there"
    );
    subject.advance(subject.short()).await;
    assert_eq!(
        backend.read(&key).await,
        None,
        "its new time has passed, however long the one before was"
    );
}

/// A lease that is given back is free at once.
pub async fn a_released_lease_is_free_at_once(subject: &Subject) {
    let (here, there) = (subject.backend(), subject.backend());
    let (key, (token, lease)) = (fresh_key(), cell("lease"));
    here.acquire(&key, &lease, LONG).await;
    assert!(here.release(&key, token).await, "it is held");
    let acquired = there.acquire(&key, &cell("next").1, LONG).await;
    assert_eq!(acquired, Acquired::Granted, "it was given back");
}

/// A lease that the backend lost, by eviction or a flush, refuses the fill: nobody can know whether
/// it was invalidated meanwhile.
pub async fn a_lost_lease_refuses_the_fill(subject: &Subject) {
    let function = function!("lost");
    let (here, there) = subject.caches();
    let backend = subject.backend();
    let name = name_of(&here, "k");
    let (begun, end) = (Gate::default(), Gate::default());
    let computing = function.returns_after(&here, "k", "old", &begun, &end);
    let evicting = async {
        begun.passed().await;
        assert_eq!(
            backend.invalidate(&[name.as_str()]).await,
            1,
            "the lease was there"
        );
        end.open();
    };
    let ((_, outcome), ()) = together(computing, evicting).await;
    assert_eq!(outcome, Outcome::Refused, "its lease is gone");
    let found = there.get::<String>("k").await.ok().flatten();
    assert_eq!(found, None, "and nothing is there");
}

/// Every lease and every value of one key has a token that none had before.
pub async fn no_token_is_used_twice(subject: &Subject) {
    let (cache, backend) = (subject.cache(&fresh()), subject.backend());
    let name = name_of(&cache, "k");
    let mut seen = Vec::new();
    for round in 0..30 {
        let computed = cache.get_or_set("k", 60, || async {
            let lease = backend.read(&name).await;
            seen.push(lease.as_ref().and_then(Cell::token));
            round
        });
        assert_eq!(computed.await.ok(), Some(round), "nothing was stored");
        let value = backend.read(&name).await;
        seen.push(value.as_ref().and_then(Cell::token));
        let delivered = cache.invalidate("k").await;
        assert!(delivered.is_ok(), "the key is not empty");
    }
    assert!(
        seen.iter().all(Option::is_some),
        "a lease stands while the body runs, and a value after it: {seen:?}"
    );
    for (at, token) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(token), "{token:?} came back");
    }
}

/// With `lock`, a second process waits for the first one's value.
pub async fn with_a_lock_one_process_computes(subject: &Subject) {
    let locked = function!("locked".lock());
    let (here, there) = subject.caches();
    let (begun, end) = (Gate::default(), Gate::default());
    let computing = locked.call(&here, "k", &[], || async {
        begun.open();
        end.passed().await;
        "first".to_owned()
    });
    let waiting = async {
        begun.passed().await;
        let waits = locked.returns(&there, "k", "second");
        let ends = async {
            settled(&there).await;
            end.open();
        };
        together(waits, ends).await.0
    };
    let ((_, first), (value, second)) = together(computing, waiting).await;
    assert_eq!(first, Outcome::Stored, "nothing overtook it");
    assert_eq!(
        (value.as_str(), second),
        ("first", Outcome::Hit),
        "the second process waits for the holder of the lease and takes its value"
    );
}

/// A lease whose holder died holds nobody up for longer than its time.
pub async fn a_dead_holder_is_succeeded(subject: &Subject) {
    let locked = function!("succeeded".lock());
    let (here, there) = subject.caches();
    let (backend, name) = (subject.backend(), name_of(&here, "k"));
    let lease = lease_of_a_computation(locked, &here, &name, subject).await;
    // As a process that was killed leaves it: it stands, and nobody renews it.
    let held = backend.acquire(&name, &lease, Some(subject.short())).await;
    assert_eq!(held, Acquired::Granted, "nothing was there");
    let (expired, succeeded) = together(
        subject.advance(subject.short()),
        locked.returns(&there, "k", "second"),
    )
    .await;
    let () = expired;
    assert_eq!(
        succeeded.0, "second",
        "nobody else has a value, so the body runs"
    );
    let stored = eventually(|| async {
        let (_, outcome) = locked.returns(&there, "k", "second").await;
        outcome == Outcome::Hit
    });
    assert!(stored.await, "the lease of the dead is over");
}

/// The cell that stands under the key while a computation runs.
async fn lease_of_a_computation(
    function: Function,
    cache: &crate::cache::Cache,
    name: &str,
    subject: &Subject,
) -> Cell {
    let backend = subject.backend();
    let (lease, _) = function
        .call(cache, "k", &[], || async {
            let lease = backend.read(name).await;
            lease.map(Cell::into_bytes).unwrap_or_default()
        })
        .await;
    backend.invalidate(&[name]).await;
    Cell::from_bytes(lease)
}
