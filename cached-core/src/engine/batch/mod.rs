//! One call for many keys: each is looked up, led, joined and stored like that of a single call,
//! and one body computes all that this call leads.
//!
//! Every id has a [`Call`] and, where that finds nothing, a [`Miss`](super::miss::Miss) of its own:
//! what a single call promises of its key, a batch promises of each. What is done for all of them
//! together is the rest: one body, one question to a shared backend, one round trip for its claims
//! and one for its fills.
//!
//! ```text
//! look      hits are taken at once                                  ──▶ values, if all are hits
//! decide    each id without a value: led, joined, or computed alone
//! compute   one body for what is led or alone, the waits beside it
//! settle    each id is stored if its lease still stands, and its joiners are told
//! wait      until a wait ends; then decide again
//! ```
//!
//! The body runs again only for ids whose leader, another call, computed in vain or for too long.
//!
//! # What ends a call early
//!
//! A failure, of its own body or of one that it joined, is the failure of the whole call: what it
//! waits for it leaves, what it leads goes to a waiter or is free again. A body that panics lets
//! every joiner compute for itself; a future that is dropped hands each lead over.
//!
//! # Why two batches never wait crosswise
//!
//! A batch waits for others only while it leads nothing: what it leads is computed, stored and told
//! before. What it joined meanwhile it waits for, and what it is offered while its body runs it
//! passes on. The flights that share a body count as waiting for the first of them, so that a call
//! within the body joins none of them.

mod open;
#[cfg(feature = "remote")]
mod shared;
mod waits;

use std::collections::HashSet;
use std::future::{Future, ready};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use self::open::{Open, Work};
use self::waits::Waits;
use super::block::block_on;
use super::call::{Call, Missed};
use super::context::Frame;
use super::cycle::Wait;
use super::flight::Style;
#[cfg(feature = "remote")]
use super::remote::Outset;
use crate::event::Outcome;
use crate::value::{Batched, Split};

/// What is known of the ids of a call, in their order, each once.
struct Tally<B: Batched> {
    ids: Vec<B::Id>,
    /// What each came to: a value, or nothing.
    found: Vec<Option<(Option<B::Value>, Outcome)>>,
}

impl<B: Batched> Tally<B> {
    /// Takes note of what the id at `at` came to.
    fn note(&mut self, at: usize, (item, outcome): Came<B>) -> Result<(), B::Error> {
        let value = match item {
            Split::Value(value) => Some(value),
            Split::Absent => None,
            Split::Failed(error) => return Err(error),
        };
        self.found[at] = Some((value, outcome));
        Ok(())
    }

    fn answer(self, bulk: &B) -> (B::Return, Vec<Outcome>) {
        let mut outcomes = Vec::with_capacity(self.ids.len());
        let values = self.found.into_iter().map(|found| {
            let (value, outcome) = found.unwrap_or((None, Outcome::Uncached));
            outcomes.push(outcome);
            value
        });
        let answer = bulk.answer(self.ids.into_iter().zip(values));
        (answer, outcomes)
    }
}

/// What one id came to.
type Came<B> = (Split<<B as Batched>::Value, <B as Batched>::Error>, Outcome);

/// A call of a batch on its way to its values. Built by the generated code.
///
/// It holds the ids, each once and in the order of the call, what was found for them, and a call
/// for each of the others. Nothing is joined or led before [`run`](Self::run) or
/// [`run_async`](Self::run_async).
pub struct Batch<'c, B: Batched> {
    tally: Tally<B>,
    missed: Vec<(usize, Missed<'c>)>,
    /// The items that are no more than places until a shared backend was asked for them.
    #[cfg(feature = "remote")]
    outset: Option<Outset>,
}

