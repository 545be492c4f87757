//! Holding and waiting for the right to fill a key.
//!
//! [`Lease`] and [`Waiting`] are guards: dropping either, at any await, leaves no stuck key and no
//! lost waiter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Engine;
use super::context::{Frame, Mode};
use super::cycle::Wait;
use super::flight::{Flight, Seat, Told, Verdict};
use super::verbs::Write;
use crate::entry::{Payload, Sealed, Shape, Slot, Times};
use crate::event::{Counter, EventKind, Outcome, count};
use crate::key::Key;
use crate::registry::{Notice, Site};
use crate::sync::wake;
use crate::time::{Lifetime, Millis, Sleep, Ttl};

/// The right to fill a key, held while its computation runs.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) engine: Arc<Engine>,
    pub(super) key: Key,
    pub(super) flight: Arc<Flight>,
    /// The computation this one is part of waits for it.
    _wait: Option<Wait>,
    pub(super) settled: bool,
    /// Its fill is on the way to a shared backend: nobody takes over any more.
    #[cfg(feature = "remote")]
    pub(super) closed: bool,
}

/// What a fill needs to know of its call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling {
    pub(super) site: &'static Site,
    pub(super) ttl: Ttl,
}

/// How a fill ended.
enum Fill {
    Stored,
    /// The lease had been revoked, or a stamp had changed.
    Refused,
    NotStored,
}

/// What is under the key when a computation ends in peace.
enum Keep {
    New(Write),
    /// The computation came to something that is not kept: the value before is outdated.
    Nothing,
    /// The computation failed, and says nothing about the value before.
    Before,
}

impl Lease {
    pub(super) fn new(
        engine: &Arc<Engine>,
        key: &Key,
        flight: Arc<Flight>,
        wait: Option<Wait>,
    ) -> Self {
        Self {
            engine: Arc::clone(engine),
            key: key.clone(),
            flight,
            _wait: wait,
            settled: false,
            #[cfg(feature = "remote")]
            closed: false,
        }
    }

    /// The frame of the computation.
    pub(super) fn frame(&self) -> Arc<Frame> {
        Frame::derive(|frame| {
            frame.flight = Some(self.flight.id);
            frame.mode = Mode::Normal;
        })
    }

    /// Stores what the computation returned, if its lease still stands, and tells the joiners.
    pub(super) fn settle<S: Shape + ?Sized>(
        mut self,
        shape: &S,
        filling: Filling,
        returned: S::Return,
    ) -> (S::Return, Outcome) {
        let (sealed, returned) = shape.seal(returned, self.engine.weighed);
        let site = filling.site;
        let outcome = match sealed {
            Sealed::Value(value, weight) => {
                let payload = Payload::Value(value);
                let lifetime = self.lifetime(site, filling.ttl);
                self.fill(site, payload, lifetime, self.weight(site, weight))
            }
            Sealed::Absent => {
                let lifetime = site.policy.ttl_none.map(|ttl| self.lifetime(site, ttl));
                let lifetime = lifetime.unwrap_or(Lifetime(0));
                self.fill(site, Payload::Absent, lifetime, Some(0))
            }
            Sealed::Failed(shared) => self.fail(site, shared),
        };
        self.settled = true;
        (returned, outcome)
    }

    pub(super) fn lifetime(&self, site: &'static Site, ttl: Ttl) -> Lifetime {
        match ttl.resolve(self.engine.default_ttl) {
            Ok(lifetime) if !lifetime.is_zero() => lifetime,
            Ok(zero) => {
                let message = || {
                    "the TTL is zero, so nothing is stored; give at least one second, \
                     or `cached_core::bypass` where caching is not wanted"
                };
                site.notice(Notice::BadTtl, || message().to_owned());
                zero
            }
            Err(error) => {
                site.notice(Notice::BadTtl, || format!("{error}; nothing is stored"));
                Lifetime(0)
            }
        }
    }

    /// The weight of the value in bytes; `None` if it was needed and could not be measured.
    fn weight(&self, site: &'static Site, measured: Option<usize>) -> Option<u64> {
        if !self.engine.weighed {
            return Some(0);
        }
        if measured.is_none() {
            count(site.number(), Counter::Unencodable);
            let message = "its value's `Serialize` fails, so the value cannot be measured and is \
                 not stored; correct the implementation or give `weigh = |value| bytes`";
            site.notice(Notice::Unencodable, || message.to_owned());
        }
        Some(measured? as u64)
    }

    fn fill(
        &self,
        site: &'static Site,
        payload: Payload,
        lifetime: Lifetime,
        weight: Option<u64>,
    ) -> Outcome {
        let keep = match weight {
            Some(weight) if self.engine.stores && !lifetime.is_zero() => {
                let now = self.engine.clock.now();
                let times = Times::of(&payload, now, lifetime);
                let stamps = self.flight.stamps.clone();
                let slot = Slot::new(&self.key, payload.clone(), times, stamps);
                Keep::New(Write::new(slot, weight, now))
            }
            _ => Keep::Nothing,
        };
        let (fill, evicted) = self.conclude(keep);
        self.engine.tell_evicted(evicted);
        self.announce(site, &fill, Verdict::Value(payload))
    }

