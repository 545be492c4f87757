//! Events as `tracing` events.

use super::{Event, EventKind};

/// A subscriber that emits every event to `tracing`, target `cached`: refused fills at `info`,
/// hits at `trace`, the rest at `debug`.
///
/// ```
/// # fn main() -> Result<(), cached_core::Error> {
/// let cache = cached_core::Cache::memory().build()?;
/// cache.subscribe(cached_core::event::tracing_subscriber());
/// # Ok(())
/// # }
/// ```
pub fn tracing_subscriber() -> impl Fn(&Event) + Send + Sync + 'static {
    |event| {
        let kind = event.kind.as_str();
        let (function, key) = (event.function, event.key.as_str());
        match event.kind {
            EventKind::Refused => ::tracing::info!(target: "cached", kind, function, key),
            EventKind::Hit => ::tracing::trace!(target: "cached", kind, function, key),
            _ => ::tracing::debug!(target: "cached", kind, function, key),
        }
    }
}
