//! How long a value may be served.

use std::time::Duration;

use super::{Millis, written};
use crate::error::{Error, ErrorKind};

/// How long a value may be served after it was stored.
///
/// Everything that takes a TTL takes `impl Into<Ttl>`: a whole number of seconds, a text as in the
/// attributes, a [`Duration`], [`Ttl::DEFAULT`] or [`Ttl::FOREVER`]. What is negative, or a text that is
/// no time, is [`ErrorKind::Ttl`] where it is used.
///
/// ```
/// use cached_core::Ttl;
/// use std::time::Duration;
///
/// assert_eq!(Ttl::from(60), Ttl::from(Duration::from_secs(60)));
/// assert_eq!(Ttl::from("1h30m"), Ttl::from(5400));
/// assert_eq!(Ttl::from(Some(Duration::from_millis(1500))), Ttl::from(Duration::from_millis(1500)));
/// assert_eq!(Ttl::from(None), Ttl::DEFAULT);
/// ```
///
/// The largest numbers are no lengths but the constants below: every hit reads a TTL, and one word
/// is cheaper to pass on than an enum.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ttl(Millis);

impl Ttl {
    /// The cache's own default (300 seconds unless the builder says otherwise).
    pub const DEFAULT: Self = Self(Millis::MAX - 1);
    /// No expiry: the value leaves by invalidation or eviction only.
    pub const FOREVER: Self = Self(Millis::MAX);
    /// Negative, beyond [`LONGEST`](Self::LONGEST), or a text that is no time; refused where it is used, because `From`
    /// cannot.
    const INVALID: Self = Self(Millis::MAX - 2);
    const LONGEST: Millis = Millis::MAX - 3;

    /// A TTL of so many milliseconds. Zero expires at once.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::LONGEST {
            return Self::FOREVER;
        }
        Self(millis)
    }

    /// The time it stands for; `None` for [`DEFAULT`](Self::DEFAULT), which is the cache's, and for
    /// [`FOREVER`](Self::FOREVER).
    #[must_use]
    pub fn as_duration(self) -> Option<Duration> {
        (self.0 <= Self::LONGEST).then(|| Duration::from_millis(self.0))
    }

    fn checked(millis: Option<Millis>) -> Self {
        match millis {
            Some(millis) if millis <= Self::LONGEST => Self(millis),
            _ => Self::INVALID,
        }
    }

    /// [`resolve`](Self::resolve) for a reader: an unusable TTL finds nothing fresh.
    #[inline]
    pub(crate) fn or_zero(self, default: Lifetime) -> Lifetime {
        match self {
            Self::DEFAULT => default,
            Self::INVALID => Lifetime(0),
            // `FOREVER` is the same number here and there.
            Self(millis) => Lifetime(millis),
        }
    }

    /// The milliseconds this TTL means in a cache whose default is `default`.
    pub(crate) fn resolve(self, default: Lifetime) -> Result<Lifetime, Error> {
        if self == Self::INVALID {
            return Err(Error::new(
                ErrorKind::Ttl,
                "the TTL is negative, too long to count in milliseconds, or a text that is no time; \
                 use a positive number of seconds, a text as `5m`, `1h30m`, `100ms` or `forever`, a \
                 `Duration`, or `Ttl::FOREVER`",
            ));
        }
        Ok(self.or_zero(default))
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
        Self::checked(Millis::try_from(millis).ok())
    }
}

impl From<u64> for Ttl {
    fn from(seconds: u64) -> Self {
        Self::checked(seconds.checked_mul(1000))
    }
}

impl From<i64> for Ttl {
    fn from(seconds: i64) -> Self {
        u64::try_from(seconds).map_or(Self::INVALID, Self::from)
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

/// `5m`, `1h30m`, `100ms`, `forever`, or seconds; what else it may be is refused where it is used.
impl From<&str> for Ttl {
    fn from(text: &str) -> Self {
        match text {
            "forever" => Self::FOREVER,
            text => Self::checked(written::millis(text, 1_000)),
        }
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
        match *self {
            Self::DEFAULT => f.write_str("default"),
            Self::FOREVER => f.write_str("forever"),
            Self::INVALID => f.write_str("invalid"),
            Self(millis) if millis % 1000 == 0 => write!(f, "{}s", millis / 1000),
            Self(millis) => write!(f, "{millis}ms"),
        }
    }
}

impl std::fmt::Debug for Ttl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ttl({self})")
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_length_is_taken_for_a_constant() {
        for millis in [Millis::MAX - 2, Millis::MAX - 1, Millis::MAX] {
            assert_eq!(Ttl::from_millis(millis), Ttl::FOREVER);
            assert_eq!(Ttl::from(Duration::from_millis(millis)), Ttl::INVALID);
        }
        let longest = Ttl::from_millis(Ttl::LONGEST);
        assert_eq!(longest.to_string(), "18446744073709551612ms");
        assert_eq!(Ttl::from(u64::MAX), Ttl::INVALID);
        assert_eq!(Ttl::from(-1), Ttl::INVALID);
    }

    #[test]
    fn a_text_is_a_time_or_refused() {
        assert_eq!(Ttl::from("5m"), Ttl::from(300));
        assert_eq!(Ttl::from("100ms"), Ttl::from_millis(100));
        assert_eq!(Ttl::from("60"), Ttl::from(60));
        assert_eq!(Ttl::from("forever"), Ttl::FOREVER);
        for wrong in ["", "5 m", "-5m", "five", "Forever", "1m1h", "invalid"] {
            assert_eq!(Ttl::from(wrong), Ttl::INVALID, "{wrong}");
        }
    }

    #[test]
    fn an_invalid_ttl_is_an_error_and_finds_nothing_fresh() {
        let default = Lifetime(5);
        assert!(Ttl::INVALID.resolve(default).is_err());
        assert_eq!(Ttl::INVALID.or_zero(default), Lifetime(0));
        assert_eq!(Ttl::DEFAULT.or_zero(default), default);
        assert_eq!(Ttl::FOREVER.or_zero(default), Lifetime::FOREVER);
    }
}
