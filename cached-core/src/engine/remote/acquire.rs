//! Claiming a cell for a flight of this process: by a lease where nothing is, by taking the place
//! of a cell that says nothing, by marking a value that is to be refreshed, or by waiting for
//! whoever holds it.

mod many;

use std::sync::Arc;
use std::time::Duration;

pub(super) use many::Taking;

use super::Remote;
use super::call::{Basis, Caller, Claimed};
use super::claim::{Claim, Hold};
use super::guard::{both, first, is_outage};
use super::landing::Landing;
use super::look::{Expected, Raw};
use super::name::StampId;
use super::pace::Pace;
use super::place::Place;
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::codec::{Body, Meta, Times};
use crate::engine::lease::Lease;
use crate::error::Error;
use crate::event::{Counter, count};
use crate::time::{Clock, Lifetime, Millis};

impl Remote {
    /// Claims the cell for a flight of this process.
    pub(super) async fn claim(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        basis: Option<Basis>,
        caller: Caller,
    ) -> Claimed {
        let Some(claim) = lease.claim() else {
            return Claimed::Compute;
        };
        if let Some(asked) = claim.anew() {
            self.release_later(place.name.to_string(), asked);
        }
        if !matches!(claim.hold(), Hold::Nothing) {
            // Inherited from a leader that is gone.
            return Claimed::Compute;
        }
        if let Some(Basis::Down) = basis {
            claim.set(Hold::Local);
            return Claimed::Compute;
        }
        match self.try_claim(lease, place, basis, caller).await {
            Ok(claimed) => claimed,
            Err(error) => {
                self.cannot_claim(place, claim, caller, &error);
                Claimed::Compute
            }
        }
    }

    fn cannot_claim(self: &Arc<Self>, place: &Place, claim: &Claim, caller: Caller, error: &Error) {
        count(caller.site.number(), Counter::Fault);
        // What refuses a claim may still be read.
        self.odds.forget(caller.site.number());
        self.go_without(place, claim, error);
    }

    /// Computes without the backend. What it was asked for it may have granted.
    fn go_without(self: &Arc<Self>, place: &Place, claim: &Claim, error: &Error) {
        let hold = if is_outage(error) {
            Hold::Local
        } else {
            Hold::Refused
        };
        if let Hold::Asked = claim.set(hold) {
            self.release_later(place.name.to_string(), claim.token());
        }
    }

    async fn try_claim(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        basis: Option<Basis>,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let basis = match basis {
            Some(basis) => basis,
            None => Basis::Absent(self.look(place).await?),
        };
        match basis {
            Basis::Unasked(stamps) => self.take_unseen(lease, place, stamps, caller).await,
            Basis::Down => Ok(Claimed::Again),
            Basis::Absent(raw) => self.take(lease, place, raw, None, caller).await,
            Basis::Garbage(raw) => {
                self.invalidate(vec![place.name.to_string()]).await?;
                self.take(lease, place, raw, None, caller).await
            }
            Basis::Replaceable(raw, token) => {
                self.take(lease, place, raw, Some(token), caller).await
            }
            Basis::Refreshed(raw) => self.mark(lease, place, raw).await,
            // A computation of this process that is over.
            Basis::Leased(raw, token, _) if self.released.contains(token) => {
                self.take(lease, place, raw, Some(token), caller).await
            }
            Basis::Leased(raw, token, _) if caller.site.policy.lock.is_none() => {
                if self.ended.has(token).await {
                    // The answer may be older than the end; if it is not, nobody fills this lease.
                    let now = self.look(place).await?;
                    if now.cell.as_ref().and_then(Cell::token) != Some(token) {
                        return Ok(Claimed::Found(now));
                    }
                }
                let captured = self.capture(place, &raw).await?;
                lease.hold(Hold::Witness(captured, token));
                Ok(Claimed::Compute)
            }
            Basis::Leased(_, token, expected) => {
                self.wait(lease, place, token, expected, caller).await
            }
        }
    }

    /// Puts the lease there: where nothing is, or in the place of the cell with the token `over`,
    /// which says nothing.
    async fn take(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        raw: Raw,
        over: Option<Token>,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let Some(claim) = lease.claim() else {
            return Ok(Claimed::Compute);
        };
        let cell = self.lease_cell(place, claim.token(), &raw, caller);
        let ttl = self.lease_of(caller);
        claim.set(Hold::Asked);
        let leases = vec![(place.name.to_string(), claim.token())];
        let (backend, name, token) = (
            Arc::clone(&self.backend),
            place.name.to_string(),
            claim.token(),
        );
        let putting = Landing::new(self, leases, async move {
            let Some(over) = over else {
                let acquired = backend.acquire(&name, &cell, Some(ttl)).await?;
                return Ok(match acquired {
                    Acquired::Granted => true,
                    // By a backend that asks once more itself.
                    Acquired::Found(found) => found.token() == Some(token),
                });
            };
            backend.fill(&name, over, &cell, Some(ttl)).await
        });
        // Beside the stamps: one round trip for both.
        let asking = self.ask(self.limits.operation, putting);
        let (held, captured) = both(asking, self.capture(place, &raw)).await;
        if !held? {
            claim.set(Hold::Nothing);
            return Ok(Claimed::Again);
        }
        lease.hold(Hold::Lease(captured?));
        self.keep(place, claim, ttl);
        Ok(Claimed::Compute)
    }

