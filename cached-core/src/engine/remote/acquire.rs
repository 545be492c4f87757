//! Claiming a cell for a flight of this process: by a lease where nothing is, by taking the place
//! of a cell that says nothing, by marking a value that is to be refreshed, or by waiting for
//! whoever holds it.

use std::sync::Arc;
use std::time::Duration;

use super::Remote;
use super::call::{Basis, Caller, Claimed};
use super::claim::{Claim, Hold};
use super::guard::{First, both, first};
use super::look::{Expected, Place, Raw};
use crate::backend::port::Acquired;
use crate::cell::{Cell, Token};
use crate::codec::{Body, Meta, Times};
use crate::engine::lease::Lease;
use crate::error::{Error, ErrorKind};
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
        if !matches!(claim.hold(), Hold::Nothing) {
            // Inherited from a leader that is gone.
            return Claimed::Compute;
        }
        match self.try_claim(lease, place, basis, caller).await {
            Ok(claimed) => claimed,
            Err(_) => {
                count(caller.site.number(), Counter::Fault);
                claim.set(Hold::Local);
                Claimed::Compute
            }
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
            Basis::Down => Err(Error::new(ErrorKind::Unavailable, "")),
            Basis::Absent(raw) => self.acquire(lease, place, raw, caller).await,
            Basis::Garbage(raw) => {
                self.invalidate(vec![place.name.clone()]).await?;
                self.acquire(lease, place, raw, caller).await
            }
            Basis::Replaceable(raw, token) => self.take_over(lease, place, raw, token).await,
            Basis::Refreshed(raw) => self.mark(lease, place, raw).await,
            Basis::Leased(raw, token, expected) => {
                if caller.site.policy.lock.is_none() {
                    let captured = self.capture(place, &raw).await?;
                    lease.hold(Hold::Witness(captured, token));
                    return Ok(Claimed::Compute);
                }
                self.wait(lease, place, token, expected, caller).await
            }
        }
    }

    async fn acquire(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        raw: Raw,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let Some(claim) = lease.claim() else {
            return Ok(Claimed::Compute);
        };
        let cell = self.lease_cell(place, claim.token, &raw);
        let ttl = self.lease_of(caller);
        let operation = self.backend.acquire(&place.name, &cell, Some(ttl));
        // Beside the stamps: one round trip for both.
        let acquiring = self.ask(self.limits.operation, operation);
        let (acquired, captured) = both(acquiring, self.capture(place, &raw)).await;
        match acquired? {
            // The reply to an earlier request of this flight was lost with its leader.
            Acquired::Found(found) if found.token() != Some(claim.token) => Ok(Claimed::Again),
            _ => {
                lease.hold(Hold::Lease(captured?));
                self.keep(place, claim, ttl);
                Ok(Claimed::Compute)
            }
        }
    }

    /// Puts the lease in the place of a cell that says nothing.
    async fn take_over(
        self: &Arc<Self>,
        lease: &Lease,
        place: &Place,
        raw: Raw,
        token: Token,
    ) -> Result<Claimed, Error> {
        let Some(claim) = lease.claim() else {
            return Ok(Claimed::Compute);
        };
        let cell = self.lease_cell(place, claim.token, &raw);
        let ttl = Duration::from_millis(self.limits.lease);
        let operation = self.backend.fill(&place.name, token, &cell, Some(ttl));
        let replacing = self.ask(self.limits.operation, operation);
        let (replaced, captured) = both(replacing, self.capture(place, &raw)).await;
        if !replaced? {
            return Ok(Claimed::Again);
        }
        lease.hold(Hold::Lease(captured?));
        self.keep(place, claim, ttl);
        Ok(Claimed::Compute)
    }

    /// Marks the value that is there with the claim's token.
    async fn mark(&self, lease: &Lease, place: &Place, raw: Raw) -> Result<Claimed, Error> {
        let marked = lease
            .claim()
            .zip(raw.cell.as_ref())
            .and_then(|(claim, cell)| {
                let marked = self.codec.seal().with_token(cell, claim.token)?;
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

    fn lease_cell(&self, place: &Place, token: Token, raw: &Raw) -> Cell {
        let meta = Meta {
            key_hash: place.hash,
            token,
            times: Times {
                created: raw.now(),
                soft: Millis::MAX,
                hard: Millis::MAX,
            },
            compute_us: 0,
            stamps: &[],
        };
        match self.codec.seal().write(&meta, Body::Lease) {
            Ok(cell) => cell,
            Err(_) => unreachable!("a lease carries no stamps and no bytes, so it always fits"),
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
        let (remote, name, token) = (Arc::clone(self), place.name.clone(), claim.token);
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

    /// Waits until another process's lease is gone: told by the backend, or by asking it, first
    /// when that computation is likely to end and then at growing intervals.
    async fn wait(
        &self,
        lease: &Lease,
        place: &Place,
        token: Token,
        expected: Expected,
        caller: Caller,
    ) -> Result<Claimed, Error> {
        let clock = &lease.engine.clock;
        let deadline = caller.deadline(&lease.engine);
        let ahead = expected.end.saturating_sub(expected.now).min(1_000);
        let mut pause = ahead.max(5);
        loop {
            let now = clock.now();
            if now >= deadline {
                return Ok(Claimed::TimedOut);
            }
            let jitter = crate::tag::fresh_stamp() % (pause / 2 + 1);
            let next = (now + pause - jitter).min(deadline);
            let told = self.backend.changed(&place.name, token);
            let by_push = matches!(first(told, clock.sleep_until(next)).await, First::Left(()));
            let cells = self.read(&[place.name.as_str()]).await?;
            let still = cells
                .first()
                .and_then(Option::as_ref)
                .is_some_and(|cell| cell.token() == Some(token));
            if !still {
                return Ok(Claimed::Again);
            }
            pause = self.next_pause(pause, by_push);
        }
    }

    /// Polling is the fallback where the backend tells of changes, and the only way elsewhere.
    fn next_pause(&self, pause: Millis, by_push: bool) -> Millis {
        let most = if self.backend.capabilities().pushes {
            500
        } else {
            100
        };
        if by_push { 5 } else { (pause * 2).min(most) }
    }
}
