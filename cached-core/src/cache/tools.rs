//! Operations for tools and migrations: how long a value lives, which keys there are, the same value
//! in another version, and filling a cache before it is used.

use super::{BlockingCache, Cache, or_shared};
use crate::error::{Error, ErrorKind};
use crate::key::pattern::Pattern;
use crate::key::{IntoKey, Key};
use crate::time::Ttl;
use crate::value::Portable;

/// How many values [`Cache::warm`] sends at a time.
#[cfg(feature = "remote")]
const BATCH: usize = 256;

#[cfg_attr(
    not(feature = "remote"),
    expect(clippy::unused_async, reason = "async for the backends that wait")
)]
impl Cache {
    /// How long the value under the key may still be served: [`Ttl::FOREVER`], or a time whose
    /// [`as_duration`](Ttl::as_duration) is what is left. `None` if no live value is there.
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// cache.set("session", &1u64, 60).await?;
    /// let left = cache.ttl("session").await?.and_then(|ttl| ttl.as_duration());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The key is empty.
    pub async fn ttl(&self, key: impl IntoKey) -> Result<Option<Ttl>, Error> {
        or_shared!(self, await shared.ttl(key));
        self.blocking().ttl(key)
    }

    /// Moves the value under the key from this handle's version to the one `by` above it, whose
    /// number is returned. It keeps its TTL and its tags; what was there is replaced. Not one step:
    /// a reader may find both for a moment.
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// cache.set("report", &1u64, 60).await?;
    /// let version = cache.incr_version("report", 1).await?;
    /// assert_eq!(cache.with_version(version).get::<u64>("report").await?, Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no live value is there, [`ErrorKind::Overflow`] if there is no such
    /// version.
    pub async fn incr_version(&self, key: impl IntoKey, by: u32) -> Result<u32, Error> {
        self.move_to(key, self.version.checked_add(by)).await
    }

    /// [`incr_version`](Self::incr_version), downwards.
    ///
    /// # Errors
    /// As [`incr_version`](Self::incr_version).
    pub async fn decr_version(&self, key: impl IntoKey, by: u32) -> Result<u32, Error> {
        self.move_to(key, self.version.checked_sub(by)).await
    }

    async fn move_to(&self, key: impl IntoKey, version: Option<u32>) -> Result<u32, Error> {
        or_shared!(self, await shared.move_to(key, version));
        self.blocking().move_to(key, version)
    }

    /// The keys of this handle's version that match the pattern, sorted: `*` stands for any text, `?`
    /// for one character, and `\` takes the next character as it is. For tools: it looks through all
    /// that the backend holds, and the list is in memory as a whole.
    ///
    /// Keys over 200 bytes are listed as their beginning and a hash, and so are, on shared backends,
    /// keys with bytes outside of printable ASCII; they are listed where they may match. On shared
    /// backends there are also keys whose values are being computed or are no longer fresh, and those
    /// that [`clear`](Self::clear) or a tag made invalid: they are still there, and nobody is given them.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] on a backend that cannot list keys, such as memcached.
    pub async fn keys(&self, pattern: &str) -> Result<Vec<String>, Error> {
        or_shared!(self, await shared.keys(pattern));
        self.blocking().keys(pattern)
    }

    /// [`invalidate`](Self::invalidate)s every key of this handle's version that matches the pattern
    /// (see [`keys`](Self::keys)), also those that only may match; how many were there. For tools: it
    /// looks through all that the backend holds. A key that comes while it looks may be left. To drop
    /// many entries in one step give them a tag, and to drop all use [`clear`](Self::clear).
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// let gone = cache.delete_matching("post:*:draft").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`keys`](Self::keys). After an error some may be gone.
    pub async fn delete_matching(&self, pattern: &str) -> Result<usize, Error> {
        or_shared!(self, await shared.delete_matching(pattern));
        self.blocking().delete_matching(pattern)
    }

    /// Stores values where no live one of their type is, and nobody computes; how many were stored.
    /// Takes the iterator as it goes, a few hundred values at a time. For filling a cache before it is used: what the
    /// program stores or computes meanwhile counts more. Values for it must be read after the last
    /// change of what they are made from, because no invalidation overtakes them.
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// let rates = [("rate:eur", 1.08f64), ("rate:gbp", 1.27)];
    /// let stored = cache.warm(rates, 3600).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`set`](Self::set); what was stored before stays.
    pub async fn warm<V: Portable>(
        &self,
        entries: impl IntoIterator<Item = (impl IntoKey, V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<usize, Error> {
        or_shared!(self, await shared.warm(entries, ttl));
        self.blocking().warm(entries, ttl)
    }
}

impl BlockingCache<'_> {
    /// How long the value under the key may still be served; `None` if no live value is there.
    ///
    /// # Errors
    /// The key is empty.
    pub fn ttl(&self, key: impl IntoKey) -> Result<Option<Ttl>, Error> {
        or_shared!(self.cache, block shared.ttl(key));
        Ok(self.cache.engine.ttl(&self.key(key)?))
    }

    /// Moves the value under the key from this handle's version to the one `by` above it, whose
    /// number is returned; see [`Cache::incr_version`].
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if no live value is there, [`ErrorKind::Overflow`] if there is no such
    /// version.
    pub fn incr_version(&self, key: impl IntoKey, by: u32) -> Result<u32, Error> {
        self.move_to(key, self.cache.version.checked_add(by))
    }

    /// [`incr_version`](Self::incr_version), downwards.
    ///
    /// # Errors
    /// As [`incr_version`](Self::incr_version).
    pub fn decr_version(&self, key: impl IntoKey, by: u32) -> Result<u32, Error> {
        self.move_to(key, self.cache.version.checked_sub(by))
    }

    fn move_to(&self, key: impl IntoKey, version: Option<u32>) -> Result<u32, Error> {
        or_shared!(self.cache, block shared.move_to(key, version));
        let (from, to, version) = journey(self.key(key)?, version)?;
        match self.cache.engine.relocate(&from, &to) {
            Some(true) => Ok(version),
            Some(false) => Err(super::blocking::too_large(&to)),
            None => Err(not_there(&from)),
        }
    }

    /// The keys of this handle's version that match the pattern, sorted; see [`Cache::keys`].
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] on a backend that cannot list keys, such as memcached.
    pub fn keys(&self, pattern: &str) -> Result<Vec<String>, Error> {
        or_shared!(self.cache, block shared.keys(pattern));
        let pattern = Pattern::new(pattern);
        Ok(self.cache.engine.keys(&self.cache.whose()?, &pattern))
    }

