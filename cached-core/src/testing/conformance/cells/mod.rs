//! The operations of the port, one by one.

mod batches;
mod sizes;
mod times;

pub use batches::{names_are_listed, several_operations_go_at_once};
pub use sizes::{
    a_large_cell_comes_back_whole, bytes_come_back_as_they_are, keys_are_told_apart,
    many_keys_go_at_once,
};
pub use times::{
    a_cell_goes_with_its_time, a_new_cell_has_a_time_of_its_own, extreme_times_are_rounded,
    the_clock_is_one_for_all,
};

use std::time::Duration;

use super::stage::{LONG, cell, fresh_key, together};
use super::subject::Subject;
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};

/// A key that nobody wrote reads as nothing.
pub async fn an_absent_key_reads_as_nothing(subject: &Subject) {
    let found = subject.backend().read(&fresh_key()).await;
    assert_eq!(found, None, "nobody wrote this key");
}

/// The answer to a read of several keys has one place per key, in the order of the keys.
pub async fn a_read_answers_in_the_order_of_its_keys(subject: &Subject) {
    let backend = subject.backend();
    let keys = [fresh_key(), fresh_key(), fresh_key()];
    let (first, third) = (cell("first").1, cell("third").1);
    backend.write(&keys[0], &first, LONG).await;
    backend.write(&keys[2], &third, LONG).await;
    let asked = [&*keys[2], &*keys[1], &*keys[0], &*keys[2]];
    let expected = [Some(third.clone()), None, Some(first), Some(third)];
    assert_eq!(
        backend.read_all(&asked).await,
        expected,
        "one answer per key, in the order of the keys, absent and repeated ones included"
    );
}

/// A read of no keys is answered with no cells.
pub async fn a_read_of_no_keys_answers_nothing(subject: &Subject) {
    let answer = subject.backend().read_all(&[]).await;
    assert_eq!(answer, [], "no keys, no cells");
}

/// `acquire` puts its cell where none is.
pub async fn acquire_puts_its_cell_where_none_is(subject: &Subject) {
    let backend = subject.backend();
    let (key, (_, lease)) = (fresh_key(), cell("lease"));
    let acquired = backend.acquire(&key, &lease, LONG).await;
    assert_eq!(acquired, Acquired::Granted, "nothing was there");
    assert_eq!(backend.read(&key).await, Some(lease), "it is there now");
}

/// `acquire` answers with what is there, and leaves it.
pub async fn acquire_finds_what_is_there_and_leaves_it(subject: &Subject) {
    let backend = subject.backend();
    let (key, (_, first), (_, second)) = (fresh_key(), cell("first"), cell("second"));
    backend.acquire(&key, &first, LONG).await;
    let acquired = backend.acquire(&key, &second, LONG).await;
    assert_eq!(
        acquired,
        Acquired::Found(first.clone()),
        "the one before is there"
    );
    assert_eq!(backend.read(&key).await, Some(first), "and it still is");
}

/// `acquire` hands over what is there even if it is no cell of this library.
pub async fn acquire_finds_foreign_bytes(subject: &Subject) {
    let backend = subject.backend();
    let (key, foreign) = (fresh_key(), Cell::from_bytes(b"hello".to_vec()));
    backend.write(&key, &foreign, LONG).await;
    let acquired = backend.acquire(&key, &cell("lease").1, LONG).await;
    assert_eq!(acquired, Acquired::Found(foreign), "the key is not absent");
}

/// `fill` replaces the cell that has its token.
pub async fn fill_replaces_the_cell_with_its_token(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease), (_, value)) = (fresh_key(), cell("lease"), cell("value"));
    backend.acquire(&key, &lease, LONG).await;
    let filled = backend.fill(&key, token, &value, LONG).await;
    assert!(filled, "the lease with this token stands");
    assert_eq!(
        backend.read(&key).await,
        Some(value),
        "the value took its place"
    );
}

