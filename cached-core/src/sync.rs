//! What the engine, the tags and the memory tier synchronise with: the standard library, or, in a
//! model (`--cfg shuttle`), shuttle, which tries interleavings of them.
//!
//! Not here: counters that only hand out ids, one-time initialisers, and locks of statics that are
//! held for a moment and call nothing. A model could not reset them, and they order nothing.

#[cfg(all(feature = "remote", test, shuttle))]
pub(crate) use shuttle::sync::atomic::AtomicBool;
#[cfg(all(feature = "remote", not(all(test, shuttle))))]
pub(crate) use std::sync::atomic::AtomicBool;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64},
    thread::{Thread, current, park},
    thread_local,
};

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic::AtomicU64},
    thread::{Thread, current, park},
    thread_local,
};

/// Wakes, whatever the waker does: one that panics must neither end the thread that others wait
/// for nor keep the next one from being woken.
pub(crate) fn wake(waker: std::task::Waker) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
}