impl<'c, B: Batched> Batch<'c, B>
where
    B::Id: Clone + Eq + Hash,
{
    /// Looks up every id: `call` makes its call, `missed` adds the tags where nothing was found.
    ///
    /// Hits are counted and told like those of single calls. On a shared backend there are none
    /// yet: it is asked when the call is run, for all ids at once.
    pub fn look<'i>(
        bulk: &B,
        ids: impl IntoIterator<Item = &'i B::Id>,
        call: impl Fn(&B::Id) -> Call<'c>,
        missed: impl Fn(Call<'c>, &B::Id) -> Missed<'c>,
    ) -> Self
    where
        B::Id: 'i,
    {
        let ids = ids.into_iter();
        // Random per process, and gone with the call.
        let hasher = foldhash::fast::RandomState::default();
        let mut seen = HashSet::with_capacity_and_hasher(ids.size_hint().0, hasher);
        let mut distinct = Vec::with_capacity(ids.size_hint().0);
        distinct.extend(ids.filter(|id| seen.insert(*id)).cloned());
        let ids: Vec<B::Id> = distinct;
        let mut batch = Self {
            tally: Tally {
                found: ids.iter().map(|_| None).collect(),
                ids,
            },
            missed: Vec::new(),
            #[cfg(feature = "remote")]
            outset: None,
        };
        for at in 0..batch.tally.ids.len() {
            let mut call = call(&batch.tally.ids[at]);
            #[cfg(feature = "remote")]
            if at == 0 {
                batch.outset = Outset::of(&call, bulk.shape(), batch.tally.ids.len());
            }
            if batch.may_be_here()
                && let Some(came) = call.hit(bulk.shape())
                // What a cache holds is never a failure.
                && batch.tally.note(at, came).is_ok()
            {
                continue;
            }
            batch.miss(at, call, &missed);
        }
        batch
    }

    /// Whether nothing is to be asked, joined or computed.
    fn is_found(&self) -> bool {
        #[cfg(feature = "remote")]
        return self.missed.is_empty() && self.outset.as_ref().is_none_or(Outset::is_empty);
        #[cfg(not(feature = "remote"))]
        self.missed.is_empty()
    }

    /// Whether a value may be in this process.
    fn may_be_here(&self) -> bool {
        #[cfg(feature = "remote")]
        return self.outset.as_ref().is_none_or(Outset::is_near);
        #[cfg(not(feature = "remote"))]
        true
    }

    /// Takes note of an id that was not found.
    fn miss(&mut self, at: usize, call: Call<'c>, missed: impl Fn(Call<'c>, &B::Id) -> Missed<'c>) {
        #[cfg(feature = "remote")]
        if let Some(outset) = &mut self.outset
            && call.site.policy.tags.is_empty()
            && outset.push(at, &call, &mut Vec::new())
        {
            return;
        }
        #[cfg_attr(
            not(feature = "remote"),
            expect(unused_mut, reason = "its tags may be taken")
        )]
        let mut missed = missed(call, &self.tally.ids[at]);
        #[cfg(feature = "remote")]
        if let Some(outset) = &mut self.outset
            && outset.push(at, &missed.call, &mut missed.tags)
        {
            return;
        }
        self.missed.push((at, missed));
    }

    /// The values of a sync function, and where each came from: none, if it failed.
    ///
    /// The body may run several times, each time for other ids; never for one that was found.
    pub fn run<F>(self, bulk: &B, body: F) -> (B::Return, Vec<Outcome>)
    where
        F: Fn(Vec<B::Id>) -> B::Return,
    {
        if self.is_found() {
            return self.tally.answer(bulk);
        }
        block_on(self.run_as(Style::Sync, bulk, |ids| ready(body(ids))))
    }

    /// The values of an async function, and where each came from: none, if it failed.
    ///
    /// The body may run several times, one after the other, each time for other ids.
    ///
    /// Dropping the future hands each computation to a waiter, if there is one.
    pub async fn run_async<F, Fut>(self, bulk: &B, body: F) -> (B::Return, Vec<Outcome>)
    where
        F: Fn(Vec<B::Id>) -> Fut,
        Fut: Future<Output = B::Return>,
    {
        if self.is_found() {
            return self.tally.answer(bulk);
        }
        // Boxed: it is large, and would make every caller's future as large.
        Box::pin(self.run_as(Style::Async, bulk, body)).await
    }

    async fn run_as<F, Fut>(self, style: Style, bulk: &B, body: F) -> (B::Return, Vec<Outcome>)
    where
        F: Fn(Vec<B::Id>) -> Fut,
        Fut: Future<Output = B::Return>,
    {
        #[cfg(not(feature = "remote"))]
        let (tally, open) = (self.tally, Open::new(self.missed, style, bulk.shape()));
        #[cfg(feature = "remote")]
        let mut tally = self.tally;
        #[cfg(feature = "remote")]
        let open = match Open::begin(self.missed, self.outset, style, bulk, &mut tally).await {
            Ok(open) => open,
            Err(error) => return failed(bulk, error),
        };
        if open.items.is_empty() {
            // A shared backend had all of them.
            return tally.answer(bulk);
        }
        // Boxed once more: a batch that is all hits has no use for the room.
        Box::pin(finish(open, tally, bulk, body)).await
    }
}

/// Decides upon what is open, computes it, and waits for others, until all of it has come.
async fn finish<B, F, Fut>(
    mut open: Open<'_>,
    mut tally: Tally<B>,
    bulk: &B,
    body: F,
) -> (B::Return, Vec<Outcome>)
where
    B: Batched<Id: Clone>,
    F: Fn(Vec<B::Id>) -> Fut,
    Fut: Future<Output = B::Return>,
{
    let mut waits = Waits::default();
    loop {
        let work = match open.decide(bulk, &mut tally, &mut waits).await {
            Ok(work) => work,
            Err(error) => return failed(bulk, error),
        };
        if !work.is_empty() {
            let ids = open.ids(&tally, &work);
            let (frame, _ties) = open.frame(&work);
            let began = Instant::now();
            let computing = frame.scope_with(|| body(ids));
            let returned = waits.beside(computing, &mut open).await;
            let settled = match open.part(bulk, &tally, &work, returned) {
                Ok(values) => open.settle(bulk, &mut tally, work, values, began).await,
                Err(error) => Err(open.fail(bulk, work, error)),
            };
            if let Err(error) = settled {
                return failed(bulk, error);
            }
        } else if open.is_settled() {
            if waits.is_empty() {
                return tally.answer(bulk);
            }
            waits.next(&mut open).await;
        }
    }
}

fn failed<B: Batched>(bulk: &B, error: B::Error) -> (B::Return, Vec<Outcome>) {
    (bulk.failed(error), Vec::new())
}

/// The frame of a computation for several flights, and what makes them count as one.
fn frame_of(work: &[Work], lone: impl FnOnce() -> Arc<Frame>) -> (Arc<Frame>, Vec<Wait>) {
    let mut leases = work.iter().filter_map(|work| work.lease.as_ref());
    let Some(first) = leases.next() else {
        return (lone(), Vec::new());
    };
    // The others are computed when the body of the first ends.
    let ties = leases.filter_map(|lease| Wait::begin(Some(lease.flight.id), first.flight.id));
    (first.frame(), ties.collect())
}

impl<B: Batched> std::fmt::Debug for Batch<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("ids", &self.tally.ids.len())
            .field("missed", &self.missed.len())
            .finish_non_exhaustive()
    }
}
