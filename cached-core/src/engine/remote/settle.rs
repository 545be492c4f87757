//! How a computation on a shared backend ends: its fill, and what its joiners are told.

mod many;
mod seal;

use std::sync::Arc;

pub(super) use many::Settling;
use seal::encode;
pub(super) use seal::{Sealing, stamps_of, times_from, ttl_of};

use super::Remote;
use super::call::Caller;
use super::claim::{Captured, Claim, Hold};
use super::place::Place;
use super::release::Filling;
use crate::cell::{Cell, Token};
use crate::codec::Encoded;
use crate::engine::flight::Verdict;
use crate::engine::lease::Lease;
use crate::entry::{Payload, Shape, Stored};
use crate::event::{Counter, EventKind, Outcome, count};
use crate::registry::Site;
use crate::time::{Lifetime, Ttl};

impl Lease {
    pub(super) fn claim(&self) -> Option<&Claim> {
        self.flight.claim.as_ref()
    }

    pub(super) fn hold(&self, hold: Hold) {
        if let Some(claim) = self.claim() {
            claim.set(hold);
        }
    }

    /// Takes the flight out of the table, so that nobody joins it any more. Whether it still was
    /// the one in force, and whether anybody waits for it.
    fn close(&mut self) -> (bool, bool) {
        let flight = &self.flight;
        let standing = self.engine.store.cell(&self.key, |cell| {
            let held = cell.is_held_by(flight);
            if held {
                cell.revoke();
            }
            held && flight.stamps.are_current()
        });
        self.closed = true;
        (standing, self.flight.has_waiters())
    }

    /// The cell changed before the body ran: everybody asks again.
    pub(super) fn reread(mut self) {
        self.close();
    }

    /// Stores what the computation returned, if its lease still stands, and tells the joiners.
    /// Dropping this tells the joiners to start over.
    pub(super) async fn settle_shared<S: Shape + ?Sized>(
        mut self,
        shape: &S,
        place: &Arc<Place>,
        caller: Caller,
        payload: &Payload,
        cost: u32,
    ) -> Outcome {
        let Some(mut closing) = self.closing(shape, caller, payload, cost) else {
            return Outcome::NotStored;
        };
        let end = closing.end(place).await;
        // Before anybody is told, who may call the function.
        closing.filling = None;
        self.conclude_shared(&closing, &end, payload)
    }

    /// Takes the flight out of the table; what is left to do in the backend. `cost` is how long the
    /// computation took, in microseconds. `None` if it is none of a shared backend.
    fn closing<S: Shape + ?Sized>(
        &mut self,
        shape: &S,
        caller: Caller,
        payload: &Payload,
        cost: u32,
    ) -> Option<Closing> {
        let remote = self.engine.remote().cloned()?;
        let claim = self.claim()?;
        let (token, hold) = (claim.token(), claim.hold());
        let site = caller.site;
        let lifetime = self.lifetime_of(site, caller.ttl, payload);
        let encoded = if lifetime.is_zero() {
            None
        } else {
            encode(shape, &remote, site, payload)
        };
        let filling = match hold {
            Hold::Lease(_) => remote.ended.note(token),
            _ => None,
        };
        // From here on nobody joins: whoever comes later asks the backend.
        let (standing, waiters) = self.close();
        let value = encoded.map(|encoded| Value {
            lifetime,
            cost,
            encoded,
        });
        Some(Closing {
            remote,
            site,
            token,
            hold,
            standing,
            waiters,
            cost,
            value,
            filling,
        })
    }

    /// Counts and tells how it ended, and gives the joiners what they may have.
    fn conclude_shared(&mut self, closing: &Closing, end: &End, payload: &Payload) -> Outcome {
        let (site, cost) = (closing.site, closing.cost);
        if let End::Stored(_) = end {
            closing.remote.costs.learn(site.number(), cost);
        }
        self.tell_end(site, end);
        self.publish_end(end, Verdict::Value(payload.clone()));
        end.outcome()
    }