    fn fail(&self, site: &'static Site, shared: Option<crate::entry::Stored>) -> Outcome {
        let (fill, _) = self.conclude(Keep::Before);
        self.announce(
            site,
            &fill,
            shared.map_or(Verdict::Released, Verdict::Failed),
        )
    }

    /// Gives the lease back, with the value if it still stands: the fence.
    fn conclude(&self, keep: Keep) -> (Fill, Vec<String>) {
        let watched = self.engine.subscribers.any();
        self.engine.store.cell(&self.key, |cell| {
            if !cell.is_held_by(&self.flight) {
                return (Fill::Refused, Vec::new());
            }
            cell.revoke();
            if !self.flight.stamps.are_current() {
                return (Fill::Refused, Vec::new());
            }
            let stored = match keep {
                Keep::New(write) => write.apply(cell),
                Keep::Nothing => {
                    cell.remove(|_| ());
                    false
                }
                Keep::Before => false,
            };
            let fill = if stored {
                Fill::Stored
            } else {
                Fill::NotStored
            };
            (fill, cell.evicted(watched))
        })
    }

    fn announce(&self, site: &'static Site, fill: &Fill, verdict: Verdict) -> Outcome {
        let number = site.number();
        let (kind, outcome) = match fill {
            Fill::Stored => {
                count(number, Counter::Stored);
                (EventKind::Stored, Outcome::Stored)
            }
            Fill::Refused => {
                count(number, Counter::Refused);
                (EventKind::Refused, Outcome::Refused)
            }
            Fill::NotStored => (EventKind::NotStored, Outcome::NotStored),
        };
        match fill {
            Fill::Refused => self.flight.publish_apart(verdict, Verdict::StartOver),
            Fill::Stored | Fill::NotStored => self.flight.publish(verdict),
        }
        self.engine.tell(kind, Some(site), &self.key);
        outcome
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        #[cfg(feature = "remote")]
        if self.closed {
            self.engine.give_back(&self.key, &self.flight);
            return self.flight.publish(Verdict::Reread);
        }
        if std::thread::panicking() {
            self.engine.release(&self.key, &self.flight);
        } else if self.flight.is_overtaken() {
            #[cfg(feature = "remote")]
            self.engine.give_back(&self.key, &self.flight);
            self.flight.publish(Verdict::StartOver);
        } else {
            self.engine.abandon(&self.key, &self.flight);
        }
    }
}

impl Engine {
    /// The leader panicked: every joiner computes for itself.
    fn release(&self, key: &Key, flight: &Arc<Flight>) {
        self.store.cell(key, |cell| {
            if cell.is_held_by(flight) {
                cell.revoke();
            }
        });
        #[cfg(feature = "remote")]
        self.give_back(key, flight);
        flight.publish(Verdict::Released);
    }

    /// The leader is gone: a waiter takes over, or the key is free again.
    fn abandon(&self, key: &Key, flight: &Arc<Flight>) {
        let heir = self.store.cell(key, |cell| {
            let heir = flight.offer();
            if heir.is_err() && cell.is_held_by(flight) {
                cell.revoke();
            }
            heir
        });
        #[cfg(feature = "remote")]
        if heir.is_err() {
            self.give_back(key, flight);
        }
        if let Ok(Some(waker)) = heir {
            wake(waker);
        }
    }
}

/// How a wait ended.
#[expect(clippy::large_enum_variant, reason = "moved once per wait")]
pub(super) enum Heard {
    Verdict(Verdict),
    /// The leader is gone; this caller leads now.
    Promoted(Lease),
    /// The wait bound has passed.
    TimedOut,
}

/// Waits for the verdict of another caller's flight, at most until its deadline.
pub(super) struct Waiting {
    engine: Arc<Engine>,
    key: Key,
    seat: Seat,
    wait: Option<Wait>,
    sleep: Sleep,
    deadline: Millis,
    heard: bool,
}

impl Waiting {
    pub(super) fn new(
        engine: &Arc<Engine>,
        key: &Key,
        seat: Seat,
        wait: Wait,
        deadline: Millis,
    ) -> Self {
        Self {
            engine: Arc::clone(engine),
            key: key.clone(),
            seat,
            wait: Some(wait),
            sleep: engine.clock.sleep_until(deadline),
            deadline,
            heard: false,
        }
    }

    fn promote(&mut self) -> Lease {
        self.engine.tell(EventKind::Promoted, None, &self.key);
        let flight = Arc::clone(&self.seat.flight);
        Lease::new(&self.engine, &self.key, flight, self.wait.take())
    }
}

impl Future for Waiting {
    type Output = (Heard, Millis);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let heard = match Pin::new(&mut self.seat).poll(cx) {
            Poll::Ready(Told::Verdict(verdict)) => Heard::Verdict(verdict),
            Poll::Ready(Told::Lead) => Heard::Promoted(self.promote()),
            Poll::Pending => match Pin::new(&mut self.sleep).poll(cx) {
                Poll::Ready(()) => return Poll::Ready((Heard::TimedOut, self.deadline)),
                Poll::Pending => return Poll::Pending,
            },
        };
        self.heard = true;
        Poll::Ready((heard, self.deadline))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.heard && self.seat.leave() {
            self.engine.abandon(&self.key, &self.seat.flight);
        }
    }
}