    /// Puts the lease there before anybody has looked; what is there instead is the answer.
    async fn take_unseen(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        stamps: Vec<(StampId, Token)>,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let Some(claim) = lease.claim() else {
            return Ok(Claimed::Compute);
        };
        let now = self.now().await?;
        let believed = Raw::unseen(stamps, now);
        let cell = self.lease_cell(place, claim.token(), &believed, caller);
        let ttl = self.lease_of(caller);
        let leases = vec![(place.name.to_string(), claim.token())];
        let (backend, name) = (Arc::clone(&self.backend), place.name.to_string());
        let acquiring = Landing::new(self, leases, async move {
            backend.acquire(&name, &cell, Some(ttl)).await
        });
        let stamps = place.stamps.iter().map(|(_, name)| name.as_str());
        let names: Vec<&str> = [place.name.as_str()].into_iter().chain(stamps).collect();
        claim.set(Hold::Asked);
        let asking = self.question(&names, acquiring);
        let (acquired, raw) = both(asking, self.look_beside(place, now)).await;
        let (acquired, raw) = (acquired?, raw?);
        match acquired {
            Acquired::Found(found) => {
                claim.set(Hold::Nothing);
                let mut raw = raw.with_cell(found, self, place);
                self.complete(&mut raw, place).await?;
                Ok(Claimed::Found(raw))
            }
            Acquired::Granted => {
                self.odds.learn(caller.site.number(), false);
                if !raw.agrees_with(&believed) {
                    // The lease says that it is outdated: it is put there again.
                    return self
                        .take(lease, place, raw, Some(claim.token()), caller)
                        .await;
                }
                lease.hold(Hold::Lease(self.capture(place, &raw).await?));
                self.keep(place, claim, ttl);
                Ok(Claimed::Compute)
            }
        }
    }

    /// Marks the value that is there with the claim's token.
    async fn mark(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        raw: Raw,
    ) -> Result<Claimed, Error> {
        let marked = lease
            .claim()
            .zip(raw.cell.as_ref())
            .and_then(|(claim, cell)| {
                let marked = self
                    .codec
                    .seal()
                    .with_token(cell, place.hash, claim.token())?;
                Some((cell.token()?, marked))
            });
        let Some((token, marked)) = marked else {
            return Ok(Claimed::Again);
        };
        let ttl = self.remaining(&marked, place, raw.now());
        let operation = self.backend.fill(&place.name, token, &marked, ttl);
        let marking = self.ask(self.limits.operation, operation);
        let (done, captured) = both(marking, self.capture(place, &raw)).await;
        if !done? {
            return Ok(Claimed::Again);
        }
        lease.hold(Hold::Value(captured?));
        Ok(Claimed::Compute)
    }

    /// A lease that says when it began, how long the computation is likely to take, and on which
    /// stamps it depends, as far as they are there.
    fn lease_cell(&self, place: &Place, token: Token, raw: &Raw, caller: Caller) -> Cell {
        let known = self.costs.of(caller.site.number());
        let cost = if known == 0 { raw.cost() } else { known };
        let stamps = raw.present();
        let meta = Meta {
            key_hash: place.hash,
            token,
            times: Times {
                created: raw.now(),
                soft: Millis::MAX,
                hard: Millis::MAX,
            },
            compute_us: cost,
            stamps: &stamps,
        };
        let seal = self.codec.seal();
        let bare = || {
            seal.write(
                &Meta {
                    stamps: &[],
                    ..meta
                },
                Body::Lease,
            )
        };
        match seal.write(&meta, Body::Lease).or_else(|_| bare()) {
            Ok(cell) => cell,
            Err(_) => unreachable!("without stamps and bytes it always fits"),
        }
    }

    fn lease_of(&self, caller: Caller) -> Duration {
        let default = Lifetime(self.limits.lease);
        let stated = caller.site.policy.lock.map(|ttl| ttl.or_zero(default));
        let millis = stated.filter(|ttl| !ttl.is_zero()).unwrap_or(default).0;
        Duration::from_millis(millis)
    }

    /// Renews the lease at a third of its time, up to the cap, for as long as the claim stands.
    fn keep(self: &Arc<Self>, place: &Place, claim: &Claim, ttl: Duration) {
        let (remote, name, token) = (Arc::clone(self), place.name.to_string(), claim.token());
        let until = Clock::System.now().saturating_add(self.limits.lock_cap);
        let task = self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(ttl / 3).await;
                if Clock::System.now() >= until {
                    return;
                }
                let operation = remote.backend.renew(&name, token, ttl);
                let renewed = remote.ask(remote.limits.operation, operation).await;
                if matches!(renewed, Ok(false)) {
                    return;
                }
            }
        });
        claim.renewed_by(task.abort_handle());
    }

    /// Waits until another process's lease is gone: told by the backend, or by asking it.
    async fn wait(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        token: Token,
        expected: Expected,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let clock = &lease.engine.clock;
        self.until_gone(clock, &place.name, token, expected, caller.waits_until)
            .await
    }

    pub(super) async fn until_gone(
        self: &Arc<Self>,
        clock: &Clock,
        name: &str,
        token: Token,
        expected: Expected,
        deadline: Millis,
    ) -> Result<Claimed, Error> {
        let ahead = expected.end.saturating_sub(expected.now);
        let pushes = self.backend.capabilities().pushes;
        let mut pace = Pace::new(clock.now().saturating_add(ahead), pushes);
        loop {
            let now = clock.now();
            if now >= deadline {
                return Ok(Claimed::TimedOut);
            }
            let next = pace.next(now, crate::tag::fresh_stamp()).min(deadline);
            let told = self.backend.changed(name, token);
            first(told, clock.sleep_until(next)).await;
            let cells = self.read(&[name]).await?;
            let cell = cells.first().and_then(Option::as_ref);
            if cell.and_then(Cell::token) != Some(token) {
                return Ok(Claimed::Again);
            }
        }
    }
}
