//! Where entries live: memory, and shared backends behind one port.
//!
//! [`Backend`] is the port. A backend of your own implements it and goes to
//! [`Cache::on`](crate::Cache::on); the promises of cached functions hold on it as on any other.

pub(crate) mod memory;
#[cfg(feature = "remote")]
pub(crate) mod port;
#[cfg(all(feature = "remote", feature = "testing"))]
pub(crate) mod process;
#[cfg(feature = "redis")]
pub(crate) mod redis;

#[cfg(feature = "remote")]
pub use crate::cell::{Cell, Token};
#[cfg(feature = "remote")]
pub use port::{Acquired, Backend, Capabilities};
