//! What a cache did, as values: the [`Outcome`] of a call, the [`Event`]s that subscribers see,
//! and the counters behind [`stats`](crate::stats).
//!
//! Nothing here is built for a hit unless somebody subscribed.

mod count;
mod report;
mod subscribe;

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

pub(crate) use count::{Counter, Counts, count, totals};
pub(crate) use report::report;
pub(crate) use subscribe::{Hooks, Subscribers};

#[cfg(feature = "metrics")]
pub use self::metrics::metrics_subscriber;
#[cfg(feature = "tracing")]
pub use self::tracing::tracing_subscriber;

/// How one call of a cached function got its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The value was in the cache.
    Hit,
    /// The body ran here and its value was stored.
    Stored,
    /// Another caller's computation was under way and its result was taken.
    Joined,
    /// The body ran here and an invalidation overtook it: the caller got the value, the cache
    /// did not.
    Refused,
    /// The body ran here and there was nothing to store (an `Err`, a `None`, a zero TTL, a value
    /// beyond the weight bound, a cache that stores nothing).
    NotStored,
    /// The body ran here on its own, without joining, leading or storing: inside a mutator, in a
    /// `bypass` scope, past the wait bound, in a cycle, or with no usable cache or key.
    Uncached,
}

/// How far an invalidation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// Every cache concerned has done it: no call that begins now returns an older value.
    Acknowledged,
    /// The backend has not acknowledged it. It is kept and repeated for as long as the process
    /// lives, and until then this process does not read those keys from the backend; others may. Or
    /// it has, while a write of this process whose caller is gone may still land: that is taken back
    /// then, and another process may see it for a moment.
    Queued,
    /// There was nothing to invalidate: no usable key or cache.
    Nothing,
}

/// One thing a cache did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The cached function or mutator, as written; `None` for the low-level handle.
    pub function: Option<&'static str>,
    /// The rendered key or tag.
    pub key: String,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A value was served from the cache.
    Hit,
    /// No fresh value was there and this caller leads the computation.
    Led,
    /// A caller waits for another's computation.
    Joined,
    /// A caller whose leader was dropped took over.
    Promoted,
    /// A computed value was stored.
    Stored,
    /// A computed value was refused, because an invalidation overtook its computation.
    Refused,
    /// A computation ended with nothing to store.
    NotStored,
    /// A caller computed on its own, without storing.
    Uncached,
    /// A value was written by `set`, `put`, `add`, `incr` and the like.
    Written,
    /// A key, a tag or all entries of a function were invalidated.
    Invalidated,
    /// A key was expired.
    Expired,
    /// The cache was cleared.
    Cleared,
    /// An entry was displaced by the capacity bound.
    Evicted,
}

impl EventKind {
    /// The kind as one lower-case word, as metrics and logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Led => "led",
            Self::Joined => "joined",
            Self::Promoted => "promoted",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::NotStored => "not_stored",
            Self::Uncached => "uncached",
            Self::Written => "written",
            Self::Invalidated => "invalidated",
            Self::Expired => "expired",
            Self::Cleared => "cleared",
            Self::Evicted => "evicted",
        }
    }
}