/// `fill` changes nothing where the cell has another token.
pub async fn fill_is_refused_for_another_token(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease), (_, value)) = (fresh_key(), cell("lease"), cell("value"));
    backend.acquire(&key, &lease, LONG).await;
    let mut near = *token.as_bytes();
    near[15] ^= 1;
    for other in [Token::random(), Token::from_bytes(near)] {
        let filled = backend.fill(&key, other, &value, LONG).await;
        assert!(!filled, "no cell with this token is there");
    }
    assert_eq!(backend.read(&key).await, Some(lease), "nothing is changed");
}

/// `fill` puts nothing where nothing is.
pub async fn fill_is_refused_where_nothing_is(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, value)) = (fresh_key(), cell("value"));
    let filled = backend.fill(&key, token, &value, LONG).await;
    assert!(!filled, "no cell with this token is there");
    assert_eq!(backend.read(&key).await, None, "and none is put there");
}

/// Bytes without a token, or too short for one, are nobody's lease.
pub async fn fill_is_refused_for_foreign_bytes(subject: &Subject) {
    let backend = subject.backend();
    for foreign in ["", "x", "hello", "\u{0}\u{0}\u{0}\u{0}"] {
        let (key, (token, value)) = (fresh_key(), cell("value"));
        let foreign = Cell::from_bytes(foreign.as_bytes().to_vec());
        backend.write(&key, &foreign, LONG).await;
        assert!(
            !backend.fill(&key, token, &value, LONG).await,
            "{foreign:?} has no token"
        );
        assert!(!backend.release(&key, token).await, "nor for `release`");
        assert_eq!(
            backend.read(&key).await,
            Some(foreign),
            "nothing is changed"
        );
    }
}

/// After a `fill` the new cell's token counts, and the old one does not.
pub async fn a_token_is_used_up_by_its_fill(subject: &Subject) {
    let backend = subject.backend();
    let (key, (lease_token, lease)) = (fresh_key(), cell("lease"));
    let ((value_token, value), (_, late)) = (cell("value"), cell("late"));
    backend.acquire(&key, &lease, LONG).await;
    backend.fill(&key, lease_token, &value, LONG).await;
    assert!(
        !backend.fill(&key, lease_token, &late, LONG).await,
        "the lease's token is used up"
    );
    assert!(
        backend.fill(&key, value_token, &late, LONG).await,
        "the value's token stands there"
    );
}

/// `renew` and `release` go by the token as `fill` does.
pub async fn renew_and_release_go_by_the_token(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease), other) = (fresh_key(), cell("lease"), Token::random());
    let ttl = Duration::from_secs(60);
    assert!(
        !backend.renew(&key, token, ttl).await && !backend.release(&key, token).await,
        "there is nothing to renew or release"
    );
    assert_eq!(
        backend.read(&key).await,
        None,
        "renewing puts nothing there"
    );
    backend.acquire(&key, &lease, LONG).await;
    assert!(
        !backend.renew(&key, other, ttl).await && !backend.release(&key, other).await,
        "another's token does neither"
    );
    assert!(backend.renew(&key, token, ttl).await, "its own renews");
    assert_eq!(
        backend.read(&key).await,
        Some(lease),
        "a renewed cell is the same"
    );
    assert!(backend.release(&key, token).await, "its own releases");
    assert_eq!(
        backend.read(&key).await,
        None,
        "a released cell is gone at once"
    );
}

/// `write` replaces whatever is there, and with it every token.
pub async fn write_replaces_whatever_is_there(subject: &Subject) {
    let backend = subject.backend();
    let (key, (token, lease)) = (fresh_key(), cell("lease"));
    let ((_, written), (_, late)) = (cell("written"), cell("late"));
    backend.acquire(&key, &lease, LONG).await;
    backend.write(&key, &written, LONG).await;
    let filled = backend.fill(&key, token, &late, LONG).await;
    assert!(!filled, "a write destroys the lease");
    assert_eq!(
        backend.read(&key).await,
        Some(written),
        "what was written stays"
    );
}

