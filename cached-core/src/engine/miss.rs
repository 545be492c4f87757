//! A call that found nothing: whether it leads, joins or computes alone.
//!
//! [`Miss::decide`] is one step under the cell's lock: look again, join the flight under way, or
//! lead a new one. Everything else here carries that decision out.

#[cfg(feature = "remote")]
mod shared;

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Engine;
use super::call::{Call, Missed, open};
use super::context::{self, Frame, Mode};
use super::cycle::Wait;
use super::flight::{Arrival, Flight, Seat, Style, Verdict};
use super::lease::{Filling, Heard, Lease, Waiting};
#[cfg(feature = "remote")]
use super::remote::Basis;
use crate::backend::memory::Cell;
use crate::entry::{Shape, Taken};
use crate::event::{Counter, EventKind, Outcome, count};
use crate::key::{Key, KeyError};
use crate::registry::Notice;
use crate::time::{Lifetime, Millis, Ttl};

/// What a caller without a hit does next. Not the value itself: a step is held across awaits, and
/// the future must be `Send` even where the value is not.
pub(super) enum Step {
    /// Compute without joining, leading or storing.
    Alone,
    Lead(Lease),
    Wait(Waiting),
    /// Ask the shared backend.
    #[cfg(feature = "remote")]
    Ask,
}

/// The value, or what to do about it.
pub(super) type Next<R> = ControlFlow<(R, Outcome), Step>;

/// How often a caller starts over before it computes alone.
const RESTARTS: u8 = 2;

/// Where a call without a hit stands.
pub(super) struct Miss<'c> {
    pub(super) call: Call<'c>,
    tags: Vec<Box<str>>,
    style: Style,
    frame: Option<Arc<Frame>>,
    pub(super) engine: Option<Arc<Engine>>,
    /// Until when it waits for others, over all its waits.
    deadline: Option<Millis>,
    restarts: u8,
    /// Whether it was counted: as a miss, or as the hit that a second look found.
    counted: std::cell::Cell<bool>,
    left: Left,
    /// When the call began.
    arrival: Arrival,
    /// What the backend said when this call began to lead.
    #[cfg(feature = "remote")]
    basis: Option<Basis>,
    /// Whether it takes what the shared backend has and does no more: a call within a mutator.
    pub(super) only_looks: bool,
}

/// What the last wait left to do.
#[expect(clippy::large_enum_variant, reason = "moved once per miss")]
enum Left {
    Look,
    Lead(Lease),
    Take(Verdict),
    Alone,
}

/// What the look under the lock came to.
enum Decision<R> {
    Found(Taken<R>),
    Alone,
    Lead,
    Join(Seat, Wait),
}

impl<'c> Miss<'c> {
    pub(super) fn new(missed: Missed<'c>, style: Style, disguised: bool) -> Self {
        let Missed { call, engine, tags } = missed;
        let mut miss = Self {
            left: Left::Look,
            arrival: Arrival::now(),
            #[cfg(feature = "remote")]
            basis: None,
            only_looks: false,
            deadline: None,
            restarts: 0,
            counted: std::cell::Cell::new(false),
            frame: context::current(),
            engine,
            style,
            call,
            tags,
        };
        #[cfg(feature = "remote")]
        if miss.is_armed() {
            miss.only_looks = miss.may_look();
        }
        if !miss.may_share(disguised) {
            miss.left = Left::Alone;
        }
        miss
    }

