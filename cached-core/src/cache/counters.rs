//! Counters: `i64` values that change in one step.

use std::sync::Arc;

use super::blocking::too_large;
use super::{BlockingCache, Cache, or_shared};
use crate::engine::New;
use crate::entry::Payload;
use crate::error::{Error, ErrorKind};
use crate::key::{IntoKey, Key};
use crate::tag::Stamps;
use crate::time::Lifetime;

#[cfg_attr(
    not(feature = "remote"),
    expect(clippy::unused_async, reason = "async for the backends that wait")
)]
impl Cache {
    /// Adds to a counter in one step and returns what it then is; it keeps its TTL. Counters are
    /// `i64` values. [`incr_or`](Self::incr_or) is for counters that may not be there yet.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no live value, [`ErrorKind::WrongType`] if it is no `i64`,
    /// [`ErrorKind::Overflow`] beyond the range of `i64`; what is there stays as it is.
    /// [`ErrorKind::TooLarge`] as for [`set`](Self::set). On a shared backend
    /// [`ErrorKind::Contended`] if other processes changed it at every one of many tries.
    pub async fn incr(&self, key: impl IntoKey, by: i64) -> Result<i64, Error> {
        or_shared!(self, await shared.incr(key, by, None));
        self.blocking().incr(key, by)
    }

    /// [`incr`](Self::incr), downwards.
    ///
    /// # Errors
    /// As [`incr`](Self::incr).
    pub async fn decr(&self, key: impl IntoKey, by: i64) -> Result<i64, Error> {
        self.incr(key, negated(by)?).await
    }

    /// [`incr`](Self::incr) of a counter that counts from `initial` if it is not there: it is
    /// `initial + by` then, and lives forever. [`add`](Self::add) before [`incr`](Self::incr) gives
    /// it a TTL.
    ///
    /// ```
    /// # async fn example(cache: &cached_core::Cache) -> Result<(), cached_core::Error> {
    /// let visits = cache.incr_or("visits", 1, 0).await?; // 1 at first
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`incr`](Self::incr), but for [`ErrorKind::NotFound`].
    pub async fn incr_or(&self, key: impl IntoKey, by: i64, initial: i64) -> Result<i64, Error> {
        or_shared!(self, await shared.incr(key, by, Some(initial)));
        self.blocking().incr_or(key, by, initial)
    }
}

impl BlockingCache<'_> {
    /// Adds to a counter in one step and returns what it then is; it keeps its TTL. Counters are
    /// `i64` values. [`incr_or`](Self::incr_or) is for counters that may not be there yet.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no live value, [`ErrorKind::WrongType`] if it is no `i64`,
    /// [`ErrorKind::Overflow`] beyond the range of `i64`; what is there stays as it is.
    /// [`ErrorKind::TooLarge`] as for [`set`](Self::set). On a shared backend
    /// [`ErrorKind::Contended`] if other processes changed it at every one of many tries.
    pub fn incr(&self, key: impl IntoKey, by: i64) -> Result<i64, Error> {
        or_shared!(self.cache, block shared.incr(key, by, None));
        self.count(key, by, None)
    }

    /// [`incr`](Self::incr), downwards.
    ///
    /// # Errors
    /// As [`incr`](Self::incr).
    pub fn decr(&self, key: impl IntoKey, by: i64) -> Result<i64, Error> {
        self.incr(key, negated(by)?)
    }

    /// [`incr`](Self::incr) of a counter that counts from `initial` if it is not there, and lives
    /// forever then.
    ///
    /// # Errors
    /// As [`incr`](Self::incr), but for [`ErrorKind::NotFound`].
    pub fn incr_or(&self, key: impl IntoKey, by: i64, initial: i64) -> Result<i64, Error> {
        or_shared!(self.cache, block shared.incr(key, by, Some(initial)));
        self.count(key, by, Some(initial))
    }

    fn count(&self, key: impl IntoKey, by: i64, initial: Option<i64>) -> Result<i64, Error> {
        let key = self.key(key)?;
        let (put, sum) = self.cache.engine.update(&key, |live| {
            let sum = sum(&key, there(live), by, initial).map_err(Err)?;
            let new = New {
                payload: Payload::Value(Arc::new(sum)),
                weight: size_of::<i64>() as u64,
                lifetime: Lifetime::FOREVER,
                stamps: Stamps::default(),
                keeps: None,
            };
            Ok((new, Ok(sum)))
        });
        match sum {
            Ok(_) if !put && self.cache.engine.keeps() => Err(too_large(&key)),
            sum => sum,
        }
    }
}

#[cfg(feature = "remote")]
impl super::shared::SharedCache<'_> {
    pub(super) async fn incr(
        self,
        key: impl IntoKey,
        by: i64,
        initial: Option<i64>,
    ) -> Result<i64, Error> {
        use crate::codec::Opened;
        use crate::event::EventKind;
        use crate::value::Portable;
        let key = self.key(key)?;
        let codec = self.remote.codec;
        let read = |opened: &Opened<'_>| i64::from_bytes(opened, &codec, None).ok();
        let step = |there: Option<Option<i64>>| {
            let sum = sum(&key, there, by, initial)?;
            Ok((self.encode(&sum)?, sum))
        };
        let sum = self.remote.update(&key, read, step).await?;
        self.cache.engine.detach(&key);
        self.cache.engine.tell(EventKind::Written, None, &key);
        Ok(sum)
    }
}

/// What a counter holds: `None` if there is no value, `Some(None)` if it is no counter.
fn there(live: Option<&Payload>) -> Option<Option<i64>> {
    match live {
        None | Some(Payload::Absent) => None,
        Some(Payload::Value(stored)) => Some((**stored).downcast_ref::<i64>().copied()),
    }
}

fn sum(key: &Key, there: Option<Option<i64>>, by: i64, initial: Option<i64>) -> Result<i64, Error> {
    let count = match (there, initial) {
        (Some(Some(count)), _) | (None, Some(count)) => count,
        (Some(None), _) => return Err(not_a_counter(key)),
        (None, None) => return Err(not_found(key)),
    };
    let beyond = || format!("the counter `{key}` at {count} cannot change by {by}");
    count.checked_add(by).ok_or_else(|| overflow(&beyond()))
}

fn negated(by: i64) -> Result<i64, Error> {
    let error = || overflow("i64::MIN cannot be subtracted in one step");
    by.checked_neg().ok_or_else(error)
}

fn not_a_counter(key: &Key) -> Error {
    let message = format!(
        "`{key}` holds something other than a counter; counters are `i64` values: \
         `set` it as one, or use another key"
    );
    Error::new(ErrorKind::WrongType, message)
}

fn not_found(key: &Key) -> Error {
    let message = format!(
        "there is no counter `{key}`; `incr_or(key, by, 0)` begins one, `set` and `add` do so with \
         a TTL"
    );
    Error::new(ErrorKind::NotFound, message)
}

fn overflow(what: &str) -> Error {
    Error::new(ErrorKind::Overflow, format!("{what}: counters are `i64`"))
}