/// `invalidate` removes values, leases and foreign bytes alike, and says how many were there.
pub async fn invalidate_removes_and_counts(subject: &Subject) {
    let backend = subject.backend();
    let keys = [fresh_key(), fresh_key(), fresh_key(), fresh_key()];
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    backend.acquire(all[0], &cell("lease").1, LONG).await;
    backend.write(all[1], &cell("value").1, None).await;
    let foreign = Cell::from_bytes(b"foreign".to_vec());
    backend.write(all[3], &foreign, LONG).await;
    assert_eq!(backend.invalidate(&all).await, 3, "one was absent");
    assert_eq!(
        backend.read_all(&all).await,
        [const { None }; 4],
        "all are absent now"
    );
    assert_eq!(
        backend.invalidate(&all).await,
        0,
        "nothing is left to remove"
    );
    assert_eq!(backend.invalidate(&[]).await, 0, "no keys, no removals");
}

/// What one handle writes, removes or fills, another one sees at once.
pub async fn handles_share_their_cells(subject: &Subject) {
    let (here, there) = (subject.backend(), subject.backend());
    let (key, (token, lease), (_, value)) = (fresh_key(), cell("lease"), cell("value"));
    here.acquire(&key, &lease, LONG).await;
    assert_eq!(
        there.read(&key).await,
        Some(lease),
        "another process sees the lease"
    );
    assert!(
        there.fill(&key, token, &value, LONG).await,
        "and knows its token"
    );
    assert_eq!(
        here.read(&key).await,
        Some(value),
        "the first sees its value"
    );
    assert_eq!(there.invalidate(&[&key]).await, 1, "it is there");
    assert_eq!(here.read(&key).await, None, "an invalidation reaches all");
}

/// A backend that can be used says so, and has a name.
pub async fn it_says_that_it_can_be_used(subject: &Subject) {
    let backend = subject.backend();
    let checked = backend.0.check().await;
    assert!(checked.is_ok(), "nothing stands in the way: {checked:?}");
    assert!(
        !backend.0.name().is_empty(),
        "errors and logs say which backend"
    );
}

/// What the subject expects of the backend it says of itself, and no more.
pub async fn it_says_what_it_can_do(subject: &Subject) {
    let backend = subject.backend();
    backend.now().await; // connects, which tells what the server can do
    let can = backend.0.capabilities();
    for (name, can) in [
        ("pushes", can.pushes),
        ("scans", can.scans),
        ("watches", can.watches),
    ] {
        let lacks = subject.is_expected_to_lack(name);
        assert!(
            lacks.is_none_or(|lacks| can != lacks),
            "`{name}`: {can}, and `Subject::lacking` says otherwise"
        );
    }
}

/// A backend with pushes says when the cell that was seen may be gone, and at once if it is. One
/// without them says nothing.
pub async fn changes_are_told(subject: &Subject) {
    let (here, there) = (subject.backend(), subject.backend());
    here.now().await; // connects, which tells whether there are pushes
    if !here.0.capabilities().pushes {
        subject.lacks("pushes");
        return;
    }
    let (key, (token, lease)) = (fresh_key(), cell("lease"));
    here.0.changed(&key, token).await; // absent: ends at once
    here.acquire(&key, &lease, LONG).await;
    here.0.changed(&key, Token::random()).await; // another cell: ends at once
    let told = here.0.changed(&key, token);
    let change = async {
        // Whoever wants to be told has looked by the time that these are answered.
        for _ in 0..8 {
            assert_eq!(here.read(&key).await.as_ref(), Some(&lease), "it is there");
        }
        there.invalidate(&[&key]).await
    };
    let ((), removed) = together(told, change).await;
    assert_eq!(removed, 1, "the invalidation is what was told");
}
