//! What can go wrong, and when it is to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::ErrorKind;

/// An operation of a [`Backend`](crate::backend::Backend); of several at once it is one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the port's operations")]
pub enum Op {
    Read,
    Acquire,
    Fill,
    Renew,
    Release,
    Write,
    Invalidate,
    Scan,
    Now,
    Changed,
    Check,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Acquire,
        Self::Fill,
        Self::Renew,
        Self::Release,
        Self::Write,
        Self::Invalidate,
        Self::Scan,
        Self::Now,
        Self::Changed,
        Self::Check,
    ];
}

/// The operation alone, where several can be named.
impl IntoIterator for Op {
    type Item = Self;
    type IntoIter = std::iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It begins so much later.
    Delay(Duration),
    /// It fails at once, and nothing happens.
    Error(ErrorKind),
    /// It never answers, and nothing happens.
    Hang,
    /// It happens, and the answer never arrives.
    LoseReply,
    /// It happens, and the answer holds other cells than there are. For operations that answer
    /// with cells; the others stay truthful.
    Lie(Lie),
}

/// Which cells a lying backend answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Cut in half.
    Truncated,
    /// Bytes that never were a cell.
    Garbage,
    /// What stands under another key.
    Swapped,
    /// What stood there first. Nobody can tell it from the truth: a cache that is told this serves
    /// old values, so a backend must never do it.
    Old,
    /// One cell fewer than keys were asked for.
    Short,
}

/// The faults to come.
#[derive(Debug, Default)]
pub(super) struct Script(Mutex<[Plan; Op::ALL.len()]>);

/// The faults of one operation.
#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    calls: usize,
}

impl Script {
    pub(super) fn next(&self, op: Op, fault: Fault) {
        self.lock()[op as usize].next.push_back(fault);
    }

    pub(super) fn always(&self, op: Op, fault: Fault) {
        self.lock()[op as usize].always = Some(fault);
    }

    pub(super) fn clear(&self) {
        for plan in self.lock().iter_mut() {
            plan.next.clear();
            plan.always = None;
        }
    }

    pub(super) fn calls(&self, op: Op) -> usize {
        self.lock()[op as usize].calls
    }

    /// One more call; its fault.
    pub(super) fn begin(&self, op: Op) -> Option<Fault> {
        let plan = &mut self.lock()[op as usize];
        plan.calls += 1;
        plan.next.pop_front().or(plan.always)
    }

    fn lock(&self) -> MutexGuard<'_, [Plan; Op::ALL.len()]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
