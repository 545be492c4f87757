//! A batch on a shared backend: one question for all its keys.
//!
//! ```text
//! outset    keys and stamps of all items in one read; a second one for stamps that only the
//!           entries name; what is there is taken before anything else is made
//! look      the same for items that are decided upon again
//! claim     leases where nothing is in one `acquire_many`, in place of cells that say nothing in
//!           one `fill_many`; what is rarer, such as a refresh, item by item beside them
//! settle    out of the table, then one `fill_many`, and beside it one read of the stamps that
//!           joiners depend on
//! ```
//!
//! The rules are those of a single call, item by item: a cell that changed is asked for again, one
//! that the backend cannot be told of is computed without it, and an item whose invalidation is
//! still owed is not read, while the others are. A question never goes by a claim: of many keys
//! some are likely to be there.

mod outset;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join_all;

use super::Remote;
use super::acquire::Taking;
use super::call::{Basis, Caller, Claimed};
use super::claim::Claim as Held;
use super::guard::both;
use super::look::{Expected, Raw};
use super::place::Place;
use super::settle::Settling;
use crate::cell::Token;
use crate::engine::lease::Lease;
use crate::engine::miss::{Miss, Next};
use crate::entry::{Payload, Shape};
use crate::error::{Error, ErrorKind};
use crate::event::Outcome;

/// Where the items of a batch are, by number.
pub(in crate::engine) struct Bulk {
    remote: Arc<Remote>,
    places: Vec<Option<Arc<Place>>>,
    looks: Vec<u8>,
    /// What the first question brought, until it is asked for.
    answers: Vec<Option<Answer>>,
}

pub(in crate::engine) use outset::{Left, Outset};

/// The lease of another process that an item waits for; whether it is gone, or the time is over.
pub(in crate::engine) type Leased = Pin<Box<dyn Future<Output = bool> + Send>>;

/// What a claim came to. Only what may be computed keeps its lease: of all else the flight is over,
/// and its joiners ask again.
#[expect(clippy::large_enum_variant, reason = "moved once per claim")]
pub(in crate::engine) enum Claim {
    Compute(Lease),
    /// Somebody was faster: ask again.
    Again,
    Wait(Leased),
    Alone,
}

/// How often an item asks because its cell changed under it.
const LOOKS: u8 = 4;

impl Bulk {
    /// Whether the item may be asked for once more.
    pub(in crate::engine) fn may_ask(&mut self, item: usize) -> bool {
        self.looks[item] += 1;
        self.places[item].is_some() && self.looks[item] <= LOOKS
    }

