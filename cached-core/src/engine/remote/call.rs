//! One call of a cached function on a shared backend.
//!
//! The steps are those of [`Miss`]; what is different is that a look goes to the backend, that a
//! leader has to claim the cell, and that a fill is an answer to wait for. Sync and async callers
//! share all of it: a sync caller polls the same future on its own thread.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use super::Remote;
use super::claim::Claim;
use super::look::{Expected, Raw, Seen};
use super::name::StampId;
use super::place::Place;
use crate::cell::Token;
use crate::codec::{Kind, Opened, Unreadable};
use crate::engine::Engine;
use crate::engine::call::Missed;
use crate::engine::flight::Style;
use crate::engine::lease::Lease;
use crate::engine::miss::{Miss, Next, Step};
use crate::entry::{Parted, Shape};
use crate::error::Error;
use crate::event::{Counter, Outcome, count};
use crate::registry::Site;
use crate::time::{Lifetime, Millis, Ttl};

/// What a call knows of its cell when it leads.
#[derive(Debug)]
pub(crate) enum Basis {
    /// It was not asked: the claim itself is the question. With the stamps as they were last.
    Unasked(Vec<(StampId, Token)>),
    /// Nothing is there, as far as anybody knows.
    Absent(Raw),
    /// A cell that may be replaced.
    Replaceable(Raw, Token),
    /// Bytes that are no cell.
    Garbage(Raw),
    /// Another process computes.
    Leased(Raw, Token, Expected),
    /// A value that is to be computed anew, and stays until it is.
    Refreshed(Raw),
    /// The backend does not answer.
    Down,
}

/// What a claim and a fill need to know of their call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) site: &'static Site,
    pub(crate) ttl: Ttl,
    /// Until when it waits for others, over all its waits.
    pub(crate) waits_until: Millis,
}

/// What a leader's claim came to.
pub(super) enum Claimed {
    /// The body may run.
    Compute,
    /// The cell changed meanwhile: look again.
    Again,
    /// The claim was the question, and this the answer.
    Found(Raw),
    /// Another process computes for longer than this caller waits.
    TimedOut,
}

/// How often a call starts from the beginning because its cell changed under it.
const LOOKS: u8 = 4;

/// Runs a call that found nothing in this process.
pub(crate) async fn run<S, F, Fut>(
    missed: Missed<'_>,
    remote: Arc<Remote>,
    style: Style,
    shape: &S,
    body: F,
) -> (S::Return, Outcome)
where
    S: Shape + ?Sized,
    F: FnOnce() -> Fut,
    Fut: Future<Output = S::Return>,
{
    let place = missed.place(&remote).map(Arc::new);
    let mut miss = Miss::new(missed, style, shape.is_disguised());
    let (mut looks, mut pending) = (0, None);
    loop {
        let step = match pending.take() {
            Some(step) => step,
            None => match miss.next(shape) {
                Next::Break(found) => return found,
                Next::Continue(step) => step,
            },
        };
        let step = match (step, &place) {
            (Step::Ask, Some(place)) if looks < LOOKS => {
                looks += 1;
                match miss.ask(shape, &remote, place, looks == 1).await {
                    Next::Break(found) => return found,
                    Next::Continue(step) => step,
                }
            }
            (Step::Ask, _) => miss.alone(),
            (step, _) => step,
        };
        match (step, &place) {
            (Step::Wait(waiting), _) => {
                let heard = waiting.await;
                miss.hear(heard);
            }
            (Step::Lead(lease), Some(place)) => {
                let (basis, caller) = (miss.basis(), miss.caller());
                match remote.claim(&lease, place, basis, caller).await {
                    Claimed::Again => lease.reread(),
                    Claimed::Found(raw) => {
                        lease.reread();
                        match miss.answered(shape, &remote, place, Ok(raw)) {
                            Next::Break(found) => return found,
                            Next::Continue(step) => pending = Some(step),
                        }
                    }
                    Claimed::TimedOut => miss.give_up(),
                    Claimed::Compute => {
                        if lease.claim().is_some_and(Claim::is_news) {
                            miss.tell_lead();
                        }
                        return compute(lease, shape, place, caller, body).await;
                    }
                }
            }
            _ => {
                let frame = miss.lone_frame();
                return (frame.scope_with(body).await, Outcome::Uncached);
            }
        }
    }
}

/// Runs the body as the leader, and ends the flight.
async fn compute<S, F, Fut>(
    lease: Lease,
    shape: &S,
    place: &Arc<Place>,
    caller: Caller,
    body: F,
) -> (S::Return, Outcome)
where
    S: Shape + ?Sized,
    F: FnOnce() -> Fut,
    Fut: Future<Output = S::Return>,
{
    let began = Instant::now();
    let returned = lease.frame().scope_with(body).await;
    let payload = match shape.part(returned) {
        Parted::Failed(returned, shared) => {
            let outcome = lease.fail_shared(place, caller, shared);
            return (returned, outcome);
        }
        Parted::Value(payload) => payload,
    };
    let cost = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
    let settling = lease.settle_shared(shape, place, caller, &payload, cost);
    let outcome = settling.await;
    (shape.reopen(payload), outcome)
}

