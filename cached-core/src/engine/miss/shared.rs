//! What is different for a miss where the cells are in a shared backend: a look is a question, and
//! a leader goes by the answer.

use std::sync::Arc;

use super::{Decision, Left, Miss, Next, Step};
use crate::engine::Engine;
use crate::engine::context::Mode;
use crate::engine::cycle::Wait;
use crate::engine::flight::Flight;
use crate::engine::lease::Lease;
use crate::engine::remote::{Basis, Caller, Place, Raw, StampId, Start};
use crate::entry::Shape;
use crate::event::{Counter, EventKind, Outcome};
use crate::registry::{Notice, Site};
use crate::time::{Lifetime, Ttl};

impl Engine {
    /// How old the memory that there is none may be: it has a TTL of its own, and is the writer's
    /// matter where its reader states none.
    pub(in crate::engine) fn oldest_absence(&self, site: &Site) -> Lifetime {
        let absent = site.policy.ttl_none;
        absent.map_or(Lifetime::FOREVER, |ttl| ttl.or_zero(self.default_ttl))
    }

    /// How old what a call takes of a shared backend may be: a value, and the memory that there is
    /// none. `ttl` is what the call says.
    pub(in crate::engine) fn oldest(&self, site: &Site, ttl: Ttl) -> (Lifetime, Lifetime) {
        let ttl = self.overrides.ttl(site, ttl);
        (ttl.or_zero(self.default_ttl), self.oldest_absence(site))
    }

    /// The same for whoever only reads; `None` if a deployment turned the function off.
    pub(crate) fn readable(&self, site: &Site, ttl: Ttl) -> Option<(Lifetime, Lifetime)> {
        (!self.overrides.turn_off(site)).then(|| self.oldest(site, ttl))
    }
}

