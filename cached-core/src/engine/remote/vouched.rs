//! Whether what was read may stay in memory: who vouches for it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Keep, Remote};
use crate::event::report;

/// What was heard of changes so far.
#[derive(Debug, Default)]
pub(super) struct Vouched {
    /// Whether any read was one whose changes are told.
    once: AtomicBool,
    /// Whether it was said that none is.
    said: AtomicBool,
}

impl Remote {
    /// Whether a read may stay of whose changes this process is `told`, or not.
    pub(super) fn may_stay(&self, keep: Keep, told: bool) -> bool {
        if told {
            if !self.vouched.once.load(Ordering::Relaxed) {
                self.vouched.once.store(true, Ordering::Relaxed);
            }
            return true;
        }
        if self.tells_of_others() {
            return false;
        }
        if !keep.is_stated() && !self.vouched.said.swap(true, Ordering::Relaxed) {
            report(&format!(
                "{}: nothing tells of changes there, so `l1` keeps nothing in memory and every hit \
                 is a question; on Redis allow the user `CLIENT TRACKING` and `CLIENT CACHING`, a \
                 backend of your own has to pass on `read_watched`; or state an age, as in `l1=2s`",
                self.backend.name()
            ));
        }
        keep.is_stated()
    }

    /// Whether the read was an exception, as of a key that is just moving. Its stamps are those of
    /// entries that are watched, which would be in use again by what nobody tells of.
    fn tells_of_others(&self) -> bool {
        let can = self.backend.capabilities();
        can.watches && can.pushes && self.vouched.once.load(Ordering::Relaxed)
    }
}