    fn lifetime_of(&self, site: &'static Site, ttl: Ttl, payload: &Payload) -> Lifetime {
        match payload {
            Payload::Value(_) => self.lifetime(site, ttl),
            Payload::Absent => {
                let stated = site.policy.ttl_none.map(|ttl| self.lifetime(site, ttl));
                stated.unwrap_or(Lifetime(0))
            }
        }
    }

    /// Ends a failed computation: nothing is stored, whoever waits is told.
    pub(super) fn fail_shared(
        mut self,
        place: &Arc<Place>,
        caller: Caller,
        shared: Option<Stored>,
    ) -> Outcome {
        let (standing, waiters) = self.close();
        let end = if standing {
            End::NotStored
        } else {
            End::Refused
        };
        self.tell_end(caller.site, &end);
        let outcome = end.outcome();
        match shared {
            Some(failure) if standing && waiters => self.share_failure(place, failure),
            Some(failure) => self.publish_end(&end, Verdict::Failed(failure)),
            None => self.publish_end(&end, Verdict::Released),
        }
        outcome
    }

    /// Gives a failure to the joiners, if no invalidation came in between. In the background: what
    /// the leader returns may be nothing that a future can hold while it waits.
    fn share_failure(mut self, place: &Arc<Place>, failure: Stored) {
        let Some(remote) = self.engine.remote().cloned() else {
            return;
        };
        let place = Arc::clone(place);
        let runtime = remote.runtime.clone();
        runtime.spawn(async move {
            let Some((token, hold)) = self.claim().map(|claim| (claim.token(), claim.hold()))
            else {
                return;
            };
            let ending = Ending {
                remote: &remote,
                place: &place,
                waiters: true,
            };
            let end = ending.keep_none(token, &hold).await;
            self.publish_end(&end, Verdict::Failed(failure));
        });
    }

    /// Counts and tells how it ended.
    fn tell_end(&self, site: &'static Site, end: &End) {
        let number = site.number();
        let kind = match end {
            End::Stored(_) => {
                count(number, Counter::Stored);
                EventKind::Stored
            }
            End::Refused => {
                count(number, Counter::Refused);
                EventKind::Refused
            }
            End::NotStored | End::Unknown => EventKind::NotStored,
        };
        self.engine.tell(kind, Some(site), &self.key);
    }

    /// Gives the lease back and tells the joiners: the verdict, if they may have it.
    fn publish_end(&mut self, end: &End, verdict: Verdict) {
        if let (End::Stored(_), Some(claim)) = (end, self.claim()) {
            // Used up by the fill.
            claim.end();
        }
        self.engine.give_back(&self.key, &self.flight);
        self.settled = true;
        match end {
            End::Stored(true) | End::NotStored => self.flight.publish(verdict),
            End::Refused => self.flight.publish_apart(verdict, Verdict::StartOver),
            End::Stored(false) | End::Unknown => {
                self.flight.publish_apart(verdict, Verdict::Reread);
            }
        }
    }
}

/// How a computation ended.
enum End {
    /// The value is there; whether joiners may take it.
    Stored(bool),
    /// Nothing was to be stored, and no invalidation came in between.
    NotStored,
    /// An invalidation overtook the computation.
    Refused,
    /// Nobody knows whether the fill arrived, or what came in between.
    Unknown,
}

impl End {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Stored(_) => Outcome::Stored,
            Self::Refused => Outcome::Refused,
            Self::NotStored | Self::Unknown => Outcome::NotStored,
        }
    }
}

/// What is needed to end a computation.
struct Ending<'e> {
    remote: &'e Arc<Remote>,
    place: &'e Arc<Place>,
    waiters: bool,
}

/// A computation whose flight nobody joins any more: what was known of it when it left the table,
/// and what is to become of its value. One of a batch waits here for the others.
struct Closing {
    remote: Arc<Remote>,
    site: &'static Site,
    token: Token,
    hold: Hold,
    /// Whether no invalidation of this process came in between.
    standing: bool,
    waiters: bool,
    /// In microseconds.
    cost: u32,
    /// What is to be stored, if anything.
    value: Option<Value>,
    /// Whoever finds the lease meanwhile waits for it.
    filling: Option<Filling>,
}

