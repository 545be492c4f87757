//! How long a value may be served.

use std::time::Duration;

use super::Millis;
use crate::error::{Error, ErrorKind};

/// How long a value may be served after it was stored.
///
/// Everything that takes a TTL takes `impl Into<Ttl>`: a whole number of seconds, a
/// [`Duration`], [`Ttl::DEFAULT`] or [`Ttl::FOREVER`].
///
/// ```
/// use cached_core::Ttl;
/// use std::time::Duration;
///
/// assert_eq!(Ttl::from(60), Ttl::from(Duration::from_secs(60)));
/// assert_eq!(Ttl::from(Some(Duration::from_millis(1500))), Ttl::from(Duration::from_millis(1500)));
/// assert_eq!(Ttl::from(None), Ttl::DEFAULT);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Ttl(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Kind {
    #[default]
    Default,
    For(Millis),
    Forever,
    /// Negative or beyond `u64` milliseconds; refused where it is used, because `From` cannot.
    Invalid,
}

impl Ttl {
    /// The cache's own default (300 seconds unless the builder says otherwise).
    pub const DEFAULT: Self = Self(Kind::Default);
    /// No expiry: the value leaves by invalidation or eviction only.
    pub const FOREVER: Self = Self(Kind::Forever);

    /// A TTL of so many milliseconds. Zero expires at once.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Kind::For(millis))
    }

    /// [`resolve`](Self::resolve) for a reader: an unusable TTL finds nothing fresh.
    #[inline]
    pub(crate) fn or_zero(self, default: Lifetime) -> Lifetime {
        match self.0 {
            Kind::Default => default,
            Kind::For(millis) => Lifetime(millis),
            Kind::Forever => Lifetime::FOREVER,
            Kind::Invalid => Lifetime(0),
        }
    }

    /// The milliseconds this TTL means in a cache whose default is `default`.
    pub(crate) fn resolve(self, default: Lifetime) -> Result<Lifetime, Error> {
        match self.0 {
            Kind::Default => Ok(default),
            Kind::For(millis) => Ok(Lifetime(millis)),
            Kind::Forever => Ok(Lifetime::FOREVER),
            Kind::Invalid => Err(Error::new(
                ErrorKind::Ttl,
                "the TTL is negative or too long to count in milliseconds; \
                 use a positive number of seconds, a `Duration`, or `Ttl::FOREVER`",
            )),
        }
    }
}

/// A resolved TTL: milliseconds, or [`Lifetime::FOREVER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lifetime(pub(crate) Millis);

impl Lifetime {
    pub(crate) const FOREVER: Self = Self(Millis::MAX);

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The instant at which something stored `now` stops being fresh.
    pub(crate) fn deadline(self, now: Millis) -> Millis {
        now.saturating_add(self.0)
    }
}

impl From<Duration> for Ttl {
    fn from(duration: Duration) -> Self {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        // `u64::MAX` itself means forever inside.
        match Millis::try_from(millis) {
            Ok(millis) if millis < Millis::MAX => Self(Kind::For(millis)),
            _ => Self(Kind::Invalid),
        }
    }
}

impl From<u64> for Ttl {
    fn from(seconds: u64) -> Self {
        seconds
            .checked_mul(1000)
            .map_or(Self(Kind::Invalid), |millis| Self(Kind::For(millis)))
    }
}

impl From<i64> for Ttl {
    fn from(seconds: i64) -> Self {
        u64::try_from(seconds).map_or(Self(Kind::Invalid), Self::from)
    }
}

impl From<u32> for Ttl {
    fn from(seconds: u32) -> Self {
        Self::from(u64::from(seconds))
    }
}

impl From<i32> for Ttl {
    fn from(seconds: i32) -> Self {
        Self::from(i64::from(seconds))
    }
}

/// `None` is the cache's default.
impl From<Option<Duration>> for Ttl {
    fn from(duration: Option<Duration>) -> Self {
        duration.map_or(Self::DEFAULT, Self::from)
    }
}

/// `300s`, `1500ms`, `forever`, `default`.
impl std::fmt::Display for Ttl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Kind::Default => f.write_str("default"),
            Kind::For(millis) if millis % 1000 == 0 => write!(f, "{}s", millis / 1000),
            Kind::For(millis) => write!(f, "{millis}ms"),
            Kind::Forever => f.write_str("forever"),
            Kind::Invalid => f.write_str("invalid"),
        }
    }
}
