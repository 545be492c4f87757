//! The ids of a batch that have no value yet.
//!
//! Each is *undecided* until its [`Miss`] has said what to do, and again when a wait or a claim for
//! it has ended. A decided one is [`Work`] for the body, waits, or has its value in the [`Tally`].
//! The order of the call is kept: the body is asked for its ids in it.

use std::sync::Arc;
use std::time::Instant;

use super::waits::{End, Waits};
use super::{Came, Tally, frame_of};
use crate::engine::call::Missed;
use crate::engine::context::Frame;
use crate::engine::cycle::Wait;
use crate::engine::flight::Style;
use crate::engine::lease::{Heard, Lease, Waiting};
use crate::engine::miss::{Miss, Next, Step};
#[cfg(feature = "remote")]
use crate::engine::remote::Bulk;
use crate::entry::Shape;
use crate::event::Outcome;
use crate::value::{Batched, Split};

/// The ids that were not found at once, by number.
pub(super) struct Open<'c> {
    pub(super) items: Vec<Item<'c>>,
    /// Those whose next step is to be decided.
    pub(super) undecided: Vec<usize>,
    /// Where they are, if that is a shared backend.
    #[cfg(feature = "remote")]
    pub(super) shared: Option<Bulk>,
}

/// One id without a value.
pub(super) struct Item<'c> {
    /// Where it is in the call's order.
    at: usize,
    pub(super) miss: Miss<'c>,
}

/// What the undecided items do next.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) work: Vec<Work>,
    pub(super) waits: Vec<(usize, Waiting)>,
    #[cfg(feature = "remote")]
    pub(super) leased: Vec<(usize, crate::engine::remote::Leased)>,
    /// What a shared backend is to be asked for.
    #[cfg(feature = "remote")]
    pub(super) asks: Vec<usize>,
}

/// Something for the body to compute.
pub(super) struct Work {
    pub(super) item: usize,
    /// The right to store it; without it is computed for this call only.
    pub(super) lease: Option<Lease>,
}

impl<'c> Open<'c> {
    pub(super) fn new<S: Shape>(missed: Vec<(usize, Missed<'c>)>, style: Style, shape: &S) -> Self {
        let items = missed.into_iter().map(|(at, missed)| Item {
            at,
            miss: Miss::new(missed, style, shape.is_disguised()),
        });
        let items: Vec<_> = items.collect();
        Self {
            undecided: (0..items.len()).collect(),
            items,
            #[cfg(feature = "remote")]
            shared: None,
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
    pub(super) fn hear(&mut self, item: usize, end: End) {
        match end {
            End::Flight(end) => self.items[item].miss.hear(end),
            #[cfg(feature = "remote")]
            End::Lease(true) => {}
            #[cfg(feature = "remote")]
            End::Lease(false) => self.items[item].miss.give_up(),
        }
        self.undecided.push(item);
    }

    /// The same while a body runs: who is offered a lead cannot take it.
    pub(super) fn hear_beside(&mut self, item: usize, end: End) {
        match end {
            End::Flight((Heard::Promoted(lease), _)) => {
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
        let mut steps = Steps::default();
        let mut undecided = std::mem::take(&mut self.undecided);
        undecided.sort_unstable();
        for item in undecided {
            let next = self.items[item].miss.next(bulk.shape());
            self.take_step(item, next, tally, &mut steps)?;
        }
        #[cfg(feature = "remote")]
        self.decide_shared(bulk, tally, &mut steps).await?;
        for (item, waiting) in steps.waits {
            waits.push(item, waiting);
        }
        #[cfg(feature = "remote")]
        for (item, leased) in steps.leased {
            waits.push_leased(item, leased);
        }
        steps.work.sort_unstable_by_key(|work| work.item);
        Ok(steps.work)
    }

    /// Takes note of what an item comes to, or of what it does next.
    pub(super) fn take_step<B: Batched>(
        &self,
        item: usize,
        next: Next<Split<B::Value, B::Error>>,
        tally: &mut Tally<B>,
        steps: &mut Steps,
    ) -> Result<(), B::Error> {
        let step = match next {
            Next::Break(came) => return self.note(item, tally, came),
            Next::Continue(step) => step,
        };
        match step {
            Step::Alone => steps.work.push(Work { item, lease: None }),
            Step::Lead(lease) => steps.work.push(Work {
                item,
                lease: Some(lease),
            }),
            Step::Wait(waiting) => steps.waits.push((item, waiting)),
            #[cfg(feature = "remote")]
            Step::Ask => steps.asks.push(item),
        }
        Ok(())
    }

    pub(super) fn note<B: Batched>(
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

    /// What the body found for each id that it was asked for, in the order of `work`; what it
    /// returned beyond them is dropped.
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

    /// Stores what the body found, and tells the joiners: each id by itself, so that one which was
    /// invalidated meanwhile takes nothing from the others. `began` is when the body did.
    pub(super) async fn settle<B: Batched>(
        &mut self,
        bulk: &B,
        tally: &mut Tally<B>,
        work: Vec<Work>,
        values: Vec<Option<B::Value>>,
        began: Instant,
    ) -> Result<(), B::Error> {
        #[cfg(feature = "remote")]
        if self.shared.is_some() {
            return self.settle_shared(bulk, tally, work, values, began).await;
        }
        let _ = began;
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

    /// Ends what was to be computed: the body failed. Nothing is stored, and the joiners of each id
    /// are given the failure where it can be shared. It comes back for the caller.
    pub(super) fn fail<B: Batched>(
        &mut self,
        bulk: &B,
        work: Vec<Work>,
        mut error: B::Error,
    ) -> B::Error {
        for work in work {
            let Some(lease) = work.lease else { continue };
            error = match self.fail_one(bulk.shape(), work.item, lease, Split::Failed(error)) {
                Split::Failed(error) => error,
                Split::Value(_) | Split::Absent => unreachable!("a failure comes back as one"),
            };
        }
        error
    }

    fn fail_one<S: Shape>(
        &mut self,
        shape: &S,
        item: usize,
        lease: Lease,
        failed: S::Return,
    ) -> S::Return {
        #[cfg(feature = "remote")]
        if let Some(shared) = &self.shared {
            let caller = self.items[item].miss.caller();
            return shared.fail(shape, (item, lease, caller), failed);
        }
        lease
            .settle(shape, self.items[item].miss.filling(), failed)
            .0
    }
}
