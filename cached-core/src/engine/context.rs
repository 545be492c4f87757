//! The context a call is made in: which computation it is part of, which mutator surrounds it,
//! which scope it runs under.
//!
//! One frame per computation, entered per poll of a future and per sync call, so that it follows
//! tasks and never leaks into another one on the same thread.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use super::Engine;
use super::armed::Armed;
#[cfg(feature = "remote")]
use super::remote::StampId;
#[cfg(feature = "remote")]
use crate::key::Key;
use crate::sync::thread_local;
use crate::time::Clock;

/// What surrounds a call. Flat: a frame repeats what still holds of the frame around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// The flight whose computation this is part of.
    pub(crate) flight: Option<u64>,
    pub(crate) mode: Mode,
    /// The mutators around this, innermost first.
    pub(crate) armed: Option<Arc<Armed>>,
    /// The cache that stands in for the installed one.
    pub(crate) stand_in: Option<Arc<Engine>>,
}

/// What a scope asks of the calls in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Normal,
    /// Neither read nor store.
    Bypass,
    /// Compute anew and store.
    Refresh,
}

thread_local! {
    /// Whether there is a current frame; what a hit asks, in one load.
    static FRAMED: Cell<bool> = const { Cell::new(false) };
    static CURRENT: RefCell<Option<Arc<Frame>>> = const { RefCell::new(None) };
}

/// The frame of this call; `None` outside any computation, mutator and scope.
pub(crate) fn current() -> Option<Arc<Frame>> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// Whether a call runs outside of any frame: the common case, and the cheap question.
#[inline]
pub(crate) fn is_plain() -> bool {
    !FRAMED.with(Cell::get)
}

/// What the scopes and mutators around hide from whoever reads a shared backend.
#[cfg(feature = "remote")]
#[derive(Debug, Clone)]
pub(crate) struct Hidden(Option<Arc<Frame>>);

#[cfg(feature = "remote")]
impl Hidden {
    pub(crate) fn here() -> Self {
        Self(current())
    }

    /// Whether this key is: in a `bypass` scope, or by a mutator that is armed for it.
    pub(crate) fn key(&self, key: &Key) -> bool {
        let bypass = self.0.as_ref().is_some_and(|f| f.mode == Mode::Bypass);
        bypass || self.armed().is_some_and(|armed| armed.covers(key))
    }

    /// Whether an entry is that depends on these stamps.
    pub(crate) fn entry(&self, stamps: impl Iterator<Item = StampId>) -> bool {
        self.armed()
            .is_some_and(|armed| armed.covers_shared(stamps))
    }

    /// Whether what this process keeps in front of the backend may be taken.
    pub(crate) fn sees_near(&self) -> bool {
        let frame = self.0.as_ref();
        self.nothing() && frame.is_none_or(|frame| !frame.asks_the_backend())
    }

    /// Whether nothing is, whatever is there.
    pub(crate) fn nothing(&self) -> bool {
        let frame = self.0.as_ref();
        frame.is_none_or(|frame| frame.mode == Mode::Normal && frame.armed.is_none())
    }

    fn armed(&self) -> Option<&Arc<Armed>> {
        self.0.as_ref()?.armed.as_ref()
    }
}

/// The clock of this scope: the stand-in cache's, else the system's.
pub(crate) fn clock() -> Clock {
    let stand_in = current().and_then(|frame| frame.stand_in.clone());
    stand_in.map_or(Clock::System, |engine| engine.clock.clone())
}

impl Frame {
    /// Whether what is shared is asked for, whatever this process keeps in front of the backend:
    /// within a mutator, whose targets the backend's entry tells, and within a computation. What
    /// that reads becomes part of a value that all processes are given until its own TTL ends, and
    /// what is near may be older than what was invalidated before the computation began.
    #[cfg(feature = "remote")]
    pub(super) fn asks_the_backend(&self) -> bool {
        self.armed.is_some() || self.flight.is_some()
    }

    /// Whether a mutator around this still runs.
    pub(super) fn is_armed(&self) -> bool {
        self.armed.as_ref().is_some_and(|armed| armed.is_running())
    }

    /// A copy of the current frame, changed.
    pub(crate) fn derive(change: impl FnOnce(&mut Self)) -> Arc<Self> {
        let mut frame = current().map_or_else(Self::default, |frame| (*frame).clone());
        change(&mut frame);
        Arc::new(frame)
    }

    /// Makes this the current frame until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        Entered {
            before: swap(Some(Arc::clone(self))),
        }
    }

    /// Runs a future with this as the current frame of each of its polls.
    pub(crate) fn scope<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        self.scope_with(move || future)
    }

    /// Runs the future that `make` makes with this as the current frame of that and of each poll.
    ///
    /// A future that is moved into another one is in it twice, as what it was given and as what it
    /// polls; one that is made inside is there once. Nested functions would double at each level.
    pub(crate) async fn scope_with<F: Future>(
        self: Arc<Self>,
        make: impl FnOnce() -> F,
    ) -> F::Output {
        let mut future = pin!({
            let _entered = self.enter();
            make()
        });
        poll_fn(|cx| {
            let _entered = self.enter();
            future.as_mut().poll(cx)
        })
        .await
    }
}

fn swap(frame: Option<Arc<Frame>>) -> Option<Arc<Frame>> {
    FRAMED.with(|framed| framed.set(frame.is_some()));
    CURRENT
        .try_with(|current| current.replace(frame))
        .ok()
        .flatten()
}

/// Restores the frame before.
#[derive(Debug)]
#[must_use]
pub(crate) struct Entered {
    before: Option<Arc<Frame>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The frame left may own the last handle of a cache: drop it after the cell is free.
        let left = swap(self.before.take());
        drop(left);
    }
}
