//! The low-level operations, async.
//!
//! In memory none of them waits, except the read-throughs for a computation; they are async
//! because other backends are.

use std::future::Future;

use super::blocking::{result_shape, value_shape};
use super::{Cache, or_shared};
use crate::error::Error;
use crate::event::Delivery;
use crate::key::IntoKey;
use crate::time::Ttl;
use crate::value::Portable;

/// Every key is taken as it is, byte for byte: `"post:7"` is what `key = "post:<id>"` renders for
/// 7, and [`key!`](crate::key!) renders one by the attribute's rules. Each operation fails with
/// [`ErrorKind::Key`](crate::ErrorKind::Key) for an empty key and with
/// [`ErrorKind::Ttl`](crate::ErrorKind::Ttl) for an unusable TTL; its own section names only
/// further errors. All are safe to drop at any await. A write that was dropped on its way, or failed
/// with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) or
/// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable), may still land. After what this process
/// invalidates or writes there later it is taken back; see [`Delivery::Queued`].
#[cfg_attr(
    not(feature = "remote"),
    expect(clippy::unused_async, reason = "async for the backends that wait")
)]
impl Cache {
    /// The value under the key, if it is fresh and of this type.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn get<V: Portable>(&self, key: impl IntoKey) -> Result<Option<V>, Error> {
        or_shared!(self, await shared.get(key));
        self.blocking().get(key)
    }

    /// The value under the key, or else `default`, which is not stored.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn get_or<V: Portable>(&self, key: impl IntoKey, default: V) -> Result<V, Error> {
        Ok(self.get(key).await?.unwrap_or(default))
    }

    /// The value under the key, computed and stored if there is none. Concurrent callers share one
    /// computation, and an invalidation overtakes it. Dropping the future hands the computation to a
    /// caller that waits for it. A `None` is stored as any value; a `Result` is not stored, see
    /// [`try_get_or_set`](Self::try_get_or_set).
    ///
    /// # Errors
    /// The key is empty or the TTL unusable; `compute` did not run then.
    pub async fn get_or_set<V, F, Fut>(
        &self,
        key: impl IntoKey,
        ttl: impl Into<Ttl>,
        compute: F,
    ) -> Result<V, Error>
    where
        V: Portable,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        let mut call = self.blocking().call(key, ttl)?;
        if let Some((value, _)) = call.hit(&value_shape()) {
            return Ok(value);
        }
        Ok(call.run_async(&value_shape(), compute).await.0)
    }

    /// [`get_or_set`](Self::get_or_set) for a computation that can fail; a failure is not stored.
    ///
    /// # Errors
    /// Those of `compute`, and an empty key or unusable TTL turned into them.
    pub async fn try_get_or_set<V, E, F, Fut>(
        &self,
        key: impl IntoKey,
        ttl: impl Into<Ttl>,
        compute: F,
    ) -> Result<V, E>
    where
        V: Portable,
        E: From<Error>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        let mut call = self.blocking().call(key, ttl)?;
        if let Some((value, _)) = call.hit(&result_shape()) {
            return value;
        }
        call.run_async(&result_shape(), compute).await.0
    }

    /// Stores a value, whatever was there, and detaches the computation under way. A zero TTL removes
    /// the key.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) for a value beyond the weight bound, and the
    /// key is empty then; [`ErrorKind::Unencodable`](crate::ErrorKind::Unencodable) if the value has to
    /// be measured and its `Serialize` fails.
    pub async fn set<V: Portable>(
        &self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        or_shared!(self, await shared.set(key, value, ttl));
        self.blocking().set(key, value, ttl)
    }

    /// Stores a value where none is. Whether none was, though with a TTL of zero, or in a cache that
    /// stores nothing, nothing is stored.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn add<V: Portable>(
        &self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<bool, Error> {
        or_shared!(self, await shared.add(key, value, ttl));
        self.blocking().add(key, value, ttl)
    }

    /// Destroys the value and detaches the computation under way: no call that begins after this
    /// returned is given an older value. Never waits for a computation.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn invalidate(&self, key: impl IntoKey) -> Result<Delivery, Error> {
        or_shared!(self, await shared.invalidate(key));
        self.blocking().invalidate(key)
    }

    /// [`invalidate`](Self::invalidate) that says whether a live value was there. On a shared backend
    /// that is a look before it: of two who delete at once, both may be told so.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn delete(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self, await shared.delete(key));
        self.blocking().delete(key)
    }

    /// Outdates every entry, and every computation under way, that carries the tag, in O(1).
    ///
    /// # Errors
    /// The tag is empty.
    pub async fn invalidate_tag(&self, tag: impl IntoKey) -> Result<Delivery, Error> {
        or_shared!(self, await shared.invalidate_tag(tag));
        self.blocking().invalidate_tag(tag)
    }

    /// Makes the value stale: it is no longer served as fresh, but a computation under way may still
    /// fill the key. Whether a live value was there. Use [`invalidate`](Self::invalidate) where
    /// freshness matters.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn expire(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self, await shared.expire(key));
        self.blocking().expire(key)
    }

    /// Whether a live value of any type is under the key.
    ///
    /// # Errors
    /// The key is empty.
    pub async fn contains(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self, await shared.contains(key));
        self.blocking().contains(key)
    }

    /// Gives a live value a new TTL from now. Whether there was one.
    ///
    /// # Errors
    /// The key is empty or the TTL unusable.
    pub async fn touch(&self, key: impl IntoKey, ttl: impl Into<Ttl>) -> Result<bool, Error> {
        or_shared!(self, await shared.touch(key, ttl));
        self.blocking().touch(key, ttl)
    }

    /// Drops every entry of this cache and detaches every computation under way; touches nobody
    /// else's keys.
    ///
    /// # Errors
    /// None in memory.
    pub async fn clear(&self) -> Result<Delivery, Error> {
        or_shared!(self, await shared.clear());
        self.blocking().clear();
        Ok(Delivery::Acknowledged)
    }

    /// The values under the keys, in their order.
    ///
    /// # Errors
    /// A key is empty.
    pub async fn get_many<V: Portable>(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<Vec<Option<V>>, Error> {
        or_shared!(self, await shared.get_many(keys));
        self.blocking().get_many(keys)
    }

    /// Stores several values, or none of them if one cannot be stored: its key is empty, or it
    /// cannot be encoded. After another error some may be stored.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn set_many<'v, V: Portable>(
        &self,
        entries: impl IntoIterator<Item = (impl IntoKey, &'v V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        or_shared!(self, await shared.set_many(entries, ttl));
        self.blocking().set_many(entries, ttl)
    }

    /// Deletes several keys; how many held a live value.
    ///
    /// # Errors
    /// A key is empty.
    pub async fn delete_many(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<usize, Error> {
        or_shared!(self, await shared.delete_many(keys));
        self.blocking().delete_many(keys)
    }
}
