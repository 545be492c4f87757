//! Futures are safe to drop: when a leader leaves, a waiter takes over, and no wake-up is lost on
//! one that has left too.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use crate::support::{Gate, Runs, Task, cancel_after, counted, finishes, memory, run_all, stored};

#[test]
fn a_dropped_leader_is_replaced_by_a_waiter_at_once() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut first = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut second = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    assert_eq!(
        (first.take_wakes(), second.take_wakes()),
        (1, 0),
        "one is woken, not all"
    );
    first.waits();
    assert_eq!(runs.count(), 2, "the first waiter computes");
    gate.open();
    assert_eq!((first.ends(), second.ends_woken()), (2, 2));
    assert_eq!(stored(&cache), Some(2), "the lease was inherited");
}

#[test]
fn a_promoted_waiter_that_is_dropped_unpolled_passes_the_lead_on() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..10)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    let mut last = callers.pop().expect("there are ten");
    for caller in callers {
        drop(caller);
    }
    assert!(last.take_wakes() > 0, "the last one is told that it leads");
    last.waits();
    gate.open();
    assert_eq!(last.ends(), 2);
    assert_eq!((runs.count(), stored(&cache)), (2, Some(2)));
}

#[test]
fn a_promoted_waiter_that_is_dropped_while_it_computes_passes_the_lead_on() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let mut callers: Vec<_> = (0..5)
        .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
        .collect();
    for expected in 2..=5 {
        drop(callers.remove(0));
        assert!(callers[0].take_wakes() > 0);
        callers[0].waits();
        assert_eq!(runs.count(), expected);
    }
    gate.open();
    assert_eq!(callers[0].ends(), 5);
    assert_eq!(stored(&cache), Some(5));
}

#[test]
fn waiters_that_leave_are_not_offered_the_lead() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let gone = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut stays = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(gone);
    drop(leader);
    gate.open();
    assert_eq!(stays.ends_woken(), 2);
}

#[test]
fn a_key_is_free_again_when_everybody_has_gone() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    for first_out_is_the_leader in [true, false] {
        let mut callers: Vec<_> = (0..3)
            .map(|_| Task::waiting(counted(&cache, "k", &runs, &gate)))
            .collect();
        if !first_out_is_the_leader {
            callers.reverse();
        }
        callers.into_iter().for_each(drop);
    }
    gate.open();
    assert_eq!(Task::new(counted(&cache, "k", &runs, &gate)).ends(), 3);
    assert_eq!(stored(&cache), Some(3));
}

#[test]
fn an_invalidation_between_promotion_and_poll_sends_everybody_back_to_start() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut heir = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut other = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    cache.blocking().invalidate("k").expect("a valid key");
    gate.open();
    assert_eq!((heir.ends_woken(), other.ends_woken()), (2, 2));
    assert_eq!(stored(&cache), Some(2));
}

#[test]
fn an_invalidation_overtakes_a_promoted_waiter() {
    let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
    let leader = Task::waiting(counted(&cache, "k", &runs, &gate));
    let mut heir = Task::waiting(counted(&cache, "k", &runs, &gate));
    drop(leader);
    heir.waits();
    cache.blocking().invalidate("k").expect("a valid key");
    gate.open();
    assert_eq!(heir.ends(), 2);
    assert_eq!(stored(&cache), None);
}

/// Three callers of one key, each dropped after any number of polls or never; tasks are polled
/// only when woken, so a wake-up that went to a dropped caller would show as a hang.
#[test]
fn futures_can_be_dropped_at_every_poll() {
    const NEVER: usize = usize::MAX;
    const LIVES: [usize; 6] = [0, 1, 2, 3, 4, NEVER];
    for plan in 0..6 * 6 * 6 {
        let plan = [plan / 36, plan / 6 % 6, plan % 6].map(|life: usize| LIVES[life]);
        let (cache, runs) = (memory(), Runs::default());
        let read = || {
            cache.get_or_set("k", 60, || async {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                runs.next()
            })
        };
        let tasks = plan
            .iter()
            .map(|polls| Task::new(cancel_after(*polls, read())))
            .collect();
        let outputs = run_all(tasks);
        for (polls, output) in plan.iter().zip(outputs) {
            let ended = output.map(|value| value.expect("valid"));
            assert!(ended.is_some() || *polls != NEVER, "{plan:?}");
            assert!(
                ended.is_none_or(|value| value == 1),
                "{plan:?}: computed once"
            );
        }
        let end = run_all(vec![Task::new(read())]).remove(0);
        assert_eq!(end.expect("valid"), 1, "{plan:?}: the key is free");
    }
}

/// A waker that is the last owner of another waiter.
struct Owner(
    #[expect(dead_code, reason = "held to be dropped")]
    Mutex<Pin<Box<dyn Future<Output = i64> + Send>>>,
);

fn poll_with<F: Future>(future: &mut Pin<Box<F>>, waker: &Waker) {
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(waker))
            .is_pending()
    );
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_owns_another_waiter_may_be_dropped_by_the_flight() {
    finishes(|| {
        let (cache, runs, gate) = (memory(), Runs::default(), Gate::default());
        let read = || {
            let (cache, runs, gate) = (cache.clone(), runs.clone(), gate.clone());
            Box::pin(async move { counted(&cache, "k", &runs, &gate).await })
        };
        let owner = || {
            let mut owned = read();
            poll_with(&mut owned, Waker::noop());
            Waker::from(Arc::new(Owner(Mutex::new(owned))))
        };
        let mut leader = Task::waiting(read());
        let mut waiter = read();
        poll_with(&mut waiter, &owner());
        poll_with(&mut waiter, Waker::noop());
        poll_with(&mut waiter, &owner());
        drop(waiter);
        gate.open();
        assert_eq!(leader.ends(), 1);
    });
}
