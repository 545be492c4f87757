//! Invalidations that the backend has not acknowledged yet.
//!
//! They are kept and repeated for as long as the process lives, and until then nothing under their
//! names is read from the backend: a process may serve late, never an older value than it knows of.
//! The journal is bounded; beyond the bound the whole namespace is invalidated instead, which is
//! one name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many names are kept before the namespace takes their place.
const CAPACITY: usize = 65_536;

/// Names whose removal is still owed, with the number of the last request for it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    owed: Mutex<Owed>,
    /// The length of `owed`, for a look without the lock.
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Owed {
    names: HashMap<String, Debt>,
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct Debt {
    number: u64,
    /// Whether somebody is sending it now.
    sending: bool,
}

/// Some of the owed names, on their way to the backend.
#[derive(Debug)]
pub(super) struct Sending {
    names: Vec<(String, u64)>,
}

impl Sending {
    pub(super) fn names(&self) -> Vec<&str> {
        self.names.iter().map(|(name, _)| name.as_str()).collect()
    }
}

impl Journal {
    /// Notes that these names have to be removed. `everything` is the name that stands for all.
    /// The caller sends them itself, by what is returned.
    pub(super) fn owe(&self, names: Vec<String>, everything: &str) -> Sending {
        let mut owed = self.lock();
        let names = if owed.names.len() + names.len() > CAPACITY {
            owed.names.clear();
            vec![everything.to_owned()]
        } else {
            names
        };
        let sending = names
            .into_iter()
            .map(|name| {
                owed.next += 1;
                let number = owed.next;
                let debt = Debt {
                    number,
                    sending: true,
                };
                owed.names.insert(name.clone(), debt);
                (name, number)
            })
            .collect();
        self.note(&owed);
        Sending { names: sending }
    }

    /// The backend has removed them. A name that was asked for again meanwhile stays owed.
    pub(super) fn paid(&self, sending: &Sending) {
        let mut owed = self.lock();
        for (name, number) in &sending.names {
            let last = owed.names.get(name).map(|debt| debt.number);
            if last == Some(*number) {
                owed.names.remove(name);
            }
        }
        self.note(&owed);
    }

    /// They were not delivered, or nobody knows; they are to be sent again.
    pub(super) fn failed(&self, sending: &Sending) {
        let mut owed = self.lock();
        for (name, number) in &sending.names {
            if let Some(debt) = owed.names.get_mut(name)
                && debt.number == *number
            {
                debt.sending = false;
            }
        }
    }

    /// At most `most` of the names that nobody is sending, to be sent now.
    pub(super) fn take(&self, most: usize) -> Option<Sending> {
        let mut owed = self.lock();
        let idle = owed.names.iter_mut().filter(|(_, debt)| !debt.sending);
        let names: Vec<_> = idle
            .take(most)
            .map(|(name, debt)| {
                debt.sending = true;
                (name.clone(), debt.number)
            })
            .collect();
        (!names.is_empty()).then_some(Sending { names })
    }

    /// Whether the removal of any of these is still owed, so that it must not be read.
    #[inline]
    pub(super) fn blocks(&self, names: impl IntoIterator<Item: AsRef<str>>) -> bool {
        if self.len.load(Ordering::Acquire) == 0 {
            return false;
        }
        let owed = self.lock();
        let mut names = names.into_iter();
        names.any(|name| owed.names.contains_key(name.as_ref()))
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether nothing waits to be sent again.
    pub(super) fn is_idle(&self) -> bool {
        self.len() == 0 || self.lock().names.values().all(|debt| debt.sending)
    }

    fn note(&self, owed: &Owed) {
        self.len.store(owed.names.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owe(journal: &Journal, name: &str) -> Sending {
        journal.owe(vec![name.to_owned()], "all")
    }

    #[test]
    fn a_name_blocks_reads_until_its_last_request_is_paid() {
        let journal = Journal::default();
        let first = owe(&journal, "a");
        let second = owe(&journal, "a");
        journal.paid(&first);
        assert!(journal.blocks(["b", "a"]), "asked for again meanwhile");
        journal.paid(&second);
        assert!(!journal.blocks(["a"]));
        assert_eq!(journal.len(), 0);
    }

    #[test]
    fn what_failed_is_taken_again_and_only_once_at_a_time() {
        let journal = Journal::default();
        let sending = owe(&journal, "a");
        assert!(journal.take(10).is_none(), "its caller is sending it");
        journal.failed(&sending);
        let again = journal.take(10).expect("it is still owed");
        assert_eq!(again.names(), ["a"]);
        assert!(journal.take(10).is_none());
        journal.paid(&again);
        assert_eq!(journal.len(), 0);
    }

    #[test]
    fn beyond_the_bound_one_name_stands_for_all() {
        let journal = Journal::default();
        let names = (0..CAPACITY).map(|n| n.to_string()).collect();
        journal.owe(names, "all");
        assert_eq!(journal.len(), CAPACITY);
        let sending = owe(&journal, "one more");
        assert_eq!(sending.names(), ["all"]);
        assert_eq!(journal.len(), 1);
        assert!(journal.blocks(["all"]));
    }
}
