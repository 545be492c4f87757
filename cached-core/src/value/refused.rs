//! The shape of a return type whose value cannot be stored: a program with one does not compile.
//!
//! It is there for the error messages. The attribute asks once, where the return type is written,
//! whether the value can be stored; everything else it emits is given this shape if it cannot, so
//! that the one answer stays the only one.

use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;

use super::kind::Kind;
use super::{Local, Portable, Shaped, Storable};
#[cfg(feature = "remote")]
use crate::codec::{Codec, Encoded, Opened, Unencodable, Unreadable};
#[cfg(feature = "remote")]
use crate::entry::{Parted, Stored};
use crate::entry::{Payload, Sealed, Shape, Taken};

/// Asks whether the values of `R` can be stored within `Reach`.
#[expect(clippy::type_complexity, reason = "only names the classes")]
#[derive(Debug)]
pub struct StorageProbe<R, K, V, Reach>(PhantomData<fn() -> (R, K, V, Reach)>);

/// The probe of the values of `R`.
#[inline]
pub fn storage_of<R, K: Kind<R>, Reach>(
    _: K,
    _: super::probe::ReturnProbe<R>,
    _: Reach,
) -> StorageProbe<R, K, K::Value, Reach> {
    StorageProbe(PhantomData)
}

/// Values that can be stored.
pub trait ProbeStorable<R, K, Reach> {
    #[doc(hidden)]
    #[inline]
    fn shape<S, T>(&self, _: S, _: T) -> Shaped<R, K, S, T, Reach> {
        Shaped::of_classes()
    }
}
impl<R, K, V, Reach> ProbeStorable<R, K, Reach> for &StorageProbe<R, K, V, Reach> where
    V: Storable<Reach> + Clone + Send + Sync
{
}

/// Values that cannot.
pub trait ProbeRefused<R, K> {
    #[doc(hidden)]
    fn shape<S, T>(&self, _: S, _: T) -> Refused<R, K> {
        Refused(PhantomData)
    }
}
impl<R, K, V, Reach> ProbeRefused<R, K> for StorageProbe<R, K, V, Reach> {}

/// The only place that asks for the bounds of a value that any backend can hold.
pub fn assert_portable<V: Portable>(_: super::probe::ValueProbe<V>) {}

/// The only place that asks for the bounds of a value that stays in this process.
pub fn assert_local<V: Local>(_: super::probe::ValueProbe<V>) {}

/// A shape that stores nothing.
pub struct Refused<R, K>(PhantomData<fn() -> (R, K)>);

impl<R, K> Refused<R, K> {
    /// As [`Shaped::no_share_err`].
    #[must_use]
    pub fn no_share_err(self) -> Self {
        self
    }

    /// As [`Shaped::weigh`].
    #[must_use]
    pub fn weigh<F>(self, _: F) -> Self
    where
        K: Kind<R>,
        F: Fn(&K::Value) -> usize,
    {
        self
    }

    /// As [`Shaped::kind`].
    #[must_use]
    pub fn kind(&self) -> PhantomData<K> {
        PhantomData
    }
}

impl<R, K> std::fmt::Debug for Refused<R, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Refused<{}>", type_name::<R>())
    }
}

impl<R, K> Shape for Refused<R, K> {
    type Return = R;

    fn value_type(&self) -> TypeId {
        TypeId::of::<()>()
    }

    fn value_name(&self) -> &'static str {
        type_name::<R>()
    }

    fn take(&self, _: &Payload) -> Option<Taken<R>> {
        None
    }

    fn open(&self, _: &Payload) -> Option<R> {
        None
    }

    fn open_failure(&self, _: &(dyn Any + Send + Sync)) -> Option<R> {
        None
    }

    fn seal(&self, returned: R, _: bool) -> (Sealed, R) {
        (Sealed::Failed(None), returned)
    }

    #[cfg(feature = "remote")]
    fn part(&self, returned: R) -> Parted<R> {
        Parted::Failed(returned, None)
    }

    #[cfg(feature = "remote")]
    fn reopen(&self, _: Payload) -> R {
        unreachable!("a program with a refused type does not compile")
    }

    #[cfg(feature = "remote")]
    fn travels(&self) -> bool {
        false
    }

    #[cfg(feature = "remote")]
    fn encode(&self, _: &Stored, _: &Codec, _: Option<&str>) -> Result<Encoded, Unencodable> {
        Err(Unencodable::SerializeFailed("it cannot be stored".into()))
    }

    #[cfg(feature = "remote")]
    fn decode(&self, _: &Opened<'_>, _: &Codec, _: Option<&str>) -> Result<R, Unreadable> {
        Err(Unreadable::OtherType)
    }
}
