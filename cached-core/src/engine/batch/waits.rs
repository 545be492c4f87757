//! The computations of others that a batch waits for.
//!
//! All of them are polled by one task, so each poll costs as many steps as there are waits: while a
//! body runs they are polled only when one of them woke the task, not whenever the body did.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::open::Open;
use crate::engine::lease::{Heard, Waiting};
#[cfg(feature = "remote")]
use crate::engine::remote::Leased;
use crate::time::Millis;

/// Waits by the number of their item.
#[derive(Default)]
pub(super) struct Waits(Vec<(usize, For)>);

/// What an item waits for.
#[cfg_attr(
    feature = "remote",
    expect(clippy::large_enum_variant, reason = "most are flights")
)]
enum For {
    /// A computation of this process.
    Flight(Waiting),
    /// One of another process.
    #[cfg(feature = "remote")]
    Lease(Leased),
}

/// How a wait ended.
#[cfg_attr(
    feature = "remote",
    expect(clippy::large_enum_variant, reason = "moved once per wait")
)]
pub(super) enum End {
    Flight((Heard, Millis)),
    /// The lease of another process is gone, or the time for waiting is over.
    #[cfg(feature = "remote")]
    Lease(bool),
}

impl For {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        match self {
            Self::Flight(waiting) => Pin::new(waiting).poll(cx).map(End::Flight),
            #[cfg(feature = "remote")]
            Self::Lease(leased) => leased.as_mut().poll(cx).map(End::Lease),
        }
    }
}

impl Waits {
    pub(super) fn push(&mut self, item: usize, waiting: Waiting) {
        self.0.push((item, For::Flight(waiting)));
    }

    #[cfg(feature = "remote")]
    pub(super) fn push_leased(&mut self, item: usize, leased: Leased) {
        self.0.push((item, For::Lease(leased)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Polls all of them; takes out those that ended.
    fn poll(&mut self, cx: &mut Context<'_>, mut heard: impl FnMut(usize, End)) {
        self.0.retain_mut(|(item, waiting)| match waiting.poll(cx) {
            Poll::Ready(end) => {
                heard(*item, end);
                false
            }
            Poll::Pending => true,
        });
    }

    /// Waits until one of them ends, and opens the items of all that did.
    pub(super) async fn next(&mut self, open: &mut Open<'_>) {
        poll_fn(|cx| {
            let mut any = false;
            self.poll(cx, |item, end| {
                any = true;
                open.hear(item, end);
            });
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Runs a computation. A lead that is offered meanwhile is passed on: whoever else waits for
    /// it need not wait for this computation. Its id is decided upon again when that has ended,
    /// and by then it may have a value.
    pub(super) async fn beside<F: Future>(
        &mut self,
        computing: F,
        open: &mut Open<'_>,
    ) -> F::Output {
        let mut computing = pin!(computing);
        let told = Arc::new(Told::default());
        poll_fn(|cx| {
            if let Poll::Ready(returned) = computing.as_mut().poll(cx) {
                return Poll::Ready(returned);
            }
            // Not at every poll of the body: there may be thousands.
            if !self.is_empty() && told.is_news(cx) {
                let waker = Waker::from(Arc::clone(&told));
                self.poll(&mut Context::from_waker(&waker), |item, end| {
                    open.hear_beside(item, end);
                });
            }
            Poll::Pending
        })
        .await
    }
}

/// Wakes a task, and remembers why.
#[derive(Default)]
struct Told {
    /// Whether the waits were polled, and nothing woke them since.
    quiet: AtomicBool,
    task: std::sync::Mutex<Option<Waker>>,
}

impl Told {
    /// Whether something woke the waits since this was asked last. Wakes the present task from now
    /// on.
    fn is_news(&self, cx: &Context<'_>) -> bool {
        let waker = cx.waker().clone();
        let before = self.lock().replace(waker);
        drop(before);
        !self.quiet.swap(true, Ordering::AcqRel)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.task
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.quiet.store(false, Ordering::Release);
        let task = self.lock().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}
