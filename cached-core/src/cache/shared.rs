//! The low-level operations on a cache that is shared between processes: what the async handle
//! awaits and the blocking one waits for.
//!
//! Each does two things: what the operation means in the backend, for every process, and what it
//! means for this one, where a computation of the key may be under way. An explicit write takes the
//! lease of that computation before and after it is sent, so that no caller is given what the write
//! has replaced; an invalidation does so when it ends, however it ends ([`AtEnd`]).
//!
//! Faults of the backend are the caller's here, unlike in cached functions: whoever writes wants to
//! know whether it was written. An error says that the outcome is unknown.

use std::sync::Arc;

use super::blocking::value_shape;
use super::{Cache, HANDLE};
use crate::codec::{Codec, Encoded, Opened, Unreadable};
use crate::engine::Hidden;
use crate::engine::remote::{Found, Incoming, Keep, Place, Remote};
use crate::error::{Error, ErrorKind};
use crate::event::{Counter, Delivery, EventKind, count};
use crate::key::{Edition, IntoKey, Key};
use crate::time::{Lifetime, Ttl};
use crate::value::Portable;

/// Does when it is dropped what is to be done in this process: after the backend's answer, and
/// also where nobody waits for it any more.
pub(super) struct AtEnd<F: Fn()>(pub(super) F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Many keys that are read at once.
struct Many<V> {
    /// Those that the backend is not asked for, by number: the value that is in this process, or
    /// none where it is hidden.
    known: Vec<(usize, Option<V>)>,
    /// Where the others are.
    places: Vec<Place>,
    /// Their keys, which are large, where what is read is wanted for this process.
    kept: Vec<Key>,
}

impl<V> Many<V> {
    /// All values in the order of the keys, with those that the backend had.
    fn with(self, found: Vec<Option<V>>) -> Vec<Option<V>> {
        if self.known.is_empty() {
            return found;
        }
        let (mut known, mut found) = (self.known.into_iter().peekable(), found.into_iter());
        let all = known.len() + found.len();
        let value = |at| match known.next_if(|(known, _)| *known == at) {
            Some((_, value)) => value,
            None => found.next().flatten(),
        };
        (0..all).map(value).collect()
    }
}

/// A cache with the backend it shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct SharedCache<'c> {
    pub(super) cache: &'c Cache,
    pub(super) remote: &'c Arc<Remote>,
}

impl Cache {
    /// The operations of a backend that other processes use too; `None` in memory.
    pub(super) fn shared(&self) -> Option<SharedCache<'_>> {
        let remote = self.engine.remote()?;
        Some(SharedCache {
            cache: self,
            remote,
        })
    }
}

