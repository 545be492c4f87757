//! Who computes: at most one caller leads, the others wait for the end of its flight.
//!
//! A gate holds no value. A leader stores what it computed and then ends its flight, so whoever
//! wakes up looks at the property again.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::{Frame, Wait, current};
use crate::sync::wake;
use crate::time::{Clock, Millis};

/// What a caller computes on; a thread never waits for a task, which may need that very thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Thread,
    Task,
}

/// Lets one caller at a time lead.
#[derive(Debug)]
pub(super) struct Gate {
    flight: Mutex<Option<Arc<Flight>>>,
}

/// How a caller goes on.
pub(super) enum Entry<'g> {
    Lead(Lead<'g>),
    Join(Seat),
    /// Waiting could last for ever: compute without leading.
    Alone,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Self {
            flight: Mutex::new(None),
        }
    }

    pub(super) fn enter(&self, by: By) -> Entry<'_> {
        let mut flight = lock(&self.flight);
        match &*flight {
            None => {
                let led = Flight::new(by);
                *flight = Some(Arc::clone(&led));
                Entry::Lead(Lead::new(self, led))
            }
            Some(led) if led.by == By::Task && by == By::Thread => Entry::Alone,
            Some(led) => match Wait::begin(current_flight(), led.id) {
                Some(wait) => Entry::Join(Seat::new(Arc::clone(led), wait)),
                None => Entry::Alone,
            },
        }
    }

    /// Takes the lead from whoever has it; its joiners start over.
    pub(super) fn detach(&self) {
        let led = lock(&self.flight).take();
        if let Some(led) = led {
            led.end(End::Again);
        }
    }

    /// How many wait right now.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        let flight = lock(&self.flight);
        flight
            .as_ref()
            .map_or(0, |flight| lock(&flight.crowd).wakers.len())
    }

    fn leave(&self, led: &Arc<Flight>) {
        let mut flight = lock(&self.flight);
        if flight.as_ref().is_some_and(|now| Arc::ptr_eq(now, led)) {
            *flight = None;
        }
    }
}

/// What the end of a flight asks of its joiners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Look again: there is a value, or somebody has to take over.
    Again,
    /// The leader failed in a way that cannot be shared: compute for yourselves, all at once.
    Released,
}

#[derive(Debug)]
pub(super) struct Flight {
    id: u64,
    by: By,
    crowd: Mutex<Crowd>,
}

#[derive(Debug)]
struct Crowd {
    end: Option<End>,
    wakers: BTreeMap<u64, Waker>,
    next: u64,
}

impl Flight {
    fn new(by: By) -> Arc<Self> {
        // A range that the flights of cached functions never reach: both meet in one graph of waits.
        static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            by,
            crowd: Mutex::new(Crowd {
                end: None,
                wakers: BTreeMap::new(),
                next: 0,
            }),
        })
    }

    /// The first end counts; wakers run after the lock is released.
    fn end(&self, end: End) {
        let wakers = {
            let mut crowd = lock(&self.crowd);
            crowd.end.get_or_insert(end);
            std::mem::take(&mut crowd.wakers)
        };
        wakers.into_values().for_each(wake);
    }
}

/// The right to compute. Dropped without [`end`](Self::end) it counts as given up.
#[derive(Debug)]
pub(super) struct Lead<'g> {
    gate: &'g Gate,
    flight: Arc<Flight>,
    /// The surrounding computation waits for this one.
    _wait: Option<Wait>,
}

impl<'g> Lead<'g> {
    fn new(gate: &'g Gate, flight: Arc<Flight>) -> Self {
        let wait = Wait::begin(current_flight(), flight.id);
        Self {
            gate,
            flight,
            _wait: wait,
        }
    }

    /// The context that the computation runs in.
    pub(super) fn frame(&self) -> Arc<Frame> {
        let id = self.flight.id;
        Frame::derive(|frame| frame.flight = Some(id))
    }

    pub(super) fn end(self, end: End) {
        self.finish(end);
    }

    fn finish(&self, end: End) {
        self.gate.leave(&self.flight);
        self.flight.end(end);
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        // After `end` this changes nothing.
        self.finish(if std::thread::panicking() {
            End::Released
        } else {
            End::Again
        });
    }
}

/// A place among those that wait for a flight.
#[derive(Debug)]
pub(super) struct Seat {
    flight: Arc<Flight>,
    number: Option<u64>,
    _wait: Wait,
}

impl Seat {
    fn new(flight: Arc<Flight>, wait: Wait) -> Self {
        Self {
            flight,
            number: None,
            _wait: wait,
        }
    }

    /// How the flight ended; `None` if it did not before `deadline`.
    pub(super) async fn ended(mut self, clock: Clock, deadline: Millis) -> Option<End> {
        let mut bound = pin!(clock.sleep_until(deadline));
        poll_fn(|cx| match self.poll(cx) {
            Poll::Ready(end) => Poll::Ready(Some(end)),
            Poll::Pending => bound.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let waker = cx.waker().clone();
        let mut crowd = lock(&self.flight.crowd);
        if let Some(end) = crowd.end {
            return Poll::Ready(end);
        }
        let number = *self.number.get_or_insert(crowd.next);
        crowd.next = crowd.next.max(number + 1);
        let before = crowd.wakers.insert(number, waker);
        drop(crowd);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // The waker may be the last owner of a task: drop it outside the lock.
        let waker = self
            .number
            .and_then(|number| lock(&self.flight.crowd).wakers.remove(&number));
        drop(waker);
    }
}

fn current_flight() -> Option<u64> {
    current().and_then(|frame| frame.flight)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
