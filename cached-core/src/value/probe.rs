//! Finding the class of a return type where it is written.
//!
//! Method lookup takes the first candidate whose receiver fits, so implementations for `&&Probe`
//! are preferred to those for `&Probe` when the call is made on `&&Probe`: specialisation by
//! reference depth. The depth in [`shape!`](crate::__private::shape) must match the deepest
//! implementation here; a test counts calls behind aliases, because a wrong depth would silently
//! pick the plain case.

use std::marker::PhantomData;
use std::sync::Arc;

pub use super::bulk::{Item, bulk_of, item_of, rows_of};
pub use super::refused::{ProbeRefused, ProbeStorable, storage_of};

use super::kind::{Bits, Cloned, Counted, Kind, Opt, Outside, Plain, Res, ResOpt, Unshared};

/// Asks about a return type.
#[derive(Debug)]
pub struct ReturnProbe<R>(PhantomData<fn() -> R>);

impl<R> ReturnProbe<R> {
    /// A probe of `R`.
    pub const NEW: Self = Self(PhantomData);
}

/// Deepest first: `Result<Option<T>, E>`.
pub trait ProbeResOpt {
    #[doc(hidden)]
    fn kind(&self) -> ResOpt {
        ResOpt
    }
}
impl<T, E> ProbeResOpt for &&ReturnProbe<Result<Option<T>, E>> {}

/// `Result<T, E>`.
pub trait ProbeRes {
    #[doc(hidden)]
    fn kind(&self) -> Res {
        Res
    }
}
impl<T, E> ProbeRes for &ReturnProbe<Result<T, E>> {}

/// `Option<T>`.
pub trait ProbeOpt {
    #[doc(hidden)]
    fn kind(&self) -> Opt {
        Opt
    }
}
impl<T> ProbeOpt for &ReturnProbe<Option<T>> {}

/// Everything else.
pub trait ProbePlain {
    #[doc(hidden)]
    fn kind(&self) -> Plain {
        Plain
    }
}
impl<R> ProbePlain for ReturnProbe<R> {}

/// Asks whether a failure can be shared.
#[derive(Debug)]
pub struct ErrorProbe<E>(PhantomData<fn() -> E>);

/// The probe of the failures of `R`.
#[inline]
pub fn error_of<R, K: Kind<R>>(_: K, _: ReturnProbe<R>) -> ErrorProbe<K::Error> {
    ErrorProbe(PhantomData)
}

/// Failures that can be cloned for every joiner.
pub trait ProbeCloned {
    #[doc(hidden)]
    fn sharing(&self) -> Cloned {
        Cloned
    }
}
impl<E: Clone + Send + Sync + 'static> ProbeCloned for &ErrorProbe<E> {}

/// Failures that cannot.
pub trait ProbeUnshared {
    #[doc(hidden)]
    fn sharing(&self) -> Unshared {
        Unshared
    }
}
impl<E> ProbeUnshared for ErrorProbe<E> {}

/// Asks where a value is cloned.
#[derive(Debug)]
pub struct ValueProbe<V>(PhantomData<fn() -> V>);

/// The probe of the values of `R`.
#[inline]
pub fn value_of<R, K: Kind<R>>(_: K, _: ReturnProbe<R>) -> ValueProbe<K::Value> {
    ValueProbe(PhantomData)
}

/// `Arc`.
pub trait ProbeCounted {
    #[doc(hidden)]
    fn taking(&self) -> Counted {
        Counted
    }
}
impl<T: ?Sized> ProbeCounted for &&ValueProbe<Arc<T>> {}

/// What is `Copy`.
pub trait ProbeCopy {
    #[doc(hidden)]
    fn taking(&self) -> Bits {
        Bits
    }
}
impl<T: Copy> ProbeCopy for &ValueProbe<T> {}

/// Everything else.
pub trait ProbeOutside {
    #[doc(hidden)]
    fn taking(&self) -> Outside {
        Outside
    }
}
impl<V> ProbeOutside for ValueProbe<V> {}