    /// The answers for all of these, of which each has a place.
    pub(in crate::engine) async fn look(&mut self, items: &[usize]) -> Vec<Answer> {
        let known: Vec<Option<Answer>> = items.iter().map(|at| self.answers[*at].take()).collect();
        let asked = items
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none());
        let asked = asked.filter_map(|(at, _)| self.places[*at].as_deref());
        let mut asked = ask(&self.remote, &asked.collect::<Vec<_>>())
            .await
            .into_iter();
        let answers = known.into_iter();
        answers
            .map(|known| known.or_else(|| asked.next()).unwrap_or(Answer(None)))
            .collect()
    }

    /// What the item does about its answer.
    pub(in crate::engine) fn answered<S: Shape>(
        &self,
        shape: &S,
        item: usize,
        miss: &mut Miss<'_>,
        answer: Answer,
    ) -> Next<S::Return> {
        let Some(place) = &self.places[item] else {
            return miss.go_alone();
        };
        let raw = answer.0.ok_or_else(|| {
            let message = "the backend did not answer a batch";
            Error::new(ErrorKind::Unavailable, message)
        });
        miss.answered(shape, &self.remote, place, raw)
    }

    /// Claims the cells of these. Nothing here waits for another process: a lease that `lock` has
    /// to wait for comes back as such, its flight given up, so that nobody in this process waits
    /// for a flight that itself waits.
    pub(in crate::engine) async fn claim(&self, leads: Vec<Lead>) -> Vec<(usize, Claim)> {
        let (at_once, each): (Vec<Lead>, Vec<Lead>) =
            leads.into_iter().partition(|lead| self.is_plain(lead));
        let taking = self.take_all(at_once);
        let claiming = join_all(each.into_iter().map(|lead| self.claim_one(lead)));
        let (taken, claimed) = both(taking, claiming).await;
        taken.into_iter().chain(claimed).collect()
    }

    /// Whether nothing is to be done about the cell but to put a lease there.
    fn is_plain(&self, lead: &Lead) -> bool {
        let new = lead.lease.claim().is_some_and(Held::is_new);
        new && self.over(lead).is_some()
    }

    /// The place of the item, what was there, and what the lease is to replace.
    fn over<'l>(&'l self, lead: &'l Lead) -> Option<(&'l Place, &'l Raw, Option<Token>)> {
        let place = self.places[lead.item].as_deref()?;
        match lead.basis.as_ref()? {
            Basis::Absent(raw) => Some((place, raw, None)),
            Basis::Replaceable(raw, token) => Some((place, raw, Some(*token))),
            _ => None,
        }
    }

    async fn take_all(&self, leads: Vec<Lead>) -> Vec<(usize, Claim)> {
        let takings = leads.iter().filter_map(|lead| {
            let (place, raw, over) = self.over(lead)?;
            Some(Taking {
                lease: &lead.lease,
                place,
                raw,
                over,
                caller: lead.caller,
            })
        });
        let takings: Vec<Taking<'_>> = takings.collect();
        let taken = match takings.is_empty() {
            true => Vec::new(),
            false => self.remote.take_all(&takings).await,
        };
        let claim = |(lead, taken): (Lead, bool)| match taken {
            true => (lead.item, Claim::Compute(lead.lease)),
            false => {
                lead.lease.reread();
                (lead.item, Claim::Again)
            }
        };
        leads.into_iter().zip(taken).map(claim).collect()
    }

    async fn claim_one(&self, lead: Lead) -> (usize, Claim) {
        let Lead {
            item,
            lease,
            basis,
            caller,
        } = lead;
        let Some(place) = &self.places[item] else {
            return (item, Claim::Compute(lease));
        };
        if let Some(Basis::Leased(_, token, expected)) = &basis
            && self.is_waited_for(*token, caller)
        {
            let leased = self.leased(&lease, place, (*token, *expected), caller);
            lease.reread();
            return (item, Claim::Wait(leased));
        }
        let claim = match self.remote.claim(&lease, place, basis, caller).await {
            Claimed::Compute => Claim::Compute(lease),
            Claimed::Again | Claimed::Found(_) => {
                lease.reread();
                Claim::Again
            }
            Claimed::TimedOut => Claim::Alone,
        };
        (item, claim)
    }

    /// Whether the lease with this token is another process's, which `lock` waits for.
    fn is_waited_for(&self, token: Token, caller: Caller) -> bool {
        caller.site.policy.lock.is_some() && !self.remote.released.contains(token)
    }

    fn leased(
        &self,
        lease: &Lease,
        place: &Place,
        (token, expected): (Token, Expected),
        caller: Caller,
    ) -> Leased {
        let (remote, clock) = (Arc::clone(&self.remote), lease.engine.clock.clone());
        let (name, deadline) = (place.name.to_string(), caller.waits_until);
        Box::pin(async move {
            let gone = remote.until_gone(&clock, &name, token, expected, deadline);
            !matches!(gone.await, Ok(Claimed::TimedOut))
        })
    }

    /// Stores what was computed, and tells the joiners. `cost` is in microseconds.
    pub(in crate::engine) async fn settle<S: Shape>(
        &self,
        shape: &S,
        computed: Vec<Computed>,
        cost: u32,
    ) -> Vec<(usize, S::Return, Outcome)> {
        let mut kept = Vec::new();
        let mut leases = Vec::new();
        for Computed {
            item,
            lease,
            caller,
            payload,
        } in computed
        {
            leases.push((lease, caller));
            kept.push((item, payload));
        }
        let settling = kept.iter().zip(leases);
        let settling = settling.filter_map(|((item, payload), (lease, caller))| {
            // Who leads has a place.
            let place = self.places[*item].as_ref()?;
            Some(Settling {
                lease,
                place,
                caller,
                payload,
            })
        });
        let settling: Vec<Settling<'_>> = settling.collect();
        let outcomes = self.remote.settle_all(shape, settling, cost).await;
        let settled = kept.into_iter().zip(outcomes);
        let reopened =
            settled.map(|((item, payload), outcome)| (item, shape.reopen(payload), outcome));
        reopened.collect()
    }

    /// Ends a failed computation: nothing is stored, and its joiners are told. The failure comes
    /// back for the next item, and for the caller.
    pub(in crate::engine) fn fail<S: Shape>(
        &self,
        shape: &S,
        (item, lease, caller): (usize, Lease, Caller),
        returned: S::Return,
    ) -> S::Return {
        match (shape.part(returned), &self.places[item]) {
            (crate::entry::Parted::Failed(returned, shared), Some(place)) => {
                lease.fail_shared(place, caller, shared);
                returned
            }
            (crate::entry::Parted::Failed(returned, _), None) => returned,
            (crate::entry::Parted::Value(payload), _) => shape.reopen(payload),
        }
    }
}

