//! Explicit writes that their callers have left and that may still land.
//!
//! Such a write is done or not, as it happens: the value that it puts there is as good as any, and
//! stays. Unless it was overtaken: this process has invalidated the key since, or written it anew, and
//! the write lands after that. Then it is taken back, and is nothing to this process until it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::landing::Named;
use crate::cell::Token;

/// By name: their tokens, and whether they were overtaken.
type Writes = HashMap<String, Vec<(Token, bool)>>;

#[derive(Debug, Default)]
pub(super) struct Unlanded {
    writes: Mutex<Writes>,
    /// The length of `writes`, for a look without the lock.
    len: AtomicUsize,
    /// How many were overtaken.
    overtaken: AtomicUsize,
}

impl Unlanded {
    pub(super) fn add(&self, cells: &Named) {
        let mut writes = self.lock();
        for (name, token) in cells {
            let of_name = writes.entry(name.clone()).or_default();
            of_name.push((*token, false));
        }
        self.len.store(writes.len(), Ordering::Release);
    }

    /// To be called before anything is sent that ends what is under these names. Tells which writes
    /// that overtakes; whether there are any under these names.
    pub(super) fn overtake<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        tell: impl Fn(Token),
    ) -> bool {
        if self.len.load(Ordering::Acquire) == 0 {
            return false;
        }
        let (mut writes, mut any) = (self.lock(), false);
        for name in names {
            for (token, overtaken) in writes.get_mut(name).into_iter().flatten() {
                any = true;
                if !std::mem::replace(overtaken, true) {
                    self.overtaken.fetch_add(1, Ordering::AcqRel);
                    tell(*token);
                }
            }
        }
        any
    }

    /// Those of these that were overtaken.
    pub(super) fn overtaken(&self, cells: &Named) -> Named {
        overtaken(&self.lock(), cells)
    }

    /// These have landed, or will not; those that were overtaken.
    pub(super) fn remove(&self, cells: &Named) -> Named {
        let mut writes = self.lock();
        let overtaken = overtaken(&writes, cells);
        for (name, token) in cells {
            if let Some(of_name) = writes.get_mut(name) {
                of_name.retain(|(known, _)| known != token);
                if of_name.is_empty() {
                    writes.remove(name);
                }
            }
        }
        self.len.store(writes.len(), Ordering::Release);
        self.overtaken.fetch_sub(overtaken.len(), Ordering::AcqRel);
        overtaken
    }

    /// How many were overtaken and have not ended.
    pub(super) fn overtaken_now(&self) -> usize {
        self.overtaken.load(Ordering::Acquire)
    }

    /// The names under which a write may still land.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn overtaken(writes: &Writes, cells: &Named) -> Named {
    let is_overtaken = |(name, token): &&(String, Token)| {
        let of_name = writes.get(name);
        of_name.is_some_and(|of_name| of_name.contains(&(*token, true)))
    };
    cells.iter().filter(is_overtaken).cloned().collect()
}
