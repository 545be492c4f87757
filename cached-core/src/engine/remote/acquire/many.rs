//! Claiming many cells at once: one round trip for the leases, one for the stamps that are missing.
//!
//! Both are sent side by side, as for a single claim. What a backend refuses as a whole is refused
//! to every item: each computes then, and stores nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Hold, Remote};
use crate::backend::port::{Acquired, Put};
use crate::cell::{Cell, Token};
use crate::engine::lease::Lease;
use crate::engine::remote::call::Caller;
use crate::engine::remote::claim::Captured;
use crate::engine::remote::fills::{few, same};
use crate::engine::remote::guard::both;
use crate::engine::remote::landing::{Landing, Named};
use crate::engine::remote::look::Raw;
use crate::engine::remote::name::StampId;
use crate::engine::remote::place::Dependency;
use crate::engine::remote::place::Place;
use crate::error::Error;

/// A cell to be leased: where nothing is, or in the place of the cell with the token `over`.
pub(in crate::engine::remote) struct Taking<'t> {
    pub(in crate::engine::remote) lease: &'t Lease,
    pub(in crate::engine::remote) place: &'t Place,
    pub(in crate::engine::remote) raw: &'t Raw,
    pub(in crate::engine::remote) over: Option<Token>,
    pub(in crate::engine::remote) caller: Caller,
}

/// A lease that is to be put.
struct Leasing {
    token: Token,
    cell: Cell,
    ttl: Duration,
}

/// One on its way, which may outlive whoever sent it.
struct Sent {
    name: String,
    token: Token,
    cell: Cell,
    ttl: Duration,
}

