//! Where entries live.

pub(crate) mod memory;
#[cfg(feature = "remote")]
pub(crate) mod port;
#[cfg(feature = "redis")]
pub(crate) mod redis;
