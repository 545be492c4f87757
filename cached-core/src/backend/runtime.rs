//! The background runtime: the thread that does the I/O of every shared backend.
//!
//! One per process, begun by the first remote cache. Connections outlive the user's runtimes there,
//! futures of the engine can be polled by any executor or by a parked thread, and what a dropped
//! future left to do (give a lease back, repeat an invalidation) has a place to be done.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind};

/// Where background work is spawned.
///
/// # Errors
/// The OS refuses a thread.
pub(crate) fn handle() -> Result<Handle, Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime.handle().clone());
    }
    let built = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("cached-io")
        .enable_all()
        .build()
        .map_err(|error| {
            let message = "no thread could be started for the I/O of the cache";
            Error::new(ErrorKind::Config, message).caused_by(error)
        })?;
    if let Err(second) = RUNTIME.set(built) {
        // Another thread was faster. A plain drop waits, which panics inside of a runtime.
        second.shutdown_background();
    }
    match RUNTIME.get() {
        Some(runtime) => Ok(runtime.handle().clone()),
        None => unreachable!("whoever was faster has set it"),
    }
}