impl Closing {
    async fn end(&self, place: &Arc<Place>) -> End {
        let ending = Ending {
            remote: &self.remote,
            place,
            waiters: self.waiters,
        };
        match (self.standing, &self.value) {
            (false, _) => End::Refused,
            (true, Some(value)) => ending.fill(self.token, &self.hold, value).await,
            (true, None) => {
                let end = ending.keep_none(self.token, &self.hold).await;
                ending.remove_refreshed(self.token, &self.hold).await;
                end
            }
        }
    }
}

/// An encoded value with all that its envelope says but the time.
struct Value {
    lifetime: Lifetime,
    /// In microseconds.
    cost: u32,
    encoded: Option<Encoded>,
}

impl Ending<'_> {
    async fn fill(&self, token: Token, hold: &Hold, value: &Value) -> End {
        match hold {
            Hold::Lease(captured) | Hold::Value(captured) => {
                self.conditionally(token, captured, value).await
            }
            _ => self.keep_none(token, hold).await,
        }
    }

    async fn conditionally(&self, token: Token, captured: &Captured, value: &Value) -> End {
        let (remote, place) = (self.remote, self.place);
        let Ok(now) = remote.now().await else {
            return End::Unknown;
        };
        let Ok(cell) = remote.seal_at(now, place, captured, value) else {
            return self
                .keep_none(token, &Hold::Lease(Arc::clone(captured)))
                .await;
        };
        let ttl = ttl_of(value.lifetime);
        let _told = remote.telling([place.name.as_str()]);
        let operation = remote.backend.fill(&place.name, token, &cell, ttl);
        let filling = remote.ask(remote.limits.operation, operation);
        let (filled, current) = if self.waiters {
            remote.beside(filling, place, captured).await
        } else {
            (filling.await, true)
        };
        match filled {
            Ok(true) => End::Stored(current),
            Ok(false) => End::Refused,
            Err(_) => End::Unknown,
        }
    }

    /// Nothing is stored. What was computed may still be shared, if nothing came in between.
    async fn keep_none(&self, token: Token, hold: &Hold) -> End {
        if !self.waiters {
            return End::NotStored;
        }
        let (expected, captured) = match hold {
            Hold::Lease(captured) | Hold::Value(captured) => (token, captured),
            Hold::Witness(captured, theirs) => (*theirs, captured),
            Hold::Refused => return End::Unknown,
            Hold::Nothing | Hold::Asked | Hold::Local => return self.keep_local().await,
        };
        let names = [self.place.name.as_str()];
        let reading = self.remote.read(&names);
        let (cells, current) = self.remote.beside(reading, self.place, captured).await;
        let stands = cells.is_ok_and(|cells| {
            let cell = cells.first().and_then(Option::as_ref);
            cell.and_then(Cell::token) == Some(expected)
        });
        if stands && current {
            End::NotStored
        } else {
            End::Unknown
        }
    }

    /// A refresh that came to nothing that is kept: the value before is known to be outdated.
    async fn remove_refreshed(&self, token: Token, hold: &Hold) {
        if let Hold::Value(_) = hold {
            let remote = self.remote;
            let _told = remote.telling([self.place.name.as_str()]);
            let operation = remote.backend.release(&self.place.name, token);
            // If it fails, the value leaves by its TTL, as after a refresh that failed.
            let _ = remote.ask(remote.limits.operation, operation).await;
        }
    }

    /// Nobody knows what came in between. While the backend is down nobody can.
    async fn keep_local(&self) -> End {
        let names = [self.place.name.as_str()];
        let limit = self.remote.limits.operation;
        let reading = self.remote.within(limit, self.remote.backend.read(&names));
        match reading.await {
            Ok(_) => End::Unknown,
            Err(_) => End::NotStored,
        }
    }
}
