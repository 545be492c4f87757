//! The shape of every return type: a kind, a way to share failures, a place to clone, a reach.

use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;
use std::sync::Arc;

use super::Storable;
use super::kind::{Kind, Share, Split, Take, Unshared};
#[cfg(feature = "remote")]
use crate::codec::{Codec, Encoded, Kind as Kept, Opened, Unencodable, Unreadable};
#[cfg(feature = "remote")]
use crate::entry::{Parted, Stored};
use crate::entry::{Payload, Sealed, Shape, Taken};

/// A [`Shape`] put together from what the probes found. Costs nothing but its weigher.
#[expect(clippy::type_complexity, reason = "only names the classes")]
pub struct Shaped<R, K, S, T, Reach, W = Serialized> {
    weigh: W,
    _classes: PhantomData<fn() -> (R, K, S, T, Reach)>,
}

impl<R, K, S, T, Reach> Shaped<R, K, S, T, Reach> {
    /// The shape of these classes.
    #[inline]
    pub fn new(_: K, _: S, _: T, _: Reach) -> Self {
        Self::of_classes()
    }

    #[inline]
    pub(crate) fn of_classes() -> Self {
        Self {
            weigh: Serialized,
            _classes: PhantomData,
        }
    }
}

impl<R, K, S, T, Reach, W> Shaped<R, K, S, T, Reach, W> {
    /// Joiners run the body themselves instead of sharing a failure.
    pub fn no_share_err(self) -> Shaped<R, K, Unshared, T, Reach, W> {
        Shaped {
            weigh: self.weigh,
            _classes: PhantomData,
        }
    }

    /// Weighs values by this function, in bytes.
    pub fn weigh<F>(self, weigh: F) -> Shaped<R, K, S, T, Reach, F>
    where
        K: Kind<R>,
        F: Fn(&K::Value) -> usize,
    {
        Shaped {
            weigh,
            _classes: PhantomData,
        }
    }

    /// What the kind stores, for the assertion that it can say "nothing was found".
    pub fn kind(&self) -> PhantomData<K> {
        PhantomData
    }
}

impl<R, K, S, T, Reach, W: Clone> Clone for Shaped<R, K, S, T, Reach, W> {
    fn clone(&self) -> Self {
        Self {
            weigh: self.weigh.clone(),
            _classes: PhantomData,
        }
    }
}

impl<R, K, S, T, Reach, W: Copy> Copy for Shaped<R, K, S, T, Reach, W> {}

impl<R, K, S, T, Reach, W> std::fmt::Debug for Shaped<R, K, S, T, Reach, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shaped<{}>", type_name::<R>())
    }
}

/// How heavy a value is.
pub trait Weigh<V, Reach> {
    /// The weight in bytes; `None` if it cannot be measured.
    fn weigh(&self, value: &V) -> Option<usize>;
}

/// Its size in memory, seen through its `Serialize`; in process, its size on the stack.
#[derive(Debug, Clone, Copy)]
pub struct Serialized;

impl<V: Storable<Reach>, Reach> Weigh<V, Reach> for Serialized {
    fn weigh(&self, value: &V) -> Option<usize> {
        value.weight()
    }
}

impl<V, Reach, F: Fn(&V) -> usize> Weigh<V, Reach> for F {
    fn weigh(&self, value: &V) -> Option<usize> {
        Some(self(value))
    }
}

impl<R, K, S, T, Reach, W> Shape for Shaped<R, K, S, T, Reach, W>
where
    K: Kind<R>,
    K::Value: Storable<Reach> + Clone + Send + Sync + 'static,
    S: Share<K::Error>,
    T: Take<K::Value>,
    W: Weigh<K::Value, Reach>,
{
    type Return = R;

    fn value_type(&self) -> TypeId {
        TypeId::of::<K::Value>()
    }

    fn value_name(&self) -> &'static str {
        type_name::<K::Value>()
    }

    #[inline]
    fn take(&self, payload: &Payload) -> Option<Taken<R>> {
        match payload {
            Payload::Value(stored) => Some(match T::take(stored)? {
                Ok(value) => Taken::Ready(K::value(value)),
                Err(payload) => Taken::Later(payload),
            }),
            Payload::Absent => K::absent().map(Taken::Ready),
        }
    }

    fn open(&self, payload: &Payload) -> Option<R> {
        match payload {
            Payload::Value(stored) => (**stored)
                .downcast_ref::<K::Value>()
                .map(|value| K::value(value.clone())),
            Payload::Absent => K::absent(),
        }
    }

    fn open_failure(&self, failure: &(dyn Any + Send + Sync)) -> Option<R> {
        S::unshare(failure).map(K::failed)
    }

    fn seal(&self, returned: R, weighed: bool) -> (Sealed, R) {
        match K::split(returned) {
            Split::Value(value) => {
                let weight = if weighed {
                    self.weigh.weigh(&value)
                } else {
                    Some(0)
                };
                let stored = Arc::new(value.clone());
                (Sealed::Value(stored, weight), K::value(value))
            }
            // A kind that splits off an absence can build one.
            Split::Absent => match K::absent() {
                Some(absent) => (Sealed::Absent, absent),
                None => unreachable!("`split` says Absent only where `absent` is Some"),
            },
            Split::Failed(error) => (Sealed::Failed(S::share(&error)), K::failed(error)),
        }
    }

    #[cfg(feature = "remote")]
    fn part(&self, returned: R) -> Parted<R> {
        match K::split(returned) {
            Split::Value(value) => Parted::Value(Payload::Value(Arc::new(value))),
            Split::Absent => Parted::Value(Payload::Absent),
            Split::Failed(error) => {
                let shared = S::share(&error);
                Parted::Failed(K::failed(error), shared)
            }
        }
    }

    #[cfg(feature = "remote")]
    fn reopen(&self, payload: Payload) -> R {
        let value = match payload {
            Payload::Absent => K::absent(),
            // The value itself if nobody joined, else a clone.
            Payload::Value(stored) => stored
                .downcast::<K::Value>()
                .ok()
                .map(|value| K::value(Arc::unwrap_or_clone(value))),
        };
        match value {
            Some(value) => value,
            None => unreachable!("`part` of the same shape made the payload"),
        }
    }

    #[cfg(feature = "remote")]
    #[inline]
    fn travels(&self) -> bool {
        <K::Value as Storable<Reach>>::TRAVELS
    }

    #[cfg(feature = "remote")]
    fn encode(
        &self,
        value: &Stored,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Encoded, Unencodable> {
        match (**value).downcast_ref::<K::Value>() {
            Some(value) => value.encode(codec, schema),
            None => Err(Unencodable::SerializeFailed("it is of another type".into())),
        }
    }

    #[cfg(feature = "remote")]
    fn decode(
        &self,
        opened: &Opened<'_>,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<R, Unreadable> {
        match opened.kind() {
            Kept::Absent => K::absent().ok_or(Unreadable::OtherType),
            _ => K::Value::decode(opened, codec, schema).map(K::value),
        }
    }

    fn is_disguised(&self) -> bool {
        K::is_disguised()
    }
}
