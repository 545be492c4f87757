//! Where entries live: memory, and shared backends behind one port.
//!
//! [`Backend`] is the port. A backend of your own implements it and goes to
//! [`Cache::on`](crate::Cache::on); the promises of cached functions hold on it as on any other, if
//! it passes the conformance suite in
//! [`testing`](https://docs.rs/cached-core/latest/cached_core/testing) (feature `testing`).

#[cfg(feature = "memcached")]
pub(crate) mod memcached;
pub(crate) mod memory;
#[cfg(feature = "remote")]
pub(crate) mod port;
#[cfg(all(feature = "remote", feature = "testing"))]
pub(crate) mod process;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(feature = "remote")]
pub(crate) mod runtime;

#[cfg(feature = "remote")]
pub use crate::cell::{Cell, Token};
#[cfg(feature = "remote")]
pub use port::{Acquired, Backend, Capabilities, Page, Put};

/// The Redis or Valkey at this URL, as a backend to wrap or to test; a cache on it is
/// [`Cache::connect`](crate::Cache::connect)'s. Takes what may stand in a URL of redis-rs, but none
/// of the options of a cache. Connects at the first operation.
///
/// ```
/// use cached_core::{Cache, backend};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let redis = backend::redis("redis://localhost:6379/1")?; // or wrapped in one of your own
/// let cache = Cache::on(redis).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses a thread for the I/O.
#[cfg(feature = "redis")]
pub fn redis(url: &str) -> Result<impl Backend + Clone + use<>, crate::error::Error> {
    let address = redis::Address::parse(url)?;
    Ok(redis::Redis::new(&address, runtime::handle()?))
}

/// The memcached servers at this URL, as a backend to wrap or to test; a cache on them is
/// [`Cache::connect`](crate::Cache::connect)'s. Takes none of the options of a cache. Connects to
/// each server at the first operation that needs it.
///
/// ```
/// use cached_core::{Cache, backend};
///
/// # fn main() -> Result<(), cached_core::Error> {
/// let servers = backend::memcached("memcached://localhost,localhost:11212")?;
/// let cache = Cache::on(servers).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ErrorKind::Url`](crate::ErrorKind::Url) if it is malformed,
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the OS refuses a thread for the I/O.
#[cfg(feature = "memcached")]
pub fn memcached(url: &str) -> Result<impl Backend + Clone + use<>, crate::error::Error> {
    let address = memcached::Address::parse(url)?;
    Ok(memcached::Memcached::new(&address, runtime::handle()?))
}
