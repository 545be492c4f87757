//! Things the user should hear about once: to `tracing` where it listens, else to stderr.

use std::io::Write;

/// Says it now. Callers see to it that the same is not said twice. Never panics: what reports is
/// on its way to the user's value, or in the middle of an invalidation.
pub(crate) fn report(message: &str) {
    #[cfg(feature = "tracing")]
    if ::tracing::dispatcher::has_been_set() {
        let warn = || ::tracing::warn!(target: "cached", "{message}");
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(warn));
        return;
    }
    // Not `eprintln!`, which panics where stderr is a broken pipe.
    let _ = writeln!(std::io::stderr(), "cached: {message}");
}
