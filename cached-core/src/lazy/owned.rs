//! The kind that hands out references: set once, reset through `&mut`.

use std::convert::Infallible;
use std::future::Future;
use std::sync::OnceLock;

use super::compute::{Slot, compute, compute_async};
use super::gate::Gate;
use super::{CachedProperty, sealed};
use crate::engine::clock;
use crate::time::Clock;

/// What an owned property is made of.
#[derive(Debug)]
pub struct OwnedCell<T> {
    value: OnceLock<T>,
    pub(super) gate: Gate,
}

impl<T> OwnedCell<T> {
    pub(super) const fn new() -> Self {
        Self {
            value: OnceLock::new(),
            gate: Gate::new(),
        }
    }
}

impl<T> sealed::Cell for OwnedCell<T> {
    fn is_computed(&self) -> bool {
        self.value.get().is_some()
    }

    fn clear(&mut self) {
        *self = Self::new();
    }
}

impl<'a, T> Slot for &'a OwnedCell<T> {
    type Value = T;
    type Read = &'a T;
    type Start = ();

    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn clock(&self) -> Clock {
        clock()
    }

    fn read(&self) -> Option<&'a T> {
        self.value.get()
    }

    fn start(&self) {}

    fn store(&self, value: T, (): ()) -> &'a T {
        self.value.get_or_init(|| value)
    }
}

impl<T> CachedProperty<T> {
    /// An empty property. In generic code, and for either kind, there is [`Default`].
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// static GREETING: CachedProperty<String> = CachedProperty::new();
    /// assert_eq!(GREETING.get_or_init(|| "hello".into()), "hello");
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::EMPTY
    }

    /// The value, if it is computed. Never computes and never waits.
    pub fn get(&self) -> Option<&T> {
        self.cell.value.get()
    }

    /// Gives the property a value, whatever it held before.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let mut total = CachedProperty::new();
    /// total.set(3);
    /// total.set(4);
    /// assert_eq!(total.get(), Some(&4));
    /// ```
    pub fn set(&mut self, value: T) {
        *self = Self::from(value);
    }

    /// Gives an empty property its value through a shared reference.
    ///
    /// # Errors
    ///
    /// Hands `value` back if the property is computed already.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let total = CachedProperty::new();
    /// assert_eq!(total.fill(3), Ok(()));
    /// assert_eq!(total.fill(4), Err(4));
    /// ```
    pub fn fill(&self, value: T) -> Result<(), T> {
        self.cell.value.set(value)
    }

    /// Empties the property: its next reader computes anew.
    pub fn reset(&mut self) {
        sealed::Cell::clear(&mut self.cell);
    }

    /// Empties the property and returns what it held.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).cell.value.into_inner()
    }

    /// The value, computed by `init` if the property is empty.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let total = CachedProperty::new();
    /// assert_eq!(total.get_or_init(|| 3), &3);
    /// assert_eq!(total.get_or_init(|| unreachable!()), &3);
    /// ```
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<_, Infallible>(init())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value, computed by `init` if the property is empty. An `Err` is not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    ///
    /// ```
    /// use cached_core::CachedProperty;
    ///
    /// let port = CachedProperty::new();
    /// assert!(port.get_or_try_init(|| "eighty".parse::<u16>()).is_err());
    /// assert_eq!(port.get_or_try_init(|| "80".parse::<u16>()), Ok(&80));
    /// ```
    pub fn get_or_try_init<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => compute(&&self.cell, init),
        }
    }

    /// The value, computed by the future of `init` if the property is empty.
    ///
    /// Runs on any runtime. When this future is dropped half-way, one of those that wait for it
    /// takes over.
    pub async fn get_or_init_async<F: Future<Output = T>>(&self, init: impl FnOnce() -> F) -> &T {
        let init = || async { Ok::<_, Infallible>(init().await) };
        match self.get_or_try_init_async(init).await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value, computed by the future of `init` if the property is empty. An `Err` is not kept.
    ///
    /// # Errors
    ///
    /// Those of `init`.
    pub async fn get_or_try_init_async<E, F: Future<Output = Result<T, E>>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => compute_async(&&self.cell, init).await,
        }
    }
}

/// A property that is computed already.
impl<T> From<T> for CachedProperty<T> {
    fn from(value: T) -> Self {
        Self {
            cell: OwnedCell {
                value: OnceLock::from(value),
                gate: Gate::new(),
            },
        }
    }
}
