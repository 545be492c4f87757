//! The end of one connection, as a signal that any number of operations can wait for.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::wait::first;
use crate::backend::port::Watchers;

/// Set once, when a connection has ended or is given up. Never unset: a new connection has its own.
#[derive(Debug, Default)]
pub(super) struct Lost {
    declared: AtomicBool,
    /// Whether anything can have been read over it.
    used: AtomicBool,
    bell: Notify,
    /// Who is told of changes over the connection, and of none from now on.
    watchers: Arc<Watchers>,
}

impl Lost {
    /// Of a connection over which these are told of changes.
    pub(super) fn of(watchers: &Arc<Watchers>) -> Self {
        Self {
            watchers: Arc::clone(watchers),
            ..Self::default()
        }
    }

    /// To be called before anybody is given the connection: an attempt that fails takes nothing
    /// from those who watch over others.
    pub(super) fn begin_use(&self) {
        self.used.store(true, Ordering::SeqCst);
    }

    /// Says that the connection is over, and wakes whoever waits on it.
    pub(super) fn declare(&self) {
        // In one order with the two others: who finds it not declared is seen to use it.
        if !self.declared.swap(true, Ordering::SeqCst) && self.used.load(Ordering::SeqCst) {
            self.watchers.missed();
        }
        self.bell.notify_waiters();
    }

    /// Whether it is over.
    pub(super) fn is_declared(&self) -> bool {
        self.declared.load(Ordering::SeqCst)
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
        first(async { Some(answer.await) }, async {
            self.wait().await;
            None
        })
        .await
    }
}