impl Miss<'_> {
    pub(in crate::engine) fn site(&self) -> &'static Site {
        self.call.site
    }

    /// Its time for waiting begins here, if it did not wait before.
    pub(in crate::engine) fn caller(&mut self) -> Caller {
        if let Some(engine) = &self.engine {
            self.deadline = Some(self.deadline(engine));
        }
        Caller {
            site: self.call.site,
            ttl: self.ttl(),
            waits_until: self.deadline.unwrap_or_default(),
        }
    }

    pub(in crate::engine) fn basis(&mut self) -> Option<Basis> {
        self.basis.take()
    }

    pub(super) fn is_shared<S: Shape + ?Sized>(&self, shape: &S) -> bool {
        let engine = self.engine.as_ref();
        engine.is_some_and(|engine| engine.shares(shape))
    }

    /// Whether this call is made within a mutator that leaves its key alone: it may take what is
    /// there, and no more.
    pub(super) fn may_look(&self) -> bool {
        let shared = self.engine.as_ref().is_some_and(|e| !e.is_local());
        let armed = self.frame.as_ref().and_then(|frame| {
            let normal = frame.mode == Mode::Normal;
            frame.armed.as_ref().filter(|_| normal)
        });
        let key = self.call.key.key().ok();
        shared
            && armed
                .zip(key)
                .is_some_and(|(armed, key)| !armed.covers(key))
    }

    /// Whether a mutator around the call is armed for one of these stamps.
    pub(in crate::engine) fn is_armed_for(&self, stamps: &[StampId]) -> bool {
        let armed = self.frame.as_ref().and_then(|frame| frame.armed.as_ref());
        armed.is_some_and(|armed| armed.covers_shared(stamps.iter().copied()))
    }

    /// Whether another function's entries could be taken for this one's in another process.
    pub(super) fn has_namesake(&self) -> bool {
        let site = self.call.site;
        let shared = self
            .engine
            .as_ref()
            .is_some_and(|engine| !engine.is_local());
        let found = shared && !site.policy.in_process && site.has_namesake();
        if found {
            site.notice(Notice::Namesake, || NAMESAKE.to_owned());
        }
        found
    }

    /// Joins the flight under way in this process, or asks the backend. One that refreshes a value
    /// is not joined: the value may still be served. Nor is one that began while the backend did
    /// not answer: it may be back, with invalidations by others that such a flight knows nothing of.
    /// Nor one that is a question itself: what it asks for may be there.
    pub(super) fn join_or_ask<S: Shape + ?Sized>(&self, shape: &S) -> Next<S::Return> {
        let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) else {
            return self.go_alone();
        };
        if self.refreshes() || self.only_looks {
            return Next::Continue(Step::Ask);
        }
        let joined = engine.store.cell(key, |cell| {
            let computes = |flight: &Arc<Flight>| {
                !flight.refreshes_a_value() && !flight.is_local() && !flight.is_a_question()
            };
            let joinable = cell.lease().is_some_and(computes);
            joinable.then(|| self.join(cell, shape)).flatten()
        });
        match joined {
            Some(Decision::Join(seat, wait)) => self.wait_for(engine, key, seat, wait),
            Some(_) => self.go_alone(),
            None => Next::Continue(Step::Ask),
        }
    }

    /// Leads a flight on what the backend said, or joins the one that another caller began since.
    pub(in crate::engine) fn lead<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        basis: Basis,
    ) -> Next<S::Return> {
        let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) else {
            return self.go_alone();
        };
        if self.only_looks {
            return self.go_alone();
        }
        let stamps = engine
            .tags
            .capture(Some(self.call.site.number()), &self.tags);
        let start = match basis {
            Basis::Refreshed(_) => Start::Refreshes,
            _ => Start::Looked,
        };
        let down = matches!(basis, Basis::Down);
        let flight = Flight::claiming(self.style, shape.value_type(), stamps, start);
        let flight = Arc::new(flight);
        let mut detached = None;
        let decision = engine.store.cell(key, |cell| {
            let unfenced = cell.lease().is_some_and(|flight| flight.is_local());
            if !self.refreshes()
                && (down || !unfenced)
                && let Some(joining) = self.join(cell, shape)
            {
                return joining;
            }
            detached = cell.revoke();
            cell.grant(Arc::clone(&flight));
            Decision::Lead
        });
        if let Some(flight) = detached {
            flight.overtake();
        }
        self.basis = Some(basis);
        let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) else {
            return self.go_alone();
        };
        self.carry_out(decision, shape, engine, key, flight)
    }

    /// Leads a flight whose claim is the question, unless one is under way.
    pub(in crate::engine) fn lead_unasked<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        basis: Basis,
    ) -> Option<Step> {
        let engine = self.engine.as_ref()?;
        let key = self.call.key.key().ok()?;
        let site = self.call.site.number();
        let stamps = engine.tags.capture(Some(site), &self.tags);
        let flight = Flight::claiming(self.style, shape.value_type(), stamps, Start::Unasked);
        let flight = Arc::new(flight);
        let free = engine.store.cell(key, |cell| {
            let free = cell.lease().is_none();
            if free {
                cell.grant(Arc::clone(&flight));
            }
            free
        });
        if !free {
            return None;
        }
        let wait = Wait::begin(self.parent(), flight.id);
        let lease = Lease::new(engine, key, flight, wait);
        self.basis = Some(basis);
        Some(Step::Lead(lease))
    }

    /// Tells that it computes, where its claim was the question: only now is this a miss.
    pub(in crate::engine) fn tell_lead(&self) {
        if let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) {
            self.leads(engine, key);
        }
    }

    /// Keeps the value that the backend had in this process, where that is wanted.
    pub(in crate::engine) fn keep<S: Shape + ?Sized>(
        &self,
        shape: &S,
        at: (&Place, &Raw),
        value: S::Return,
    ) -> S::Return {
        match (&self.engine, self.call.key.key()) {
            (Some(engine), Ok(key)) => engine.keep(key, shape, at, value),
            _ => value,
        }
    }

    /// The value that the backend had.
    pub(in crate::engine) fn found<R>(&self, value: R) -> Next<R> {
        self.count_once(Counter::Hit);
        if let (Some(engine), Ok(key)) = (&self.engine, self.call.key.key()) {
            engine.tell(EventKind::Hit, Some(self.call.site), key);
        }
        Next::Break((value, Outcome::Hit))
    }

    /// Computes alone from here on.
    pub(in crate::engine) fn give_up(&mut self) {
        self.left = Left::Alone;
    }

    pub(in crate::engine) fn alone(&mut self) -> Step {
        match self.go_alone::<()>() {
            Next::Continue(step) => step,
            Next::Break(_) => Step::Alone,
        }
    }
}

const NAMESAKE: &str = "another function has the same name in the same place of the program, so their \
     keys would be told apart by their order alone, which another release may change; on a shared \
     backend it runs uncached until it has a `key`";
