//! Filling an empty property: one caller computes, the others take what it stored.

use std::future::Future;

use super::gate::{By, End, Entry, Gate, Lead};
use crate::engine::block_on;
use crate::time::{Clock, Millis};

/// The longest wait for another caller, in milliseconds.
pub(super) const WAIT: Millis = 5_000;

/// How often a joiner starts over before it computes by itself.
const ROUNDS: usize = 3;

/// A place for one value.
pub(super) trait Slot {
    type Value;
    /// What readers get.
    type Read;
    /// What [`store`](Self::store) needs to know about the moment before the computation.
    type Start;

    fn gate(&self) -> &Gate;
    fn clock(&self) -> Clock;
    fn read(&self) -> Option<Self::Read>;
    fn start(&self) -> Self::Start;
    /// Keeps `value`, unless another one came first or it is outdated already.
    fn store(&self, value: Self::Value, start: Self::Start) -> Self::Read;
}

enum Turn<'g, R> {
    Ready(R),
    Lead(Lead<'g>),
    Alone,
}

pub(super) fn compute<S: Slot, E>(
    slot: &S,
    init: impl FnOnce() -> Result<S::Value, E>,
) -> Result<S::Read, E> {
    let turn = block_on(turn(slot, By::Thread));
    let start = slot.start();
    match turn {
        Turn::Ready(read) => Ok(read),
        Turn::Alone => init().map(|value| slot.store(value, start)),
        Turn::Lead(lead) => {
            let entered = lead.frame().enter();
            let result = init();
            drop(entered);
            land(slot, lead, start, result)
        }
    }
}

pub(super) async fn compute_async<S: Slot, E, F: Future<Output = Result<S::Value, E>>>(
    slot: &S,
    init: impl FnOnce() -> F,
) -> Result<S::Read, E> {
    let turn = turn(slot, By::Task).await;
    let start = slot.start();
    match turn {
        Turn::Ready(read) => Ok(read),
        Turn::Alone => init().await.map(|value| slot.store(value, start)),
        Turn::Lead(lead) => {
            let result = lead.frame().scope(async { init().await }).await;
            land(slot, lead, start, result)
        }
    }
}

/// Stores before it ends the flight, so that joiners find the value.
fn land<S: Slot, E>(
    slot: &S,
    lead: Lead<'_>,
    start: S::Start,
    result: Result<S::Value, E>,
) -> Result<S::Read, E> {
    let result = result.map(|value| slot.store(value, start));
    lead.end(if result.is_ok() {
        End::Again
    } else {
        End::Released
    });
    result
}

async fn turn<S: Slot>(slot: &S, by: By) -> Turn<'_, S::Read> {
    let clock = slot.clock();
    let deadline = clock.now().saturating_add(WAIT);
    for _ in 0..ROUNDS {
        match slot.gate().enter(by) {
            Entry::Alone => return Turn::Alone,
            Entry::Lead(lead) => return lead_unless_filled(slot, lead),
            Entry::Join(seat) => match seat.ended(clock.clone(), deadline).await {
                Some(End::Again) => {}
                Some(End::Released) | None => return Turn::Alone,
            },
        }
        if let Some(read) = slot.read() {
            return Turn::Ready(read);
        }
    }
    Turn::Alone
}

/// Another leader may have stored and left between the caller's look and its turn.
fn lead_unless_filled<'s, S: Slot>(slot: &'s S, lead: Lead<'s>) -> Turn<'s, S::Read> {
    match slot.read() {
        Some(read) => Turn::Ready(read),
        None => Turn::Lead(lead),
    }
}
