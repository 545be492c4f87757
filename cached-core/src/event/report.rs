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
    // Not `eprintln!`, which panics where stderr is a broken pipe; and in one piece, so that what
    // others write at the same time does not end up in the middle.
    let line = format!("cached: {message}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}
