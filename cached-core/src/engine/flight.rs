//! A flight: one computation of one key that callers share (single-flight).
//!
//! Whoever finds no value *leads* or *joins*. A flight is the lease of its cell: the store holds
//! it while it may fill, and an invalidation takes it away, so joiners attach to a lease and never
//! to a key. Lock order: the cell's shard, then the flight; never the other way.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::entry::{Payload, Stored};
use crate::sync::{Mutex, MutexGuard, wake};
use crate::tag::Stamps;

/// How a caller waits and computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// On its own thread, which it may block.
    Sync,
    /// As a future, which may never be polled again.
    Async,
}

/// What the joiners of a flight are told.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Take this value.
    Value(Payload),
    /// Take this failure.
    Failed(Stored),
    /// An invalidation came in between: start over.
    StartOver,
    /// The shared backend knows better: ask it again. Says nothing against the computation, so
    /// nobody counts it as a fresh start.
    #[cfg(feature = "remote")]
    Reread,
    /// The leader failed in a way that cannot be shared: compute for yourselves, all at once.
    Released,
}

/// One shared computation.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    pub(crate) value_type: TypeId,
    /// As they were before the computation began.
    pub(crate) stamps: Stamps,
    /// Its claim on the cell in a shared backend.
    #[cfg(feature = "remote")]
    pub(crate) claim: Option<super::remote::Claim>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// An invalidation took the lease away: what it comes to is for the early ones.
    overtaken: bool,
    /// In order of their ids.
    waiters: Vec<Waiter>,
    next: u64,
}

#[derive(Debug)]
enum Phase {
    Led(Style),
    /// The leader is gone and this waiter is to take over.
    Offered(u64),
    Done {
        early: Verdict,
        late: Verdict,
    },
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    style: Style,
    /// Whether its call began after the flight.
    late: bool,
    waker: Option<Waker>,
}

/// The number of the flight that begins next.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// When a call began: before all flights that begin later, after all that have begun.
///
/// What a flight computes is no older than any call that began before it, whatever has invalidated
/// the key since: such a call may take it even where nobody else may. So a caller starts over once,
/// however often its key is invalidated, unless those who compute are dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival(u64);

impl Arrival {
    pub(crate) fn now() -> Self {
        Self(NEXT.load(Ordering::Relaxed))
    }
}

impl Flight {
    pub(crate) fn new(style: Style, value_type: TypeId, stamps: Stamps) -> Self {
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            value_type,
            stamps,
            #[cfg(feature = "remote")]
            claim: None,
            state: Mutex::new(State {
                phase: Phase::Led(style),
                overtaken: false,
                waiters: Vec::new(),
                next: 0,
            }),
        }
    }

    /// A flight that claims the cell in a shared backend before it computes.
    #[cfg(feature = "remote")]
    pub(crate) fn claiming(
        style: Style,
        value_type: TypeId,
        stamps: Stamps,
        start: super::remote::Start,
    ) -> Self {
        Self {
            claim: Some(super::remote::Claim::new(start)),
            ..Self::new(style, value_type, stamps)
        }
    }

    /// Whether the value before may be served while this computes.
    #[cfg(feature = "remote")]
    pub(crate) fn refreshes_a_value(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.refreshes())
    }

    /// Whether nobody knows yet what is there: its claim is the question.
    #[cfg(feature = "remote")]
    pub(crate) fn is_a_question(&self) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.is_a_question())
    }

    /// Whether it began while the shared backend did not answer.
    #[cfg(feature = "remote")]
    pub(crate) fn is_local(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.is_local())
    }

    /// Whether anybody waits for the verdict.
    #[cfg(feature = "remote")]
    pub(crate) fn has_waiters(&self) -> bool {
        !self.lock().waiters.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a caller of that style may wait here: a sync caller never waits for an async
    /// leader, which may need the very thread that the caller would block.
    pub(crate) fn admits(&self, style: Style) -> bool {
        style == Style::Async || !self.lock().is_led_by(Style::Async)
    }

    /// Attaches a waiter. Called under the shard's lock, while the flight holds the lease.
    pub(crate) fn join(self: &Arc<Self>, style: Style, arrival: Arrival) -> Seat {
        let late = self.id < arrival.0;
        let mut state = self.lock();
        state.next += 1;
        let id = state.next;
        state.waiters.push(Waiter {
            id,
            style,
            late,
            waker: None,
        });
        Seat {
            flight: Arc::clone(self),
            id,
            late,
        }
    }

    /// Ends the flight and tells every waiter; the first verdict stands.
    pub(crate) fn publish(&self, verdict: Verdict) {
        self.end(verdict.clone(), verdict);
    }

    /// The same where those who came after it began are told otherwise. [`Verdict::Released`] is told to
    /// nobody here: the early ones are told what the late ones are.
    pub(crate) fn publish_apart(&self, verdict: Verdict, late: Verdict) {
        let early = match verdict {
            Verdict::Released => late.clone(),
            other => other,
        };
        self.end(early, late);
    }

    fn end(&self, early: Verdict, late: Verdict) {
        let waiters = {
            let mut state = self.lock();
            if matches!(state.phase, Phase::Done { .. }) {
                return;
            }
            state.phase = Phase::Done { early, late };
            std::mem::take(&mut state.waiters)
        };
        waiters.into_iter().filter_map(|w| w.waker).for_each(wake);
    }

    /// The lease was taken away: those who came after it began start over at once. The others wait
    /// for what it comes to, if anybody computes it.
    pub(crate) fn overtake(&self) {
        let gone: Vec<Waiter> = {
            let mut state = self.lock();
            state.overtaken = true;
            match state.phase {
                Phase::Led(_) => state.waiters.extract_if(.., |waiter| waiter.late).collect(),
                Phase::Offered(_) => {
                    drop(state);
                    return self.publish(Verdict::StartOver);
                }
                Phase::Done { .. } => return,
            }
        };
        gone.into_iter().filter_map(|w| w.waker).for_each(wake);
    }

    pub(crate) fn is_overtaken(&self) -> bool {
        self.lock().overtaken
    }

    /// The leader is gone: offers the lead to a waiter. `Err` if nobody waits; the flight is over
    /// then. Called under the shard's lock; wake the returned waker after it.
    pub(crate) fn offer(&self) -> Result<Option<Waker>, NobodyWaits> {
        self.lock().offer()
    }
}

