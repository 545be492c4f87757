//! What comes while a batch is computed: others that want the same, and what ends its values.

use std::future::{Future, poll_fn};
use std::task::Poll;

use super::function::{Came, Source, TAGS, key, said, tag};
use crate::cache::Cache;
use crate::event::Outcome;
use crate::testing::conformance::caches::{done, got};
use crate::testing::conformance::locks::while_time_passes;
use crate::testing::conformance::stage::{
    Function, Gate, drop_after, eventually, function, settled, together,
};
use crate::testing::conformance::subject::Subject;

/// The ids of every batch that is overtaken.
const IDS: [u64; 3] = [1, 2, 3];

/// Computes [`IDS`] in one process, and does something once that has begun.
async fn meanwhile<T>(
    cache: &Cache,
    function: Function,
    meanwhile: impl Future<Output = T>,
) -> (Came, T) {
    let (begun, end) = (Gate::default(), Gate::default());
    let source = Source::new("old");
    let computing = function.finds_after(cache, &IDS, &source, || async {
        begun.open();
        end.passed().await;
    });
    let overtaking = async {
        begun.passed().await;
        let done = meanwhile.await;
        end.open();
        done
    };
    together(computing, overtaking).await
}

/// Two processes compute the same ids at the same time: each gets all values, and from then on both
/// get the same ones.
pub async fn two_processes_at_once_agree(subject: &Subject) {
    let function = function!("twice");
    let (here, there) = subject.caches();
    let (begun, end) = (Gate::default(), Gate::default());
    let (ours, theirs) = (Source::new("ours"), Source::new("theirs"));
    let first = function.finds_after(&here, &[1, 2, 3], &ours, || async {
        begun.open();
        end.passed().await;
    });
    let second = async {
        begun.passed().await;
        let computing = function.finds(&there, &[4, 3, 2], &theirs);
        let ending = async {
            settled(&there).await;
            end.open();
        };
        together(computing, ending).await.0
    };
    let ((mine, _), (others, _)) = together(first, second).await;
    assert_eq!((mine.len(), others.len()), (3, 3), "each gets what it asks");
    assert_eq!(mine, said("ours", &[1, 2, 3]), "it computed them first");
    let ids = [1, 2, 3, 4];
    let all_there = eventually(|| async {
        let (_, outcomes) = function.finds(&here, &ids, &ours).await;
        outcomes == [Outcome::Hit; 4]
    });
    assert!(all_there.await, "in the end all are stored");
    let (found, _) = function.finds(&here, &ids, &ours).await;
    let (same, outcomes) = function.finds(&there, &ids, &theirs).await;
    assert_eq!(found, same, "one entry for each key");
    assert_eq!(outcomes, [Outcome::Hit; 4], "in the other process too");
}

/// With `lock`, batches of two processes that overlap compute each id once, and neither waits for
/// what it holds up itself.
pub async fn with_a_lock_each_id_is_computed_once(subject: &Subject) {
    let function = function!("locked".lock());
    let (here, there) = subject.caches();
    let (begun, end) = (Gate::default(), Gate::default());
    let (ours, theirs) = (Source::new("ours"), Source::new("theirs"));
    let first = function.finds_after(&here, &[1, 2, 3], &ours, || async {
        begun.open();
        end.passed().await;
    });
    let second = async {
        begun.passed().await;
        let waiting = while_time_passes(subject, function.finds(&there, &[4, 3, 2], &theirs));
        let ending = async {
            settled(&there).await;
            end.open();
        };
        together(waiting, ending).await.0
    };
    let ((_, outcomes), (found, _)) = together(first, second).await;
    assert_eq!(outcomes, [Outcome::Stored; 3], "nothing overtook it");
    let mut expected = said("ours", &[2, 3]);
    expected.extend(said("theirs", &[4]));
    assert_eq!(found, expected, "the second takes what the first computes");
    assert_eq!(theirs.asked(), [[4]], "and computes the rest");
}

/// An invalidation of one id while a batch computes keeps that value out, and no other.
pub async fn an_invalidation_keeps_one_value_out(subject: &Subject) {
    let function = function!("overtaken");
    for by_another in [false, true] {
        let (here, there) = subject.caches();
        let by = if by_another { &there } else { &here };
        let overtaking = async { done(by.invalidate(key(1).as_str()).await) };
        let ((found, outcomes), _) = meanwhile(&here, function, overtaking).await;
        assert_eq!(
            found,
            said("old", &IDS),
            "the caller gets what was computed"
        );
        assert_eq!(
            outcomes,
            [Outcome::Refused, Outcome::Stored, Outcome::Stored],
            "one was overtaken, by another process: {by_another}"
        );
        assert_eq!(got(&there, &key(1)).await, None, "it is not stored");
        let source = Source::new("new");
        let (found, _) = function.finds(&there, &IDS, &source).await;
        assert_eq!(source.asked(), [[1]], "the others are");
        assert_eq!(found[&1].as_deref(), Some("new 1"));
    }
}

/// What drops entries by tag, by function or by cache while a batch computes them keeps what it
/// drops from being served.
pub async fn what_is_dropped_meanwhile_is_not_served(subject: &Subject) {
    let function = function!("outdated".tags(TAGS));
    for (way, by_another) in (0..3).flat_map(|way| [(way, false), (way, true)]) {
        let (here, there) = subject.caches();
        let by = if by_another { &there } else { &here };
        let dropping = async {
            match way {
                0 => drop(done(by.invalidate_tag(tag(2).as_str()).await)),
                1 => function.invalidate_all(by).await,
                _ => drop(done(by.clear().await)),
            }
        };
        meanwhile(&here, function, dropping).await;
        let gone: &[u64] = if way == 0 { &[2] } else { &IDS };
        let source = Source::new("new");
        let (found, _) = function.finds(&there, &IDS, &source).await;
        let mut asked = source.asked().concat();
        asked.sort_unstable();
        assert_eq!(
            asked, gone,
            "in the way number {way}, by another process: {by_another}"
        );
        let mut expected = said("old", &IDS);
        expected.extend(said("new", gone));
        assert_eq!(found, expected, "nothing from before");
    }
}

/// A batch that is dropped, wherever it is, gives back all that it led.
pub async fn a_dropped_batch_holds_nobody_up(subject: &Subject) {
    let function = function!("left");
    for polls in 1..12 {
        let (here, there) = subject.caches();
        let source = Source::new("left");
        // Polled again and again, as one is that waits for many things.
        let never = || {
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        };
        let dropped = function.finds_after(&here, &IDS, &source, never);
        assert!(drop_after(polls, dropped).await.is_none(), "it never ends");
        let next = Source::new("next");
        let filled = eventually(|| async {
            let (found, outcomes) = function.finds(&there, &[3, 2, 1], &next).await;
            assert_eq!(found, said("next", &IDS), "after {polls} polls");
            outcomes == [Outcome::Hit; 3]
        });
        assert!(
            filled.await,
            "dropped after {polls} polls it holds a key up: nothing can be stored there"
        );
    }
}