impl SharedCache<'_> {
    pub(super) fn key(&self, key: impl IntoKey) -> Result<Key, Error> {
        self.cache.key_of(key)
    }

    pub(super) fn lifetime(&self, ttl: impl Into<Ttl>) -> Result<Lifetime, Error> {
        ttl.into().resolve(self.cache.engine.default_ttl())
    }

    pub(super) fn encode<V: Portable>(&self, value: &V) -> Result<Encoded, Error> {
        value
            .to_bytes(&self.remote.codec, None)
            .map_err(unencodable)
    }

    fn incoming(&self, encoded: Encoded, lifetime: Lifetime) -> Incoming<'static> {
        Incoming {
            encoded: Some(encoded),
            lifetime,
            site: None,
            tags: &[],
        }
    }

    /// What is there counts as a hit or a miss of the handle. Within a mutator, what that is armed
    /// for is not seen.
    pub(super) async fn get<V: Portable>(self, key: impl IntoKey) -> Result<Option<V>, Error> {
        let key = self.key(key)?;
        let codec = self.remote.codec;
        let hidden = Hidden::here();
        let read = |opened: &Opened<'_>| unless_hidden::<V>(&hidden, opened, &codec);
        let found = match (hidden.key(&key), self.near(&hidden, &key)) {
            (true, _) => None,
            (false, Some(near)) => Some(near),
            (false, None) => {
                let found = self.remote.get(&key, self.keep(&hidden), read).await?;
                found.map(|found| self.kept(&key, found))
            }
        };
        self.count(&key, found.is_some());
        Ok(found)
    }

    fn count(&self, key: &Key, found: bool) {
        if found {
            count(HANDLE.number(), Counter::Hit);
            self.cache.engine.tell(EventKind::Hit, None, key);
        } else {
            count(HANDLE.number(), Counter::Miss);
        }
    }

    /// The value that is in this process in front of the backend, if it may be taken.
    fn near<V: Portable>(&self, hidden: &Hidden, key: &Key) -> Option<V> {
        let engine = &self.cache.engine;
        let near = || engine.near(key, &HANDLE, &value_shape(), Lifetime::FOREVER);
        hidden.sees_near().then(near).flatten()
    }

    fn keep(&self, hidden: &Hidden) -> Option<Keep> {
        self.cache
            .engine
            .keep_of(&HANDLE)
            .filter(|_| hidden.nothing())
    }

    fn kept<V: Portable>(&self, key: &Key, found: Found<V>) -> V {
        self.cache.engine.keep_found(key, &value_shape(), found)
    }

    pub(super) async fn set<V: Portable>(
        self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        let (key, lifetime) = (self.key(key)?, self.lifetime(ttl)?);
        let encoded = self.encode(value)?;
        self.set_encoded(&key, encoded, lifetime).await
    }

    async fn set_encoded(
        self,
        key: &Key,
        encoded: Encoded,
        lifetime: Lifetime,
    ) -> Result<(), Error> {
        if lifetime.is_zero() {
            self.remove(key).await?;
            return Ok(());
        }
        self.cache.engine.detach(key);
        let written = self.remote.set(key, self.incoming(encoded, lifetime)).await;
        self.cache.engine.detach(key);
        written?;
        self.cache.engine.tell(EventKind::Written, None, key);
        Ok(())
    }

    /// In one step for the backend: the cell that was read is the one that is replaced, or the look
    /// is repeated.
    pub(super) async fn add<V: Portable>(
        self,
        key: impl IntoKey,
        value: &V,
        ttl: impl Into<Ttl>,
    ) -> Result<bool, Error> {
        let (key, lifetime) = (self.key(key)?, self.lifetime(ttl)?);
        let encoded = self.encode(value)?;
        if lifetime.is_zero() {
            return Ok(!self.remote.contains(&key).await?);
        }
        let added = self
            .remote
            .add(&key, self.incoming(encoded, lifetime))
            .await?;
        if added {
            self.cache.engine.detach(&key);
            self.cache.engine.tell(EventKind::Written, None, &key);
        }
        Ok(added)
    }

    async fn remove(self, key: &Key) -> Result<bool, Error> {
        let _here = AtEnd(|| {
            self.cache.engine.invalidate(key, None);
        });
        self.remote.delete(key).await
    }

    pub(super) async fn delete(self, key: impl IntoKey) -> Result<bool, Error> {
        let key = self.key(key)?;
        self.remove(&key).await
    }

    pub(super) async fn invalidate(self, key: impl IntoKey) -> Result<Delivery, Error> {
        let key = self.key(key)?;
        let names = vec![self.remote.key_name(&key)];
        let _here = AtEnd(|| {
            self.cache.engine.invalidate(&key, None);
        });
        Ok(self.remote.deliver(names).await)
    }

    pub(super) async fn invalidate_tag(self, tag: impl IntoKey) -> Result<Delivery, Error> {
        let tag = self.cache.tag_of(tag)?;
        let names = vec![self.remote.tag_name(&tag)];
        let _here = AtEnd(|| self.cache.engine.invalidate_tag(&tag, None));
        Ok(self.remote.deliver(names).await)
    }

    pub(super) async fn expire(self, key: impl IntoKey) -> Result<bool, Error> {
        let key = self.key(key)?;
        let was_live = self.remote.expire(&key).await?;
        self.cache.engine.tell(EventKind::Expired, None, &key);
        Ok(was_live)
    }

    pub(super) async fn contains(self, key: impl IntoKey) -> Result<bool, Error> {
        self.remote.contains(&self.key(key)?).await
    }

    pub(super) async fn touch(self, key: impl IntoKey, ttl: impl Into<Ttl>) -> Result<bool, Error> {
        let (key, lifetime) = (self.key(key)?, self.lifetime(ttl)?);
        if lifetime.is_zero() {
            // Not made stale: that is judged by a clock, and another process's may lag a little.
            return self.remove(&key).await;
        }
        self.remote.touch(&key, lifetime).await
    }

    /// One name, however many entries there are: all of them carry the stamp of the namespace.
    pub(super) async fn clear(self) -> Result<Delivery, Error> {
        let _here = AtEnd(|| self.cache.engine.clear());
        let names = vec![self.remote.namespace_name()];
        Ok(self.remote.deliver(names).await)
    }

    /// One question for all keys, and a second one where entries carry stamps of tags.
    pub(super) async fn get_many<V: Portable>(
        self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<Vec<Option<V>>, Error> {
        let (codec, hidden) = (self.remote.codec, Hidden::here());
        let read = |opened: &Opened<'_>| unless_hidden::<V>(&hidden, opened, &codec);
        let many = self.look_near(keys, &hidden)?;
        let (mut found, raws) = self.remote.get_many(&many.places, read).await?;
        let there = many.kept.iter().zip(many.places.iter().zip(&raws));
        for ((key, at), found) in there.zip(&mut found) {
            let keep = |value| self.cache.engine.keep(key, &value_shape(), at, value);
            *found = found.take().map(keep);
        }
        let values = many.with(found);
        for value in &values {
            let counter = value.as_ref().map_or(Counter::Miss, |_| Counter::Hit);
            count(HANDLE.number(), counter);
        }
        Ok(values)
    }

    /// What is in this process of the values under the keys, and where the others are to be asked
    /// for.
    fn look_near<V: Portable>(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
        hidden: &Hidden,
    ) -> Result<Many<V>, Error> {
        let (keep, keys) = (self.keep(hidden), keys.into_iter());
        let mut reader = self.remote.reader(keep);
        let mut many = Many {
            known: Vec::new(),
            places: Vec::with_capacity(keys.size_hint().0),
            kept: Vec::new(),
        };
        // Where a key is its text and nothing more is asked of it, none is made.
        let cache = self.cache;
        let placed = cache.engine.places_keys(cache.tenant.as_ref());
        let plain = keep.is_none() && hidden.nothing() && !placed;
        let edition = Edition::of(cache.version);
        for (number, key) in keys.enumerate() {
            if let Some(text) = key.as_text().filter(|_| plain) {
                many.places.push(reader.place_of_text(text, edition));
                continue;
            }
            self.cache.with_key(key, |key| {
                let near = keep.and_then(|_| self.near(hidden, key));
                if near.is_some() || hidden.key(key) {
                    many.known.push((number, near));
                } else {
                    many.places.push(reader.place(key));
                    many.kept.extend(keep.map(|_| key.clone()));
                }
            })?;
        }
        Ok(many)
    }

    pub(super) async fn set_many<'v, V: Portable>(
        self,
        entries: impl IntoIterator<Item = (impl IntoKey, &'v V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<(), Error> {
        let lifetime = self.lifetime(ttl)?;
        let entries = entries
            .into_iter()
            .map(|(key, value)| Ok((self.key(key)?, self.encode(value)?)));
        let entries = entries.collect::<Result<Vec<_>, Error>>()?;
        let keys = || entries.iter().map(|(key, _)| key);
        if lifetime.is_zero() {
            let keys: Vec<Key> = keys().cloned().collect();
            return self.remove_all(&keys).await.map(|_| ());
        }
        let engine = &self.cache.engine;
        keys().for_each(|key| engine.detach(key));
        let written = self.remote.set_many(&entries, lifetime).await;
        keys().for_each(|key| engine.detach(key));
        written?;
        keys().for_each(|key| engine.tell(EventKind::Written, None, key));
        Ok(())
    }

    /// One question for what is there, and one invalidation of all.
    pub(super) async fn delete_many(
        self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<usize, Error> {
        let keys = keys.into_iter().map(|key| self.key(key));
        let keys = keys.collect::<Result<Vec<_>, Error>>()?;
        self.remove_all(&keys).await
    }

    async fn remove_all(self, keys: &[Key]) -> Result<usize, Error> {
        let _here = AtEnd(|| {
            for key in keys {
                self.cache.engine.invalidate(key, None);
            }
        });
        self.remote.delete_many(keys).await
    }
}

/// Reads a value, if no mutator around hides it.
fn unless_hidden<V: Portable>(
    hidden: &Hidden,
    opened: &Opened<'_>,
    codec: &Codec,
) -> Result<V, Unreadable> {
    match hidden.entry(opened.stamps().map(|stamp| stamp.id)) {
        true => Err(Unreadable::Foreign),
        false => V::from_bytes(opened, codec, None),
    }
}

/// The error of a value that cannot be stored.
pub(super) fn unencodable(error: crate::codec::Unencodable) -> Error {
    use crate::codec::Unencodable::TooLarge;
    let kind = match error {
        TooLarge { .. } => ErrorKind::TooLarge,
        _ => ErrorKind::Unencodable,
    };
    Error::new(kind, error.to_string())
}