impl Remote {
    /// Puts the leases there. Whether each may compute; false: its cell changed meanwhile.
    pub(in crate::engine::remote) async fn take_all(
        self: &Arc<Self>,
        takings: &[Taking<'_>],
    ) -> Vec<bool> {
        let leases: Vec<Leasing> = takings.iter().map(|taking| self.prepare(taking)).collect();
        let putting = both(
            self.acquire_all(takings, &leases),
            self.replace_all(takings, &leases),
        );
        let ((acquired, replaced), captured) = both(putting, self.capture_all(takings)).await;
        let mut acquired = acquired.map(Vec::into_iter);
        let mut replaced = replaced.into_iter();
        let mut captured = captured.map(Vec::into_iter);
        let taken = takings.iter().zip(&leases).map(|(taking, lease)| {
            let held = match taking.over {
                None => next(&mut acquired),
                Some(_) => replaced.next().unwrap_or_else(|| Err(few())),
            };
            self.took(taking, lease.ttl, held, next(&mut captured))
        });
        taken.collect()
    }

    fn prepare(&self, taking: &Taking<'_>) -> Leasing {
        let Taking {
            lease,
            place,
            raw,
            caller,
            ..
        } = taking;
        let token = lease
            .claim()
            .map_or_else(Token::random, |claim| claim.token());
        lease.hold(Hold::Asked);
        Leasing {
            token,
            cell: self.lease_cell(place, token, raw, *caller),
            ttl: self.lease_of(*caller),
        }
    }

    async fn acquire_all(
        self: &Arc<Self>,
        takings: &[Taking<'_>],
        leases: &[Leasing],
    ) -> Result<Vec<bool>, Error> {
        let pairs = takings.iter().zip(leases);
        let pairs = pairs.filter(|(taking, _)| taking.over.is_none());
        let sent: Vec<Sent> = pairs
            .map(|(taking, lease)| Sent::of(taking, lease))
            .collect();
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.limit_for_writes(sent.len());
        let (backend, leases) = (Arc::clone(&self.backend), named(&sent));
        let acquiring = Landing::new(self, leases, async move {
            let puts: Vec<Put<'_>> = sent.iter().map(Sent::put).collect();
            let acquired = backend.acquire_many(&puts).await?;
            let held = acquired
                .into_iter()
                .zip(&sent)
                .map(|(acquired, sent)| match acquired {
                    Acquired::Granted => true,
                    // By a backend that asks once more itself.
                    Acquired::Found(found) => found.token() == Some(sent.token),
                });
            Ok(held.collect())
        });
        self.ask(limit, acquiring).await
    }

    async fn replace_all(
        self: &Arc<Self>,
        takings: &[Taking<'_>],
        leases: &[Leasing],
    ) -> Vec<Result<bool, Error>> {
        let fills = takings.iter().zip(leases);
        let fills =
            fills.filter_map(|(taking, lease)| Some((taking.over?, Sent::of(taking, lease))));
        let (over, sent): (Vec<Token>, Vec<Sent>) = fills.unzip();
        if sent.is_empty() {
            return Vec::new();
        }
        let (backend, leases, count) = (Arc::clone(&self.backend), named(&sent), sent.len());
        let filling = Landing::new(self, leases, async move {
            let fills = over.iter().zip(&sent);
            let fills: Vec<(Token, Put<'_>)> =
                fills.map(|(over, sent)| (*over, sent.put())).collect();
            backend.fill_many(&fills).await
        });
        self.outcomes(count, filling).await
    }

    /// Takes note of a lease that was put there, or not.
    fn took(
        self: &Arc<Self>,
        taking: &Taking<'_>,
        ttl: Duration,
        held: Result<bool, Error>,
        captured: Result<Captured, Error>,
    ) -> bool {
        let Some(claim) = taking.lease.claim() else {
            return true;
        };
        match held.and_then(|held| Ok((held, captured?))) {
            Ok((true, captured)) => {
                taking.lease.hold(Hold::Lease(captured));
                self.keep(taking.place, claim, ttl);
                true
            }
            Ok((false, _)) => {
                claim.set(Hold::Nothing);
                false
            }
            Err(error) => {
                self.cannot_claim(taking.place, claim, taking.caller, &error);
                true
            }
        }
    }

    /// The stamps of all places, created where they are missing: each once, whatever number of
    /// items depends on it.
    async fn capture_all(self: &Arc<Self>, takings: &[Taking<'_>]) -> Result<Vec<Captured>, Error> {
        let mut missing: HashMap<StampId, Dependency<'_>> = HashMap::new();
        let mut seen: HashMap<StampId, (Dependency<'_>, Token)> = HashMap::new();
        for taking in takings {
            let stamps = taking.place.dependencies().zip(&*taking.raw.stamps);
            for (stamp, (_, token)) in stamps {
                match token {
                    Some(token) => drop(seen.insert(stamp.id, (stamp, *token))),
                    None => drop(missing.insert(stamp.id, stamp)),
                }
            }
        }
        seen.values()
            .for_each(|(stamp, token)| self.keep_stamp(*stamp, *token));
        let created = self.create_stamps(missing).await?;
        let captured = takings.iter().map(|taking| {
            let seen = taking.place.stamps.iter().zip(&*taking.raw.stamps);
            let tokens = seen.filter_map(|((id, _), (_, token))| {
                let token = token.or_else(|| created.get(id).copied())?;
                Some((*id, token))
            });
            let captured: Captured = tokens.collect();
            self.last_seen.note(taking.place, &captured);
            captured
        });
        Ok(captured.collect())
    }

    async fn create_stamps(
        &self,
        missing: HashMap<StampId, Dependency<'_>>,
    ) -> Result<HashMap<StampId, Token>, Error> {
        if missing.is_empty() {
            return Ok(HashMap::new());
        }
        let new = |stamp| (stamp, Cell::stamp(Token::random()));
        let new: Vec<(Dependency<'_>, Cell)> = missing.into_values().map(new).collect();
        let puts = new.iter().map(|(stamp, cell)| Put {
            key: stamp.name,
            cell,
            ttl: stamp.ttl,
        });
        let puts: Vec<Put<'_>> = puts.collect();
        let acquiring = self.backend.acquire_many(&puts);
        let acquired = self
            .ask(self.limit_for_writes(puts.len()), acquiring)
            .await?;
        let tokens = new
            .iter()
            .zip(acquired)
            .map(|((stamp, cell), acquired)| async move {
                let there = match acquired {
                    Acquired::Granted => cell.as_stamp().map(|token| self.made_stamp(token)),
                    Acquired::Found(found) => found.as_stamp(),
                };
                match there {
                    Some(token) => Ok((stamp.id, token)),
                    None => {
                        let token = self.replace_stamp(*stamp, Token::random()).await?;
                        Ok((stamp.id, token))
                    }
                }
            });
        join_all(tokens).await.into_iter().collect()
    }
}

impl Sent {
    fn of(taking: &Taking<'_>, lease: &Leasing) -> Self {
        Self {
            name: taking.place.name.to_string(),
            token: lease.token,
            cell: lease.cell.clone(),
            ttl: lease.ttl,
        }
    }

    fn put(&self) -> Put<'_> {
        Put {
            key: &self.name,
            cell: &self.cell,
            ttl: Some(self.ttl),
        }
    }
}

fn named(sent: &[Sent]) -> Named {
    let named = sent.iter().map(|sent| (sent.name.clone(), sent.token));
    named.collect()
}

/// The next of several outcomes, or the fault that all of them have.
fn next<T>(outcomes: &mut Result<std::vec::IntoIter<T>, Error>) -> Result<T, Error> {
    match outcomes {
        Ok(outcomes) => outcomes.next().ok_or_else(few),
        Err(error) => Err(same(error)),
    }
}
