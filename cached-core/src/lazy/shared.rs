//! The kind that hands out `Arc`s: it can be reset, and can grow old, while its value is in use.

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::compute::{Slot, compute, compute_async};
use super::gate::{Gate, lock};
use super::{CachedProperty, Shared, sealed};
use crate::engine::clock;
use crate::event::report;
use crate::time::{Clock, Lifetime, Millis, Ttl};

/// What a shared property is made of.
#[derive(Debug)]
pub struct SharedCell<T> {
    held: Mutex<Held<T>>,
    gate: Gate,
}

#[derive(Debug)]
struct Held<T> {
    kept: Option<Kept<T>>,
    /// How often a value was taken away; a computation that began before the last time is not kept.
    resets: u64,
}

#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    since: Millis,
    lifetime: Lifetime,
}

impl<T> SharedCell<T> {
    pub(super) const fn new() -> Self {
        Self {
            held: Mutex::new(Held {
                kept: None,
                resets: 0,
            }),
            gate: Gate::new(),
        }
    }

    /// Puts `kept` in the place of any value and of any computation under way.
    fn replace(&self, kept: Option<Kept<T>>) {
        let before = {
            let mut held = lock(&self.held);
            held.resets += 1;
            std::mem::replace(&mut held.kept, kept)
        };
        self.gate.detach();
        drop(before);
    }
}

impl<T> Held<T> {
    fn fresh(&self, lifetime: Lifetime) -> Option<Arc<T>> {
        let kept = self.kept.as_ref()?;
        let lifetime = lifetime.min(kept.lifetime);
        let fresh = lifetime == Lifetime::FOREVER || clock().now() < lifetime.deadline(kept.since);
        fresh.then(|| Arc::clone(&kept.value))
    }
}

impl<T> sealed::Cell for SharedCell<T> {
    fn is_computed(&self) -> bool {
        lock(&self.held).fresh(Lifetime::FOREVER).is_some()
    }

    fn clear(&mut self) {
        self.replace(None);
    }
}

impl<T> CachedProperty<T, Shared> {
    /// An empty property that hands out `Arc`s.
    ///
    /// ```
    /// use cached_core::{CachedProperty, Shared};
    ///
    /// struct Account { balance: CachedProperty<u64, Shared> }
    /// let account = Account { balance: CachedProperty::new_shared() };
    /// assert_eq!(*account.balance.get_or_init(|| 3), 3);
    /// ```
    #[must_use]
    pub const fn new_shared() -> Self {
        Self::EMPTY
    }

    /// The value, if it is computed and not older than the TTL it was stored with.
    pub fn get(&self) -> Option<Arc<T>> {
        self.forever().get()
    }

    /// Gives the property a value. A computation under way does not overwrite it.
    pub fn set(&self, value: T) {
        self.forever().set(value);
    }

    /// Empties the property: its next reader computes anew. A computation under way is not kept.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let rate = CachedProperty::new_shared();
    /// let old = rate.get_or_init(|| 3);
    /// rate.reset();
    /// assert_eq!((*old, *rate.get_or_init(|| 4)), (3, 4));
    /// ```
    pub fn reset(&self) {
        self.cell.replace(None);
    }

    /// The same property, for a reader that takes no value older than `ttl`.
    ///
    /// A TTL that cannot be used (negative, or too long to count) is reported once, and nothing is
    /// kept; [`Ttl::DEFAULT`] is 300 seconds.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let rate = CachedProperty::new_shared();
    /// assert_eq!(*rate.within(60).get_or_init(|| 3), 3);
    /// assert_eq!(*rate.within(60).get_or_init(|| 4), 3);
    /// assert_eq!(*rate.within(0).get_or_init(|| 5), 5);
    /// ```
    pub fn within(&self, ttl: impl Into<Ttl>) -> Within<'_, T> {
        Within {
            cell: &self.cell,
            lifetime: usable(ttl.into()),
        }
    }

    /// The value, computed by `init` if the property is empty.
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> Arc<T> {
        self.forever().get_or_init(init)
    }

    /// The value, computed by `init` if the property is empty. An `Err` is not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    pub fn get_or_try_init<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        self.forever().get_or_try_init(init)
    }

    /// The value, computed by the future of `init` if the property is empty.
    pub async fn get_or_init_async<F: Future<Output = T>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Arc<T> {
        self.forever().get_or_init_async(init).await
    }

    /// The value, computed by the future of `init` if the property is empty. An `Err` is not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    pub async fn get_or_try_init_async<E, F: Future<Output = Result<T, E>>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Result<Arc<T>, E> {
        self.forever().get_or_try_init_async(init).await
    }

    fn forever(&self) -> Within<'_, T> {
        self.within(Ttl::FOREVER)
    }
}

/// A shared property whose value must be younger than a TTL; see [`CachedProperty::within`].
#[derive(Debug)]
pub struct Within<'a, T> {
    cell: &'a SharedCell<T>,
    lifetime: Lifetime,
}

impl<T> Within<'_, T> {
    /// The value, if it is computed and young enough.
    pub fn get(&self) -> Option<Arc<T>> {
        lock(&self.cell.held).fresh(self.lifetime)
    }

    /// Gives the property a value that nobody is served for longer than this TTL.
    pub fn set(&self, value: T) {
        self.cell.replace(Some(self.keep(Arc::new(value))));
    }

    /// The value, computed by `init` if there is none or it is too old.
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> Arc<T> {
        match self.get_or_try_init(|| Ok::<_, Infallible>(init())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value, computed by `init` if there is none or it is too old. An `Err` is not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    pub fn get_or_try_init<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => compute(self, init),
        }
    }

    /// The value, computed by the future of `init` if there is none or it is too old.
    pub async fn get_or_init_async<F: Future<Output = T>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Arc<T> {
        let init = || async { Ok::<_, Infallible>(init().await) };
        match self.get_or_try_init_async(init).await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value, computed by the future of `init` if there is none or it is too old. An `Err` is
    /// not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    pub async fn get_or_try_init_async<E, F: Future<Output = Result<T, E>>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Result<Arc<T>, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => compute_async(self, init).await,
        }
    }

    fn keep(&self, value: Arc<T>) -> Kept<T> {
        Kept {
            value,
            since: clock().now(),
            lifetime: self.lifetime,
        }
    }
}

impl<T> Slot for Within<'_, T> {
    type Value = T;
    type Read = Arc<T>;
    type Start = u64;

    fn gate(&self) -> &Gate {
        &self.cell.gate
    }

    fn clock(&self) -> Clock {
        clock()
    }

    fn read(&self) -> Option<Arc<T>> {
        self.get()
    }

    fn start(&self) -> u64 {
        lock(&self.cell.held).resets
    }

    fn store(&self, value: T, resets: u64) -> Arc<T> {
        let value = Arc::new(value);
        let kept = self.keep(Arc::clone(&value));
        let mut held = lock(&self.cell.held);
        if held.resets != resets {
            return value;
        }
        if let Some(first) = held.fresh(self.lifetime) {
            return first;
        }
        let before = held.kept.replace(kept);
        drop(held);
        drop(before);
        value
    }
}

fn usable(ttl: Ttl) -> Lifetime {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    ttl.resolve(Lifetime(300_000)).unwrap_or_else(|error| {
        if !REPORTED.swap(true, Ordering::Relaxed) {
            report(&format!("a property is not kept: {error}"));
        }
        Lifetime(0)
    })
}