/// Nobody is left to take the lead.
#[derive(Debug)]
pub(crate) struct NobodyWaits;

impl State {
    fn is_led_by(&self, style: Style) -> bool {
        matches!(self.phase, Phase::Led(leader) if leader == style)
            || matches!(self.phase, Phase::Offered(heir) if self.style_of(heir) == Some(style))
    }

    fn style_of(&self, id: u64) -> Option<Style> {
        self.find(id).map(|at| self.waiters[at].style)
    }

    /// Waiters are in order of their ids, and there may be thousands.
    fn find(&self, id: u64) -> Option<usize> {
        self.waiters
            .binary_search_by_key(&id, |waiter| waiter.id)
            .ok()
    }

    fn take_out(&mut self, id: u64) -> Option<Waiter> {
        self.find(id).map(|at| self.waiters.remove(at))
    }

    fn offer(&mut self) -> Result<Option<Waker>, NobodyWaits> {
        if matches!(self.phase, Phase::Done { .. }) {
            return Err(NobodyWaits);
        }
        // Sync waiters first: they must never end up waiting for an async leader.
        let heir = self.waiters.iter().position(|w| w.style == Style::Sync).or(
            if self.waiters.is_empty() {
                None
            } else {
                Some(0)
            },
        );
        let Some(heir) = heir else {
            self.phase = Phase::Done {
                early: Verdict::StartOver,
                late: Verdict::StartOver,
            };
            return Err(NobodyWaits);
        };
        let heir = &mut self.waiters[heir];
        self.phase = Phase::Offered(heir.id);
        Ok(heir.waker.take())
    }
}

/// What a waiter is told.
#[derive(Debug)]
pub(crate) enum Told {
    Verdict(Verdict),
    /// The leader is gone; this caller leads now.
    Lead,
}

/// A place among the waiters of a flight.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) flight: Arc<Flight>,
    id: u64,
    late: bool,
}

impl Seat {
    /// Leaves without a verdict. Whether the lead had been offered to this seat, so that the
    /// caller has to pass it on.
    pub(crate) fn leave(&self) -> bool {
        let mut state = self.flight.lock();
        let gone = state.take_out(self.id);
        let offered = matches!(state.phase, Phase::Offered(heir) if heir == self.id);
        drop(state);
        // A waker may be the last owner of a task that waits here too: drop it after the lock.
        drop(gone);
        offered
    }
}

impl Future for Seat {
    type Output = Told;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Told> {
        // Cloned before the lock: cloning runs the executor's code.
        let waker = cx.waker().clone();
        let mut state = self.flight.lock();
        match &state.phase {
            Phase::Done { early, late } => {
                let verdict = if self.late { late } else { early };
                return Poll::Ready(Told::Verdict(verdict.clone()));
            }
            Phase::Offered(heir) if *heir == self.id => {
                let me = state.take_out(self.id);
                state.phase = Phase::Led(me.as_ref().map_or(Style::Async, |me| me.style));
                drop(state);
                drop(me);
                return Poll::Ready(Told::Lead);
            }
            Phase::Led(_) | Phase::Offered(_) if self.late && state.overtaken => {
                return Poll::Ready(Told::Verdict(Verdict::StartOver));
            }
            Phase::Led(_) | Phase::Offered(_) => {}
        }
        let me = state.find(self.id);
        let before = me.and_then(|at| state.waiters[at].waker.replace(waker));
        drop(state);
        drop(before);
        Poll::Pending
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;
    use crate::tag::Stamps;

    fn led_by(style: Style) -> Arc<Flight> {
        Arc::new(Flight::new(style, TypeId::of::<()>(), Stamps::default()))
    }

    fn heir(flight: &Arc<Flight>) -> Option<u64> {
        match flight.lock().phase {
            Phase::Offered(heir) => Some(heir),
            _ => None,
        }
    }

    #[test]
    fn a_sync_waiter_is_offered_the_lead_before_an_async_one_that_came_first() {
        let flight = led_by(Style::Sync);
        let (_patient, blocked) = (
            flight.join(Style::Async, Arrival::now()),
            flight.join(Style::Sync, Arrival::now()),
        );
        flight.offer().expect("two wait");
        assert_eq!(heir(&flight), Some(blocked.id));
    }

    #[test]
    fn a_sync_caller_does_not_wait_for_an_async_heir_that_was_not_polled_yet() {
        let flight = led_by(Style::Async);
        let _heir = flight.join(Style::Async, Arrival::now());
        flight.offer().expect("one waits");
        assert!(!flight.admits(Style::Sync));
        assert!(flight.admits(Style::Async));
        let flight = led_by(Style::Sync);
        let _heir = flight.join(Style::Sync, Arrival::now());
        flight.offer().expect("one waits");
        assert!(flight.admits(Style::Sync));
    }
}