    /// Invalidates every key of this handle's version that matches the pattern; how many were there.
    /// See [`Cache::delete_matching`].
    ///
    /// # Errors
    /// As [`keys`](Self::keys). After an error some may be gone.
    pub fn delete_matching(&self, pattern: &str) -> Result<usize, Error> {
        or_shared!(self.cache, block shared.delete_matching(pattern));
        let pattern = Pattern::new(pattern);
        let whose = self.cache.whose()?;
        Ok(self.cache.engine.delete_matching(&whose, &pattern))
    }

    /// Stores values where nothing is, and nobody computes; how many were stored. See
    /// [`Cache::warm`].
    ///
    /// # Errors
    /// As [`set`](Self::set); what was stored before stays.
    pub fn warm<V: Portable>(
        &self,
        entries: impl IntoIterator<Item = (impl IntoKey, V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<usize, Error> {
        or_shared!(self.cache, block shared.warm(entries, ttl));
        let ttl = ttl.into();
        let stored = entries.into_iter().map(|(key, value)| {
            let (key, new) = (self.key(key)?, self.new_value(&value, ttl)?);
            Ok(usize::from(self.cache.engine.warm(&key, new)))
        });
        stored.sum()
    }
}

#[cfg(feature = "remote")]
impl super::shared::SharedCache<'_> {
    async fn ttl(self, key: impl IntoKey) -> Result<Option<Ttl>, Error> {
        self.remote.ttl(&self.key(key)?).await
    }

    async fn move_to(self, key: impl IntoKey, version: Option<u32>) -> Result<u32, Error> {
        let (from, to, version) = journey(self.key(key)?, version)?;
        let engine = &self.cache.engine;
        let _here = super::shared::AtEnd(|| {
            engine.invalidate(&from, None);
            engine.detach(&to);
        });
        match self.remote.relocate(&from, &to).await? {
            true => Ok(version),
            false => Err(not_there(&from)),
        }
    }

    async fn keys(self, pattern: &str) -> Result<Vec<String>, Error> {
        let pattern = Pattern::new(pattern);
        self.remote.keys(&self.cache.whose()?, &pattern).await
    }

    async fn delete_matching(self, pattern: &str) -> Result<usize, Error> {
        let (pattern, whose) = (Pattern::new(pattern), self.cache.whose()?);
        // What is being computed here, whether or not the backend knows of it.
        let _here = super::shared::AtEnd(|| {
            self.cache.engine.delete_matching(&whose, &pattern);
        });
        let removed = self.remote.delete_matching(&whose, &pattern).await?;
        Ok(usize::try_from(removed).unwrap_or(usize::MAX))
    }

    async fn warm<V: Portable>(
        self,
        entries: impl IntoIterator<Item = (impl IntoKey, V)>,
        ttl: impl Into<Ttl>,
    ) -> Result<usize, Error> {
        let lifetime = self.lifetime(ttl)?;
        let mut entries = entries.into_iter();
        let mut stored = 0;
        loop {
            let batch = entries
                .by_ref()
                .take(BATCH)
                .map(|(key, value)| Ok((self.key(key)?, self.encode(&value)?)));
            let batch = batch.collect::<Result<Vec<_>, Error>>()?;
            if batch.is_empty() {
                return Ok(stored);
            }
            if !lifetime.is_zero() {
                stored += self.remote.warm(&batch, lifetime).await?;
            }
        }
    }
}

/// From where to where, and the number of the version there.
fn journey(key: Key, version: Option<u32>) -> Result<(Key, Key, u32), Error> {
    let Some(version) = version else {
        let message = format!(
            "`{key}` in version {} cannot go that far; versions are `u32`",
            key.version()
        );
        return Err(Error::new(ErrorKind::Overflow, message));
    };
    let to = key.with_version(version);
    Ok((key, to, version))
}

fn not_there(key: &Key) -> Error {
    let message = format!(
        "there is no live value under `{key}` in version {}; `set` it first",
        key.version()
    );
    Error::new(ErrorKind::NotFound, message)
}
