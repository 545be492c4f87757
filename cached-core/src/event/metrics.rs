//! Events as counters of the `metrics` crate.

use super::Event;

/// A subscriber that counts every event as `cached_events_total{function, event}`.
///
/// Keys never become labels: their number is unbounded.
///
/// ```
/// # fn main() -> Result<(), cached_core::Error> {
/// let cache = cached_core::Cache::memory().build()?;
/// cache.subscribe(cached_core::event::metrics_subscriber());
/// # Ok(())
/// # }
/// ```
pub fn metrics_subscriber() -> impl Fn(&Event) + Send + Sync + 'static {
    |event| {
        let function = event.function.unwrap_or("");
        ::metrics::counter!(
            "cached_events_total",
            "function" => function,
            "event" => event.kind.as_str()
        )
        .increment(1);
    }
}
