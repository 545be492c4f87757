//! The end of one connection, as a signal that any number of operations can wait for.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::Notify;

/// Set once, when a connection has ended or is given up. Never unset: a new connection has its own.
#[derive(Debug, Default)]
pub(super) struct Lost {
    declared: AtomicBool,
    bell: Notify,
}

impl Lost {
    /// Says that the connection is over, and wakes whoever waits on it.
    pub(super) fn declare(&self) {
        self.declared.store(true, Ordering::Release);
        self.bell.notify_waiters();
    }

    /// Whether it is over.
    pub(super) fn is_declared(&self) -> bool {
        self.declared.load(Ordering::Acquire)
    }

    /// Ends when it is over.
    pub(super) async fn wait(&self) {
        // Made before the look at the flag, so that a bell between the two is heard.
        let rung = self.bell.notified();
        if !self.is_declared() {
            rung.await;
        }
    }

    /// What the future says, or `None` if the connection ends first.
    pub(super) async fn or<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = pin!(answer);
        let mut lost = pin!(self.wait());
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(Some(answer));
            }
            lost.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}
