//! The classes a return type can be in: what it stores, how its failures are shared, how its value
//! is cloned.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use crate::entry::{Payload, Stored};

/// A return value taken apart.
#[derive(Debug)]
pub enum Split<V, E> {
    /// Something to store.
    Value(V),
    /// Nothing was found.
    Absent,
    /// A failure.
    Failed(E),
}

/// How a return type `R` maps to a value.
pub trait Kind<R>: Copy {
    /// What is stored.
    type Value;
    /// What is not.
    type Error;

    /// Takes a return value apart.
    fn split(returned: R) -> Split<Self::Value, Self::Error>;
    /// The return value for a stored value.
    fn value(value: Self::Value) -> R;
    /// The return value for "nothing was found"; `None` where the type cannot say so.
    fn absent() -> Option<R>;
    /// The return value for a failure.
    fn failed(error: Self::Error) -> R;
    /// Whether `R` is a `Result` or `Option` after all, hidden from the probe.
    fn is_disguised() -> bool {
        false
    }
}

/// Every value counts.
#[derive(Debug, Clone, Copy)]
pub struct Plain;
/// Every value counts, an `Option`'s `None` as well: so says whoever asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole;
/// `Option<T>`: `Some` is stored.
#[derive(Debug, Clone, Copy)]
pub struct Opt;
/// `Result<T, E>`: `Ok` is stored.
#[derive(Debug, Clone, Copy)]
pub struct Res;
/// `Result<Option<T>, E>`: `Ok(Some)` is stored, `Ok(None)` counts as `None`.
#[derive(Debug, Clone, Copy)]
pub struct ResOpt;

/// A kind that stores what it is given as it is. Types whose names begin so are refused: their
/// failures would be served as values.
macro_rules! stored_as_it_is {
    ($kind:ty, refusing $($hidden:literal),+) => {
        impl<R> Kind<R> for $kind {
            type Value = R;
            type Error = Infallible;

            fn split(returned: R) -> Split<R, Infallible> {
                Split::Value(returned)
            }
            fn value(value: R) -> R {
                value
            }
            fn absent() -> Option<R> {
                None
            }
            fn failed(error: Infallible) -> R {
                match error {}
            }
            fn is_disguised() -> bool {
                let name = std::any::type_name::<R>();
                [$($hidden),+].iter().any(|hidden| name.starts_with(hidden))
            }
        }
    };
}

stored_as_it_is!(Plain, refusing "core::result::Result<", "core::option::Option<");
stored_as_it_is!(Whole, refusing "core::result::Result<");

impl<T> Kind<Option<T>> for Opt {
    type Value = T;
    type Error = Infallible;

    fn split(returned: Option<T>) -> Split<T, Infallible> {
        returned.map_or(Split::Absent, Split::Value)
    }
    fn value(value: T) -> Option<T> {
        Some(value)
    }
    fn absent() -> Option<Option<T>> {
        Some(None)
    }
    fn failed(error: Infallible) -> Option<T> {
        match error {}
    }
}

impl<T, E> Kind<Result<T, E>> for Res {
    type Value = T;
    type Error = E;

    fn split(returned: Result<T, E>) -> Split<T, E> {
        returned.map_or_else(Split::Failed, Split::Value)
    }
    fn value(value: T) -> Result<T, E> {
        Ok(value)
    }
    fn absent() -> Option<Result<T, E>> {
        None
    }
    fn failed(error: E) -> Result<T, E> {
        Err(error)
    }
}

impl<T, E> Kind<Result<Option<T>, E>> for ResOpt {
    type Value = T;
    type Error = E;

    fn split(returned: Result<Option<T>, E>) -> Split<T, E> {
        match returned {
            Ok(Some(value)) => Split::Value(value),
            Ok(None) => Split::Absent,
            Err(error) => Split::Failed(error),
        }
    }
    fn value(value: T) -> Result<Option<T>, E> {
        Ok(Some(value))
    }
    fn absent() -> Option<Result<Option<T>, E>> {
        Some(Ok(None))
    }
    fn failed(error: E) -> Result<Option<T>, E> {
        Err(error)
    }
}

/// The classes that can say "nothing was found".
#[diagnostic::on_unimplemented(
    message = "`ttl_none` is for functions that return an `Option` or a `Result<Option<_>, _>`",
    label = "this return type has no `None` to remember",
    note = "leave `ttl_none` out, or return an `Option`"
)]
pub trait Absence {}
impl Absence for Opt {}
impl Absence for ResOpt {}

/// How a failure reaches joiners.
pub trait Share<E>: Copy {
    /// A form that several callers can have; `None` if there is none.
    fn share(error: &E) -> Option<Stored>;
    /// The failure again; `None` if it is of another type.
    fn unshare(shared: &(dyn Any + Send + Sync)) -> Option<E>;
}

/// The failure stays with its caller.
#[derive(Debug, Clone, Copy)]
pub struct Unshared;
/// Every joiner gets a clone.
#[derive(Debug, Clone, Copy)]
pub struct Cloned;

impl<E> Share<E> for Unshared {
    fn share(_: &E) -> Option<Stored> {
        None
    }
    fn unshare(_: &(dyn Any + Send + Sync)) -> Option<E> {
        None
    }
}

impl<E: Clone + Send + Sync + 'static> Share<E> for Cloned {
    fn share(error: &E) -> Option<Stored> {
        Some(Arc::new(error.clone()))
    }
    fn unshare(shared: &(dyn Any + Send + Sync)) -> Option<E> {
        shared.downcast_ref::<E>().cloned()
    }
}

/// Where a stored value is cloned for a reader.
pub trait Take<V>: Copy {
    /// Under the lock: the value, or the payload to clone from after the lock. `None` if it is of
    /// another type.
    fn take(stored: &Stored) -> Option<Result<V, Payload>>;
}

/// Copied under the lock, if it is at most 16 bytes large. Copies bits, never runs `Clone`.
#[derive(Debug, Clone, Copy)]
pub struct Bits;
/// An `Arc`, cloned under the lock.
#[derive(Debug, Clone, Copy)]
pub struct Counted;
/// Cloned after the lock, because cloning runs the user's code.
#[derive(Debug, Clone, Copy)]
pub struct Outside;

/// The largest value that is copied under the lock, in bytes.
const SMALL: usize = 16;

impl<V: Copy + 'static> Take<V> for Bits {
    #[inline]
    fn take(stored: &Stored) -> Option<Result<V, Payload>> {
        if size_of::<V>() > SMALL {
            return Outside::take(stored);
        }
        (**stored).downcast_ref::<V>().copied().map(Ok)
    }
}

impl<T: ?Sized> Take<Arc<T>> for Counted
where
    Arc<T>: 'static,
{
    #[inline]
    fn take(stored: &Stored) -> Option<Result<Arc<T>, Payload>> {
        (**stored).downcast_ref::<Arc<T>>().cloned().map(Ok)
    }
}

impl<V: 'static> Take<V> for Outside {
    #[inline]
    fn take(stored: &Stored) -> Option<Result<V, Payload>> {
        (**stored)
            .is::<V>()
            .then(|| Err(Payload::Value(Arc::clone(stored))))
    }
}
