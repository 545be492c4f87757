//! The low-level operations, for sync callers. In memory none waits, except the read-throughs for
//! a computation.

use super::{Cache, HANDLE, or_shared};
use crate::engine::{Call, New};
use crate::entry::Payload;
use crate::error::{Error, ErrorKind};
use crate::event::{Counter, Delivery, count};
use crate::key::{IntoKey, Key};
use crate::tag::Stamps;
use crate::time::{Lifetime, Ttl};
use crate::value::{AnyBackend, Outside, Portable, Res, Shaped, Unshared, Whole};
use std::sync::Arc;

pub(super) type ValueShape<V> = Shaped<V, Whole, Unshared, Outside, AnyBackend>;
pub(super) type ResultShape<V, E> = Shaped<Result<V, E>, Res, Unshared, Outside, AnyBackend>;

pub(super) fn value_shape<V>() -> ValueShape<V> {
    Shaped::of_classes()
}

pub(super) fn result_shape<V, E>() -> ResultShape<V, E> {
    Shaped::of_classes()
}

/// The operations of a [`Cache`] for sync callers; made by [`Cache::blocking`].
///
/// Keys are taken as they are, byte for byte: `"post:7"` is what `key = "post:<id>"` renders for
/// 7. Each operation fails with [`ErrorKind::Key`] for an empty key and with [`ErrorKind::Ttl`] for
/// an unusable TTL; its own section names only further errors.
#[derive(Debug, Clone, Copy)]
pub struct BlockingCache<'c> {
    pub(super) cache: &'c Cache,
}

impl<'c> BlockingCache<'c> {
    pub(super) fn new(cache: &'c Cache) -> Self {
        Self { cache }
    }

    pub(super) fn key(&self, key: impl IntoKey) -> Result<Key, Error> {
        self.cache.key_of(key)
    }

    pub(super) fn lifetime(&self, ttl: impl Into<Ttl>) -> Result<Lifetime, Error> {
        ttl.into().resolve(self.cache.engine.default_ttl())
    }

