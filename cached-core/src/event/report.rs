//! Things the user should hear about once: to `tracing` where it listens, else to stderr.

/// Says it now. Callers see to it that the same is not said twice.
pub(crate) fn report(message: &str) {
    #[cfg(feature = "tracing")]
    if ::tracing::dispatcher::has_been_set() {
        ::tracing::warn!(target: "cached", "{message}");
        return;
    }
    eprintln!("cached: {message}");
}
