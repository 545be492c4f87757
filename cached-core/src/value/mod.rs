//! Which values can be cached, and what a function's return type stores.
//!
//! A return type is classified by traits, never by its spelling: an alias of `Result`, however
//! deep, is a `Result`. [`probe`] finds the class at the call site, [`Shaped`] acts on it.

mod bulk;
mod kind;
pub mod probe;
mod refused;
mod shaped;

#[cfg(feature = "remote")]
use crate::codec::{Codec, Encoded, Opened, Unencodable, Unreadable};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use bulk::Batched;
#[cfg(all(feature = "remote", feature = "testing"))]
pub(crate) use bulk::{Bulk, Item};
pub use kind::Absence;
#[cfg(all(feature = "remote", feature = "testing"))]
pub(crate) use kind::Opt;
pub(crate) use kind::Split;
pub(crate) use kind::{Outside, Res, Unshared, Whole};
pub use refused::{assert_local, assert_portable};
pub(crate) use shaped::Shaped;

/// Values that any backend can hold.
///
/// Implemented for everything that is `Clone + Send + Sync + 'static` and serialisable both ways.
/// A function whose value is not serialisable can be pinned to memory with `in_process`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached: it must be `Clone + Send + Sync + 'static`, \
               `serde::Serialize` and `serde::de::DeserializeOwned`",
    label = "this value cannot be stored in a cache",
    note = "to share it between processes: `#[derive(Clone, serde::Serialize, serde::Deserialize)]` \
            on the type, with `cargo add serde --features derive`",
    note = "to keep it in this process only: `#[cached(.., in_process)]`, which needs no serde, \
            only `Clone + Send + Sync + 'static`",
    note = "an iterator, stream, query builder, guard or `Rc` cannot be cached at all: return \
            `.collect::<Vec<_>>()`, the rows of `.fetch_all(..)`, an owned value (`String`, not \
            `str`) or an `Arc`"
)]
pub trait Portable: Clone + Send + Sync + 'static {
    /// About how much memory it takes, in bytes; `None` if its `Serialize` fails.
    #[doc(hidden)]
    fn memory_size(&self) -> Option<usize>;

    #[cfg(feature = "remote")]
    #[doc(hidden)]
    fn to_bytes(&self, codec: &Codec, schema: Option<&str>) -> Result<Encoded, Unencodable>;

    #[cfg(feature = "remote")]
    #[doc(hidden)]
    fn from_bytes(
        opened: &Opened<'_>,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Self, Unreadable>
    where
        Self: Sized;
}

#[diagnostic::do_not_recommend]
impl<T> Portable for T
where
    T: Clone + Send + Sync + 'static + Serialize + DeserializeOwned,
{
    fn memory_size(&self) -> Option<usize> {
        crate::weigh::memory_size(self)
    }

    #[cfg(feature = "remote")]
    fn to_bytes(&self, codec: &Codec, schema: Option<&str>) -> Result<Encoded, Unencodable> {
        codec.encode(self, schema)
    }

    #[cfg(feature = "remote")]
    fn from_bytes(
        opened: &Opened<'_>,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Self, Unreadable> {
        codec.decode(opened, schema)
    }
}

/// Values that the memory of one process can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached, not even in this process: it must be \
               `Clone + Send + Sync + 'static`",
    label = "this value cannot be stored in a cache",
    note = "derive `Clone` for it, or return it in an `Arc`",
    note = "an iterator, stream, query builder, guard or `Rc` cannot be cached at all: return \
            `.collect::<Vec<_>>()`, the rows of `.fetch_all(..)`, an owned value (`String`, not \
            `str`) or an `Arc`"
)]
pub trait Local: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Local for T {}

/// The requirement on a value: [`AnyBackend`] or [`InProcess`].
pub trait Storable<Reach> {
    /// The weight in bytes; `None` if it cannot be measured.
    fn weight(&self) -> Option<usize>;

    /// Whether values may leave the process.
    #[cfg(feature = "remote")]
    const TRAVELS: bool;

    /// The value as bytes.
    ///
    /// # Errors
    /// Its `Serialize` fails, or it is too large.
    #[cfg(feature = "remote")]
    fn encode(&self, codec: &Codec, schema: Option<&str>) -> Result<Encoded, Unencodable>;

    /// The value of these bytes.
    ///
    /// # Errors
    /// They are not a value of this type.
    #[cfg(feature = "remote")]
    fn decode(opened: &Opened<'_>, codec: &Codec, schema: Option<&str>) -> Result<Self, Unreadable>
    where
        Self: Sized;
}

/// The value must be able to go to any backend.
#[derive(Debug, Clone, Copy)]
pub struct AnyBackend;

/// The value stays in this process.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

impl<T: Portable> Storable<AnyBackend> for T {
    fn weight(&self) -> Option<usize> {
        self.memory_size()
    }

    #[cfg(feature = "remote")]
    const TRAVELS: bool = true;

    #[cfg(feature = "remote")]
    fn encode(&self, codec: &Codec, schema: Option<&str>) -> Result<Encoded, Unencodable> {
        self.to_bytes(codec, schema)
    }

    #[cfg(feature = "remote")]
    fn decode(
        opened: &Opened<'_>,
        codec: &Codec,
        schema: Option<&str>,
    ) -> Result<Self, Unreadable> {
        T::from_bytes(opened, codec, schema)
    }
}

impl<T: Local> Storable<InProcess> for T {
    fn weight(&self) -> Option<usize> {
        Some(size_of::<T>())
    }

    #[cfg(feature = "remote")]
    const TRAVELS: bool = false;

    #[cfg(feature = "remote")]
    fn encode(&self, _: &Codec, _: Option<&str>) -> Result<Encoded, Unencodable> {
        Err(Unencodable::SerializeFailed(
            "it stays in its process".into(),
        ))
    }

    #[cfg(feature = "remote")]
    fn decode(_: &Opened<'_>, _: &Codec, _: Option<&str>) -> Result<Self, Unreadable> {
        Err(Unreadable::OtherType)
    }
}
