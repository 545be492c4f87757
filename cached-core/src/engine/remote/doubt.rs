//! Explicit writes that may land after their caller has gone.
//!
//! A write that was dropped, or took longer than its caller waits, is carried out all the same, and
//! may be after an invalidation that was sent later: a database has the two on different
//! connections. A fill names the token that it replaces, and an invalidation takes that away; an
//! explicit write has nothing that would hold it back. So it goes on in the background, and until
//! its end an invalidation of its name stays owed, however it was answered, and is sent once more
//! then. Within this process nothing is read under the name meanwhile.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::timeout;

use super::Remote;
use super::carried::{Aftermath, Carried, LAST, Question};
use super::journal::Sending;
use crate::error::{Error, ErrorKind};

/// The names under which a write may still land.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    names: Mutex<HashMap<String, Doubt>>,
    /// The length of `names`, for a look without the lock.
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Doubt {
    writes: usize,
    /// What was acknowledged too early to count.
    owed: Option<Sending>,
}

impl Doubts {
    fn add(&self, names: &[String]) {
        let mut doubts = self.lock();
        for name in names {
            doubts.entry(name.clone()).or_default().writes += 1;
        }
        self.len.store(doubts.len(), Ordering::Release);
    }

    /// Writes under these names have ended; what is to be sent once more.
    fn settle(&self, names: &[String]) -> Vec<Sending> {
        let mut doubts = self.lock();
        let mut owed = Vec::new();
        for name in names {
            if let Some(doubt) = doubts.get_mut(name) {
                doubt.writes -= 1;
                if doubt.writes == 0 {
                    owed.extend(doubts.remove(name).and_then(|doubt| doubt.owed));
                }
            }
        }
        self.len.store(doubts.len(), Ordering::Release);
        owed
    }

    /// Keeps what is in doubt of this; the rest.
    fn keep(&self, sending: Sending) -> (Sending, bool) {
        if self.len.load(Ordering::Acquire) == 0 {
            return (sending, false);
        }
        let mut doubts = self.lock();
        let mut kept = false;
        let sure = sending.without(|name, alone| {
            let doubt = doubts.get_mut(name).map(|doubt| doubt.owed = Some(alone));
            kept |= doubt.is_some();
            doubt.is_some()
        });
        (sure, kept)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Doubt>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote {
    /// An explicit write under these names.
    pub(super) fn writing<T: Send + 'static>(
        self: &Arc<Self>,
        names: Vec<String>,
        write: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Carried<T, Writes> {
        let remote = Arc::clone(self);
        Carried::of(Writes { remote, names }, write)
    }

    /// The backend has removed what this names. Fails if something may still put it back.
    pub(super) fn acknowledged(&self, sending: Sending) -> Result<(), Error> {
        let (sure, kept) = self.doubts.keep(sending);
        self.journal.paid(&sure);
        if kept {
            let message = "an earlier write of this has not ended; it is invalidated again then";
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        Ok(())
    }
}

/// The names of a write.
pub(super) struct Writes {
    remote: Arc<Remote>,
    names: Vec<String>,
}

impl Aftermath for Writes {
    fn answered<T>(self, _: &Result<T, Error>) {}

    fn left<T: Send + 'static>(self, question: Question<T>) {
        self.remote.doubts.add(&self.names);
        let runtime = self.remote.runtime.clone();
        let left = Left(self);
        runtime.spawn(async move {
            // Whatever it is: what there was to write is written by now.
            let _ = timeout(LAST, question).await;
            drop(left);
        });
    }
}

/// A write without a caller, until its end.
struct Left(Writes);

impl Drop for Left {
    fn drop(&mut self) {
        let Writes { remote, names } = &self.0;
        for owed in remote.doubts.settle(names) {
            remote.journal.failed(&owed);
            remote.replay();
        }
    }
}
