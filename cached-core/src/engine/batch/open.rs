//! The ids of a batch that have no value yet.

use std::sync::Arc;

use super::waits::Waits;
use super::{Came, Tally, frame_of};
use crate::engine::call::Missed;
use crate::engine::context::Frame;
use crate::engine::cycle::Wait;
use crate::engine::flight::Style;
use crate::engine::lease::{Heard, Lease};
use crate::engine::miss::{Miss, Next, Step};
use crate::event::Outcome;
use crate::time::Millis;
use crate::value::{Batched, Split};

/// The ids that were not found at once, by number.
pub(super) struct Open<'c> {
    items: Vec<Item<'c>>,
    /// Those whose next step is to be decided.
    undecided: Vec<usize>,
}

/// One id without a value.
pub(super) struct Item<'c> {
    /// Where it is in the call's order.
    at: usize,
    pub(super) miss: Miss<'c>,
}

/// Something for the body to compute.
pub(super) struct Work {
    item: usize,
    /// The right to store it; without it is computed for this call only.
    pub(super) lease: Option<Lease>,
}

impl<'c> Open<'c> {
    pub(super) fn new<S: crate::entry::Shape>(
        missed: Vec<(usize, Missed<'c>)>,
        style: Style,
        shape: &S,
    ) -> Self {
        let items = missed.into_iter().map(|(at, missed)| Item {
            at,
            miss: Miss::new(missed, style, shape.is_disguised()),
        });
        let items: Vec<_> = items.collect();
        Self {
            undecided: (0..items.len()).collect(),
            items,
        }
    }

    /// What the body is asked for.
    pub(super) fn ids<B: Batched>(&self, tally: &Tally<B>, work: &[Work]) -> Vec<B::Id>
    where
        B::Id: Clone,
    {
        let id = |work: &Work| tally.ids[self.items[work.item].at].clone();
        work.iter().map(id).collect()
    }

    /// Whether every id is decided upon.
    pub(super) fn is_settled(&self) -> bool {
        self.undecided.is_empty()
    }

    /// Takes note of how a wait ended.
    pub(super) fn hear(&mut self, item: usize, end: (Heard, Millis)) {
        self.items[item].miss.hear(end);
        self.undecided.push(item);
    }

    /// The same while a body runs: who is offered a lead cannot take it.
    pub(super) fn hear_beside(&mut self, item: usize, end: (Heard, Millis)) {
        match end {
            (Heard::Promoted(lease), _) => {
                drop(lease);
                self.undecided.push(item);
            }
            end => self.hear(item, end),
        }
    }

    /// Decides the next step of every id that has none: what is for the body comes back, in the
    /// order of the call.
    pub(super) async fn decide<B: Batched>(
        &mut self,
        bulk: &B,
        tally: &mut Tally<B>,
        waits: &mut Waits,
    ) -> Result<Vec<Work>, B::Error> {
        let mut work = Vec::new();
        let mut undecided = std::mem::take(&mut self.undecided);
        undecided.sort_unstable();
        for item in undecided {
            let next = self.items[item].miss.next(bulk.shape());
            self.carry_out(item, next, tally, waits, &mut work)?;
        }
        work.sort_unstable_by_key(|work: &Work| work.item);
        Ok(work)
    }

    fn carry_out<B: Batched>(
        &mut self,
        item: usize,
        next: Next<Split<B::Value, B::Error>>,
        tally: &mut Tally<B>,
        waits: &mut Waits,
        work: &mut Vec<Work>,
    ) -> Result<(), B::Error> {
        let step = match next {
            Next::Break(came) => return self.note(item, tally, came),
            Next::Continue(step) => step,
        };
        match step {
            Step::Alone => work.push(Work { item, lease: None }),
            Step::Lead(lease) => work.push(Work {
                item,
                lease: Some(lease),
            }),
            Step::Wait(waiting) => waits.push(item, waiting),
            #[cfg(feature = "remote")]
            Step::Ask => work.push(Work { item, lease: None }),
        }
        Ok(())
    }

    fn note<B: Batched>(
        &self,
        item: usize,
        tally: &mut Tally<B>,
        came: Came<B>,
    ) -> Result<(), B::Error> {
        tally.note(self.items[item].at, came)
    }

    /// The frame of the computation, and what ties its flights together while it runs.
    pub(super) fn frame(&self, work: &[Work]) -> (Arc<Frame>, Vec<Wait>) {
        let lone = || match work.first() {
            Some(work) => self.items[work.item].miss.lone_frame(),
            None => Frame::derive(|_| ()),
        };
        frame_of(work, lone)
    }

    /// What the body found for each id that it was asked for.
    pub(super) fn part<B: Batched>(
        &self,
        bulk: &B,
        tally: &Tally<B>,
        work: &[Work],
        returned: B::Return,
    ) -> Result<Vec<Option<B::Value>>, B::Error>
    where
        B::Id: Clone,
    {
        bulk.split(returned, &self.ids(tally, work))
    }

    /// Stores what the body found, and tells the joiners.
    pub(super) async fn settle<B: Batched>(
        &mut self,
        bulk: &B,
        tally: &mut Tally<B>,
        work: Vec<Work>,
        values: Vec<Option<B::Value>>,
    ) -> Result<(), B::Error> {
        for (work, value) in work.into_iter().zip(values) {
            let item = value.map_or(Split::Absent, Split::Value);
            let came = match work.lease {
                None => (item, Outcome::Uncached),
                Some(lease) => {
                    let filling = self.items[work.item].miss.filling();
                    lease.settle(bulk.shape(), filling, item)
                }
            };
            self.note(work.item, tally, came)?;
        }
        Ok(())
    }

    /// Ends what was to be computed: the body failed.
    pub(super) fn fail<B: Batched>(
        &self,
        bulk: &B,
        work: Vec<Work>,
        mut error: B::Error,
    ) -> B::Error {
        for work in work {
            let Some(lease) = work.lease else { continue };
            let filling = self.items[work.item].miss.filling();
            error = match lease.settle(bulk.shape(), filling, Split::Failed(error)).0 {
                Split::Failed(error) => error,
                Split::Value(_) | Split::Absent => unreachable!("a failure comes back as one"),
            };
        }
        error
    }
}