/// How old what is there may be, of a value and of the memory that there is none.
pub(super) fn by_kind((value, absent): (Lifetime, Lifetime)) -> impl Fn(Kind) -> Lifetime {
    move |kind| match kind {
        Kind::Absent => absent,
        Kind::Value | Kind::Lease => value,
    }
}

impl Missed<'_> {
    /// The backend to ask, where values of this shape are shared.
    pub(in crate::engine) fn remote_for<S: Shape + ?Sized>(
        &self,
        shape: &S,
    ) -> Option<Arc<Remote>> {
        let engine = self.engine.as_ref()?;
        engine.remote().filter(|_| shape.travels()).cloned()
    }

    pub(super) fn place(&self, remote: &Remote) -> Option<Place> {
        let key = self.call.key.key().ok()?;
        let place = remote.place(key, Some(self.call.site), &self.tags);
        let engine = self.engine.as_ref()?;
        Some(place.kept(engine.keep_of(self.call.site)))
    }
}

impl Raw {
    /// What is there for a call of this function; `ttl` is what the call says.
    pub(super) fn read_for<S: Shape + ?Sized>(
        &self,
        (site, ttl): (&Site, Ttl),
        engine: &Engine,
        remote: &Remote,
        shape: &S,
        unreadable: impl FnOnce(&Unreadable),
    ) -> Seen<S::Return> {
        let oldest = by_kind(engine.oldest(site, ttl));
        let schema = site.policy.schema;
        let read = |opened: &Opened<'_>| shape.decode(opened, &remote.codec, schema);
        self.judge(oldest, read, unreadable)
    }
}

impl Miss<'_> {
    fn judge<S: Shape + ?Sized>(&self, shape: &S, remote: &Remote, raw: &Raw) -> Seen<S::Return> {
        let Some(engine) = &self.engine else {
            return Seen::Absent;
        };
        let call = (self.site(), self.call.ttl);
        raw.read_for(call, engine, remote, shape, |_| {
            count(self.site().number(), Counter::Unreadable);
        })
    }

    /// Asks the backend: by a look, or, where that will find nothing, by a claim.
    async fn ask<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        remote: &Arc<Remote>,
        place: &Place,
        first: bool,
    ) -> Next<S::Return> {
        let stamps = self.stamps_of_a_miss(remote, place).filter(|_| first);
        if let Some(stamps) = stamps
            && let Some(step) = self.lead_unasked(shape, Basis::Unasked(stamps))
        {
            return Next::Continue(step);
        }
        let raw = remote.look(place).await;
        self.answered(shape, remote, place, raw)
    }

    /// The stamps to claim the cell with before anybody has looked at it; `None` if a look is the
    /// better question. It is where this process keeps what it reads: what a claim finds is not
    /// tracked, and hits in this process say nothing of the odds.
    fn stamps_of_a_miss(&self, remote: &Remote, place: &Place) -> Option<Vec<(StampId, Token)>> {
        let look = self.refreshes()
            || self.only_looks
            || place.keep.is_some()
            || remote.backend.capabilities().dear_writes
            || remote.odds.favour_a_hit(self.site().number())
            || remote.breaker.is_open();
        if look {
            None
        } else {
            remote.last_seen.of(place)
        }
    }

    /// What to do about the backend's answer.
    pub(super) fn answered<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        remote: &Remote,
        place: &Place,
        raw: Result<Raw, Error>,
    ) -> Next<S::Return> {
        let Ok(raw) = raw else {
            count(self.site().number(), Counter::Fault);
            return self.lead(shape, Basis::Down);
        };
        if self.only_looks {
            return self.looked(shape, remote, &raw);
        }
        let seen = self.judge(shape, remote, &raw);
        let hit = matches!(seen, Seen::Hit(_));
        remote.odds.learn(self.site().number(), hit);
        let basis = match seen {
            Seen::Hit(_) if self.refreshes() => Basis::Refreshed(raw),
            Seen::Hit(value) => return self.found(self.keep(shape, (place, &raw), value)),
            Seen::Absent => Basis::Absent(raw),
            Seen::Leased(token, expected) => Basis::Leased(raw, token, expected),
            Seen::Unusable(token) => Basis::Replaceable(raw, token),
            Seen::Garbage => Basis::Garbage(raw),
        };
        self.lead(shape, basis)
    }

    /// What to do about the answer within a mutator: what that is armed for is not taken.
    fn looked<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        remote: &Remote,
        raw: &Raw,
    ) -> Next<S::Return> {
        let stamps = raw.stamp_ids();
        match self.judge(shape, remote, raw) {
            Seen::Hit(value) if !self.is_armed_for(&stamps) => self.found(value),
            _ => self.go_alone(),
        }
    }
}