    /// Whether a mutator around the call still runs.
    fn is_armed(&self) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.is_armed())
    }

    /// Whether this call may look, join, lead or store at all.
    fn may_share(&self, disguised: bool) -> bool {
        let site = self.call.site;
        if let Err(error) = self.call.key.key() {
            site.notice(Notice::BadKey, || format!("{error}; it runs uncached"));
        }
        if !self.call.served {
            site.notice(Notice::SelfType, || {
                let error = KeyError::of_several_types();
                format!("{error}; calls on all but the first type run uncached")
            });
        }
        if disguised {
            site.notice(Notice::Disguised, || DISGUISED.to_owned());
        }
        #[cfg(feature = "remote")]
        if self.has_namesake() {
            return false;
        }
        let frame = self.frame.as_ref();
        let bypass = frame.is_some_and(|frame| frame.mode == Mode::Bypass);
        let scoped = bypass || (self.is_armed() && !self.only_looks);
        let usable = self.call.served && !disguised;
        let on = self.engine.as_ref().filter(|_| self.call.key.key().is_ok());
        let on = on.is_some_and(|engine| !engine.overrides.turn_off(site));
        usable && !scoped && on
    }

    pub(super) fn filling(&self) -> Filling {
        Filling {
            site: self.call.site,
            ttl: self.ttl(),
        }
    }

    fn ttl(&self) -> Ttl {
        let engine = self.engine.as_ref();
        engine.map_or(self.call.ttl, |engine| self.call.ttl_in(engine))
    }

    pub(super) fn next<S: Shape + ?Sized>(&mut self, shape: &S) -> Next<S::Return> {
        match std::mem::replace(&mut self.left, Left::Look) {
            Left::Alone => self.go_alone(),
            Left::Lead(lease) => Next::Continue(Step::Lead(lease)),
            Left::Take(verdict) => self.take(shape, &verdict),
            #[cfg(feature = "remote")]
            Left::Look if self.is_shared(shape) => self.join_or_ask(shape),
            Left::Look if self.only_looks => self.go_alone(),
            Left::Look => match (&self.engine, self.call.key.key()) {
                (Some(engine), Ok(key)) => self.decide(shape, engine, key),
                _ => self.go_alone(),
            },
        }
    }

    fn count_once(&self, counter: Counter) {
        if !self.counted.replace(true) {
            count(self.call.site.number(), counter);
        }
    }

    pub(super) fn go_alone<R>(&self) -> Next<R> {
        self.count_once(Counter::Miss);
        count(self.call.site.number(), Counter::Uncached);
        if let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) {
            engine.tell(EventKind::Uncached, Some(self.call.site), key);
        }
        Next::Continue(Step::Alone)
    }

    /// The frame of a computation that is not shared: what surrounds the call, except that a
    /// `refresh` scope does not reach into computations.
    pub(super) fn lone_frame(&self) -> Arc<Frame> {
        match &self.frame {
            Some(frame) if frame.mode != Mode::Refresh => Arc::clone(frame),
            _ => Frame::derive(|frame| frame.mode = Mode::Normal),
        }
    }

    /// Looks again, joins or leads, in one step under the cell's lock.
    fn decide<S: Shape + ?Sized>(
        &self,
        shape: &S,
        engine: &Arc<Engine>,
        key: &Key,
    ) -> Next<S::Return> {
        let stamps = engine
            .tags
            .capture(Some(self.call.site.number()), &self.tags);
        let flight = Arc::new(Flight::new(self.style, shape.value_type(), stamps));
        let lifetime = self.call.lifetime_in(engine);
        let now = engine.clock.now();
        let mut detached = None;
        let decision = engine.store.cell(key, |cell| {
            if !self.refreshes() {
                if let Some(taken) = engine.fresh(cell, shape, now, lifetime) {
                    return Decision::Found(taken);
                }
                if let Some(joining) = self.join(cell, shape) {
                    return joining;
                }
            }
            detached = cell.revoke();
            cell.grant(Arc::clone(&flight));
            Decision::Lead
        });
        if let Some(flight) = detached {
            flight.overtake();
        }
        self.carry_out(decision, shape, engine, key, flight)
    }

    /// What to do about the flight under way; `None` if there is none that still counts.
    fn join<S: Shape + ?Sized>(
        &self,
        cell: &Cell<'_, Flight>,
        shape: &S,
    ) -> Option<Decision<S::Return>> {
        let flight = cell.lease().filter(|flight| flight.stamps.are_current())?;
        if flight.value_type != shape.value_type() || !flight.admits(self.style) {
            return Some(Decision::Alone);
        }
        Some(match Wait::begin(self.parent(), flight.id) {
            Some(wait) => Decision::Join(flight.join(self.style, self.arrival), wait),
            None => Decision::Alone,
        })
    }

    fn carry_out<S: Shape + ?Sized>(
        &self,
        decision: Decision<S::Return>,
        shape: &S,
        engine: &Arc<Engine>,
        key: &Key,
        flight: Arc<Flight>,
    ) -> Next<S::Return> {
        let site = Some(self.call.site);
        match decision {
            Decision::Alone => self.go_alone(),
            Decision::Found(taken) => match open(shape, taken) {
                Some(value) => {
                    self.count_once(Counter::Hit);
                    engine.tell(EventKind::Hit, site, key);
                    Next::Break((value, Outcome::Hit))
                }
                None => self.go_alone(),
            },
            Decision::Lead => {
                self.leads(engine, key);
                let wait = Wait::begin(self.parent(), flight.id);
                Next::Continue(Step::Lead(Lease::new(engine, key, flight, wait)))
            }
            Decision::Join(seat, wait) => self.wait_for(engine, key, seat, wait),
        }
    }

    fn leads(&self, engine: &Engine, key: &Key) {
        self.count_once(Counter::Miss);
        engine.tell(EventKind::Led, Some(self.call.site), key);
    }

    fn wait_for<R>(&self, engine: &Arc<Engine>, key: &Key, seat: Seat, wait: Wait) -> Next<R> {
        self.count_once(Counter::Miss);
        let deadline = self.deadline(engine);
        engine.tell(EventKind::Joined, Some(self.call.site), key);
        Next::Continue(Step::Wait(Waiting::new(engine, key, seat, wait, deadline)))
    }

    /// The flight whose computation this call is part of.
    fn parent(&self) -> Option<u64> {
        self.frame.as_ref()?.flight
    }

    pub(super) fn refreshes(&self) -> bool {
        let frame = self.frame.as_ref();
        frame.is_some_and(|frame| frame.mode == Mode::Refresh) && self.restarts == 0
    }

    fn deadline(&self, engine: &Engine) -> Millis {
        let wait = Lifetime(self.call.site.policy.wait_ms);
        self.deadline
            .unwrap_or_else(|| wait.deadline(engine.clock.now()))
    }

    /// Takes note of how a wait ended.
    pub(super) fn hear(&mut self, (heard, deadline): (Heard, Millis)) {
        self.deadline = Some(deadline);
        self.left = match heard {
            Heard::TimedOut | Heard::Verdict(Verdict::Released) => Left::Alone,
            Heard::Promoted(lease) => Left::Lead(lease),
            #[cfg(feature = "remote")]
            Heard::Verdict(Verdict::Reread) => Left::Look,
            Heard::Verdict(Verdict::StartOver) => {
                self.restarts += 1;
                if self.restarts > RESTARTS {
                    Left::Alone
                } else {
                    Left::Look
                }
            }
            Heard::Verdict(verdict) => Left::Take(verdict),
        };
    }

    /// Takes what the leader published.
    fn take<S: Shape + ?Sized>(&self, shape: &S, verdict: &Verdict) -> Next<S::Return> {
        let value = match verdict {
            Verdict::Value(payload) => shape.open(payload),
            Verdict::Failed(failure) => shape.open_failure(&**failure),
            Verdict::StartOver | Verdict::Released => None,
            #[cfg(feature = "remote")]
            Verdict::Reread => None,
        };
        match value {
            Some(value) => {
                count(self.call.site.number(), Counter::Joined);
                Next::Break((value, Outcome::Joined))
            }
            // Another function shares the key but not the error type.
            None => self.go_alone(),
        }
    }
}

const DISGUISED: &str = "its return type is a `Result` or `Option` hidden behind a type parameter, so \
     failures could not be told from values; write the `Result` or `Option` out in the signature; \
     it runs uncached";
