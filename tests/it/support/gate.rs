//! A gate that bodies wait at.

#![allow(dead_code)] // whoever includes it uses what it needs

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Longer than anything here takes; a test that hangs fails after it.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// Where bodies wait until the test lets them go on.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<Passage>, Condvar)>);

#[derive(Default)]
struct Passage {
    open: bool,
    entered: usize,
    wakers: Vec<Waker>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Passage> {
        self.0.0.lock().expect("no test panics under this lock")
    }

    /// Waits here, on this thread.
    pub(crate) fn pass(&self) {
        self.enter();
        let closed = |passage: &mut Passage| !passage.open;
        let (_passage, timeout) = self
            .0
            .1
            .wait_timeout_while(self.lock(), HANG, closed)
            .expect("see lock");
        assert!(!timeout.timed_out(), "nobody opened the gate");
    }

    /// Waits here, as a future.
    pub(crate) async fn passed(&self) {
        self.enter();
        poll_fn(|cx| {
            let mut passage = self.lock();
            if passage.open {
                return Poll::Ready(());
            }
            passage.wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn enter(&self) {
        self.lock().entered += 1;
        self.0.1.notify_all();
    }

    /// Bodies wait again.
    pub(crate) fn close(&self) {
        self.lock().open = false;
    }

    pub(crate) fn open(&self) {
        self.lock().open = true;
        self.0.1.notify_all();
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many came here so far.
    pub(crate) fn entered(&self) -> usize {
        self.lock().entered
    }

    /// [`await_entered`](Self::await_entered) for those who come on this thread.
    pub(crate) async fn await_entered_async(&self, count: usize) {
        while self.entered() < count {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until so many came here.
    #[track_caller]
    pub(crate) fn await_entered(&self, count: usize) {
        let fewer = |passage: &mut Passage| passage.entered < count;
        let (_passage, timeout) = self
            .0
            .1
            .wait_timeout_while(self.lock(), HANG, fewer)
            .expect("see lock");
        assert!(!timeout.timed_out(), "fewer than {count} came to the gate");
    }
}