    /// A read-through of one key, checked.
    pub(super) fn call(&self, key: impl IntoKey, ttl: impl Into<Ttl>) -> Result<Call<'c>, Error> {
        let (key, ttl) = (self.key(key)?, ttl.into());
        self.lifetime(ttl)?;
        Ok(Call::with_key(&HANDLE, Ok(key))
            .ttl(ttl)
            .on(&self.cache.engine))
    }

    /// The value under the key, if it is fresh and of this type.
    ///
    /// # Errors
    /// The key is empty.
    pub fn get<V: Portable>(&self, key: impl IntoKey) -> Result<Option<V>, Error> {
        or_shared!(self.cache, block shared.get(key));
        // The handle states no TTL of its own when it reads: the writer's counts.
        let hit = self.call(key, Ttl::FOREVER)?.peek(&value_shape());
        if hit.is_none() {
            count(HANDLE.number(), Counter::Miss);
        }
        Ok(hit.map(|(value, _)| value))
    }

    /// The value under the key, or else `default`, which is not stored.
    ///
    /// # Errors
    /// The key is empty.
    pub fn get_or<V: Portable>(&self, key: impl IntoKey, default: V) -> Result<V, Error> {
        Ok(self.get(key)?.unwrap_or(default))
    }

    /// The value under the key, computed and stored if there is none. Concurrent callers share one
    /// computation, and an invalidation overtakes it. A `None` is stored as any value; a `Result` is
    /// not stored, see [`try_get_or_set`](Self::try_get_or_set).
    ///
    /// # Errors
    /// The key is empty or the TTL unusable; `compute` did not run then.
    ///
    /// # Panics
    /// As `compute` does; callers that wait for it compute for themselves.
    pub fn get_or_set<V: Portable>(
        &self,
        key: impl IntoKey,
        ttl: impl Into<Ttl>,
        compute: impl FnOnce() -> V,
    ) -> Result<V, Error> {
        let mut call = self.call(key, ttl)?;
        let hit = call.hit(&value_shape());
        Ok(hit.unwrap_or_else(|| call.run(&value_shape(), compute)).0)
    }

    /// [`get_or_set`](Self::get_or_set) for a computation that can fail; a failure is not stored.
    ///
    /// # Errors
    /// Those of `compute`, and an empty key or unusable TTL turned into them.
    pub fn try_get_or_set<V: Portable, E: From<Error>>(
        &self,
        key: impl IntoKey,
        ttl: impl Into<Ttl>,
        compute: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let mut call = self.call(key, ttl)?;
        let hit = call.hit(&result_shape());
        hit.unwrap_or_else(|| call.run(&result_shape(), compute)).0
    }

    pub(super) fn new_value<V: Portable>(
        &self,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<New, Error> {
        let weight = if self.cache.engine.is_weighed() {
            value.memory_size().ok_or_else(unencodable)?
        } else {
            0
        };
        Ok(New {
            payload: Payload::Value(Arc::new(value.clone())),
            weight: weight as u64,
            lifetime: self.lifetime(ttl)?,
            stamps: Stamps::default(),
            keeps: None,
        })
    }

    /// Whether the value would be kept, if it fits.
    fn keeps(&self, new: &New) -> bool {
        self.cache.engine.keeps() && !new.lifetime.is_zero()
    }

    /// Stores a value, whatever was there, and detaches the computation under way. A zero TTL
    /// removes the key.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] for a value beyond the weight bound, and the key is empty then;
    /// [`ErrorKind::Unencodable`] if the value has to be measured and its `Serialize` fails.
    pub fn set<V: Portable>(
        &self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        or_shared!(self.cache, block shared.set(key, value, ttl));
        let (key, new) = (self.key(key)?, self.new_value(value, ttl)?);
        self.put(&key, new)
    }

    fn put(&self, key: &Key, new: New) -> Result<(), Error> {
        let keeps = self.keeps(&new);
        match self.cache.engine.set(key, new) || !keeps {
            true => Ok(()),
            false => Err(too_large(key)),
        }
    }

    /// Stores a value where none is. Whether none was, though with a TTL of zero, or in a cache that
    /// stores nothing, nothing is stored.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn add<V: Portable>(
        &self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<bool, Error> {
        or_shared!(self.cache, block shared.add(key, value, ttl));
        let (key, new) = (self.key(key)?, self.new_value(value, ttl)?);
        if new.lifetime.is_zero() {
            return Ok(!self.cache.engine.contains(&key));
        }
        let keeps = self.keeps(&new);
        match self.cache.engine.add(&key, new) {
            Some(false) if keeps => Err(too_large(&key)),
            // What keeps nothing had room for it.
            free => Ok(free.is_some()),
        }
    }

    /// Destroys the value and detaches the computation under way.
    ///
    /// # Errors
    /// The key is empty.
    pub fn invalidate(&self, key: impl IntoKey) -> Result<Delivery, Error> {
        or_shared!(self.cache, block shared.invalidate(key));
        self.delete(key)?;
        Ok(Delivery::Acknowledged)
    }

    /// [`invalidate`](Self::invalidate) that says whether a live value was there. On a shared backend
    /// that is a look before it: of two who delete at once, both may be told so.
    ///
    /// # Errors
    /// The key is empty.
    pub fn delete(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self.cache, block shared.delete(key));
        let key = self.key(key)?;
        Ok(self.cache.engine.invalidate(&key, None))
    }

    /// Outdates every entry, and every computation under way, that carries the tag.
    ///
    /// # Errors
    /// The tag is empty.
    pub fn invalidate_tag(&self, tag: impl IntoKey) -> Result<Delivery, Error> {
        or_shared!(self.cache, block shared.invalidate_tag(tag));
        let tag = self.cache.tag_of(tag)?;
        self.cache.engine.invalidate_tag(&tag, None);
        Ok(Delivery::Acknowledged)
    }

    /// Makes the value stale: it is no longer served as fresh, but a computation under way may
    /// still fill the key. Whether a live value was there. Use [`invalidate`](Self::invalidate)
    /// where freshness matters.
    ///
    /// # Errors
    /// The key is empty.
    pub fn expire(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self.cache, block shared.expire(key));
        let key = self.key(key)?;
        Ok(self.cache.engine.expire(&key))
    }

    /// Whether a live value of any type is under the key.
    ///
    /// # Errors
    /// The key is empty.
    pub fn contains(&self, key: impl IntoKey) -> Result<bool, Error> {
        or_shared!(self.cache, block shared.contains(key));
        let key = self.key(key)?;
        Ok(self.cache.engine.contains(&key))
    }

    /// Gives a live value a new TTL from now. Whether there was one.
    ///
    /// # Errors
    /// The key is empty or the TTL unusable.
    pub fn touch(&self, key: impl IntoKey, ttl: impl Into<Ttl>) -> Result<bool, Error> {
        or_shared!(self.cache, block shared.touch(key, ttl));
        let (key, lifetime) = (self.key(key)?, self.lifetime(ttl)?);
        Ok(self.cache.engine.touch(&key, lifetime))
    }

    /// Drops every entry of this cache and detaches every computation under way.
    pub fn clear(&self) -> Delivery {
        #[cfg(feature = "remote")]
        if let Some(shared) = self.cache.shared() {
            let cleared = crate::engine::block_on(shared.clear());
            return cleared.unwrap_or(Delivery::Queued);
        }
        self.cache.engine.clear();
        Delivery::Acknowledged
    }

    /// Waits until every invalidation that a shared backend has not acknowledged yet is delivered, at
    /// most until `deadline`; see [`Cache::close`].
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] if some are not delivered; they stay queued.
    pub fn close(&self, deadline: std::time::Duration) -> Result<(), Error> {
        crate::engine::block_on(self.cache.close(deadline))
    }

    /// The values under the keys, in their order.
    ///
    /// # Errors
    /// A key is empty.
    pub fn get_many<V: Portable>(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<Vec<Option<V>>, Error> {
        or_shared!(self.cache, block shared.get_many(keys));
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    /// Stores several values, or none of them if one cannot be stored: its key is empty, or its
    /// `Serialize` fails. Another error ends it.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_many<'v, V: Portable>(
        &self,
        entries: impl IntoIterator<Item = (impl IntoKey, &'v V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        or_shared!(self.cache, block shared.set_many(entries, ttl));
        let ttl = ttl.into();
        let entries = entries
            .into_iter()
            .map(|(key, value)| Ok((self.key(key)?, self.new_value(value, ttl)?)));
        let mut entries = entries.collect::<Result<Vec<_>, Error>>()?.into_iter();
        entries.try_for_each(|(key, new)| self.put(&key, new))
    }

    /// Deletes several keys; how many held a live value.
    ///
    /// # Errors
    /// A key is empty.
    pub fn delete_many(&self, keys: impl IntoIterator<Item: IntoKey>) -> Result<usize, Error> {
        or_shared!(self.cache, block shared.delete_many(keys));
        keys.into_iter()
            .map(|key| self.delete(key).map(usize::from))
            .sum()
    }
}

pub(super) fn too_large(key: &Key) -> Error {
    let message = format!(
        "the value for `{key}` is heavier than the cache allows for one entry; raise `weight`, \
         or store less"
    );
    Error::new(ErrorKind::TooLarge, message)
}

fn unencodable() -> Error {
    let message = "the value's `Serialize` fails, so it cannot be measured against `weight`; \
                   correct the implementation";
    Error::new(ErrorKind::Unencodable, message)
}
