//! Time as the cache sees it: how long values live ([`Ttl`]), what time it is ([`Clock`]) and who
//! wakes those that wait (alarms).
//!
//! All instants are milliseconds of a monotonic clock whose origin means nothing. Wall clocks
//! never enter a decision.

mod clock;
mod timer;
mod ttl;
pub(crate) mod written;

pub use clock::{Clock, ManualClock};
pub(crate) use timer::{Alarm, Sleep};
pub(crate) use ttl::Lifetime;
pub use ttl::Ttl;

/// Milliseconds on a [`Clock`].
pub(crate) type Millis = u64;