/// What the backend said of one item; `None` if it did not answer.
pub(in crate::engine) struct Answer(Option<Raw>);

/// Asks for all of these. What the backend owes is not asked for.
async fn ask(remote: &Arc<Remote>, places: &[&Place]) -> Vec<Answer> {
    let mut answers = look(remote, places).await;
    complete(remote, places, &mut answers).await;
    answers
}

/// The same in one round trip, so that what carries stamps which its place does not name is not
/// [complete] yet.
async fn look(remote: &Arc<Remote>, places: &[&Place]) -> Vec<Answer> {
    let owed = |place: &&Place| remote.journal.blocks([place.name.as_str()]);
    let (owed, asked): (Vec<&Place>, Vec<&Place>) = places.iter().partition(|place| owed(place));
    let raws = match asked.is_empty() {
        true => Ok(Vec::new()),
        false => remote.look_at_all(&asked).await,
    };
    let mut raws = raws.into_iter().flatten();
    let mut owed = owed.into_iter().peekable();
    let mut answer = |place: &&Place| {
        let is_owed = owed.next_if(|owed| std::ptr::eq(*owed, *place)).is_some();
        Answer((!is_owed).then(|| raws.next()).flatten())
    };
    places.iter().map(&mut answer).collect()
}

/// Reads the stamps that answers carry beside those of their places.
async fn complete(remote: &Arc<Remote>, places: &[&Place], answers: &mut [Answer]) {
    let looked = answers.iter_mut().zip(places);
    let looked = looked.filter_map(|(Answer(raw), place)| Some((raw.as_mut()?, *place)));
    let mut looked: Vec<(&mut Raw, &Place)> = looked.collect();
    if remote.complete_all(&mut looked).await.is_err() {
        answers.fill_with(|| Answer(None));
    }
}

/// An item that is to be computed by this process, with what the backend said of its cell. Who was
/// handed the lead by another call has no such answer, and claims by itself.
pub(in crate::engine) struct Lead {
    pub(in crate::engine) item: usize,
    pub(in crate::engine) lease: Lease,
    pub(in crate::engine) basis: Option<Basis>,
    pub(in crate::engine) caller: Caller,
}

/// An item that was.
pub(in crate::engine) struct Computed {
    pub(in crate::engine) item: usize,
    pub(in crate::engine) lease: Lease,
    pub(in crate::engine) caller: Caller,
    pub(in crate::engine) payload: Payload,
}
