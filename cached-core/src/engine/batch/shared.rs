//! What is different for a batch whose cells are in a shared backend: its keys are asked for
//! together, and what it leads is claimed and filled.
//!
//! What another process computes is not waited for here, but beside the other waits: no claim is
//! held up by it.

use std::sync::Arc;
use std::time::Instant;

use super::Tally;
use super::open::{Open, Steps, Work};
use crate::engine::call::Missed;
use crate::engine::flight::Style;
use crate::engine::remote::{Bulk, BulkClaim, Computed, Lead, Left, Outset};
use crate::entry::{Payload, Shape};
use crate::event::Outcome;
use crate::value::{Batched, Split};

impl<'c> Open<'c> {
    /// Takes what is there of the items that are only asked for; what is left, with those that were
    /// missed before.
    pub(super) async fn begin<B: Batched>(
        missed: Vec<(usize, Missed<'c>)>,
        outset: Option<Outset>,
        style: Style,
        bulk: &B,
        tally: &mut Tally<B>,
    ) -> Result<Self, B::Error> {
        let shape = bulk.shape();
        let remote = match &outset {
            Some(outset) => Some(Arc::clone(outset.remote())),
            None => missed
                .first()
                .and_then(|(_, first)| first.remote_for(shape)),
        };
        let Some(remote) = remote else {
            return Ok(Self::new(missed, style, shape));
        };
        let unasked = missed.into_iter();
        let mut left: Vec<Left<'c>> = unasked.map(|item| Left::unasked(&remote, item)).collect();
        if let Some(outset) = outset {
            let found = |at, item| tally.note(at, (item, Outcome::Hit));
            left.extend(outset.take(shape, found).await?);
        }
        let (missed, shared) = Bulk::of(remote, left);
        Ok(Self {
            shared: Some(shared),
            ..Self::new(missed, style, shape)
        })
    }

    /// Asks for what is to be asked for, and claims what is led.
    pub(super) async fn decide_shared<B: Batched>(
        &mut self,
        bulk: &B,
        tally: &mut Tally<B>,
        steps: &mut Steps,
    ) -> Result<(), B::Error> {
        let Some(mut shared) = self.shared.take() else {
            return Ok(());
        };
        let asked = self.ask(bulk, &mut shared, tally, steps).await;
        if asked.is_ok() {
            self.claim(&shared, steps).await;
        }
        self.shared = Some(shared);
        asked
    }

    async fn ask<B: Batched>(
        &mut self,
        bulk: &B,
        shared: &mut Bulk,
        tally: &mut Tally<B>,
        steps: &mut Steps,
    ) -> Result<(), B::Error> {
        let asks = std::mem::take(&mut steps.asks).into_iter();
        let (asks, never): (Vec<usize>, Vec<usize>) = asks.partition(|item| shared.may_ask(*item));
        for item in never {
            self.items[item].miss.give_up();
            let next = self.items[item].miss.next(bulk.shape());
            self.take_step(item, next, tally, steps)?;
        }
        if asks.is_empty() {
            return Ok(());
        }
        let answers = shared.look(&asks).await;
        for (item, answer) in asks.into_iter().zip(answers) {
            let miss = &mut self.items[item].miss;
            let next = shared.answered(bulk.shape(), item, miss, answer);
            self.take_step(item, next, tally, steps)?;
        }
        Ok(())
    }

    async fn claim(&mut self, shared: &Bulk, steps: &mut Steps) {
        let mut leads = Vec::new();
        for work in std::mem::take(&mut steps.work) {
            let miss = &mut self.items[work.item].miss;
            match work.lease {
                None => steps.work.push(work),
                Some(lease) => leads.push(Lead {
                    item: work.item,
                    lease,
                    basis: miss.basis(),
                    caller: miss.caller(),
                }),
            }
        }
        for (item, claim) in shared.claim(leads).await {
            match claim {
                BulkClaim::Compute(lease) => steps.work.push(Work {
                    item,
                    lease: Some(lease),
                }),
                BulkClaim::Again => self.undecided.push(item),
                BulkClaim::Wait(leased) => steps.leased.push((item, leased)),
                BulkClaim::Alone => {
                    self.items[item].miss.give_up();
                    self.undecided.push(item);
                }
            }
        }
    }

    /// Fills the cells of what was computed.
    pub(super) async fn settle_shared<B: Batched>(
        &mut self,
        bulk: &B,
        tally: &mut Tally<B>,
        work: Vec<Work>,
        values: Vec<Option<B::Value>>,
        began: Instant,
    ) -> Result<(), B::Error> {
        let cost = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut computed = Vec::new();
        for (work, value) in work.into_iter().zip(values) {
            match work.lease {
                None => {
                    let item = value.map_or(Split::Absent, Split::Value);
                    self.note(work.item, tally, (item, Outcome::Uncached))?;
                }
                Some(lease) => computed.push(Computed {
                    item: work.item,
                    lease,
                    caller: self.items[work.item].miss.caller(),
                    payload: payload_of(bulk, value),
                }),
            }
        }
        let Some(shared) = &self.shared else {
            return Ok(());
        };
        let settled = shared.settle(bulk.shape(), computed, cost).await;
        for (item, returned, outcome) in settled {
            self.note(item, tally, (returned, outcome))?;
        }
        Ok(())
    }
}

fn payload_of<B: Batched>(bulk: &B, value: Option<B::Value>) -> Payload {
    let Some(value) = value else {
        return Payload::Absent;
    };
    match bulk.shape().part(Split::Value(value)) {
        crate::entry::Parted::Value(payload) => payload,
        crate::entry::Parted::Failed(..) => unreachable!("a value is no failure"),
    }
}
