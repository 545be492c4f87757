//! The one thing that TLS needs from us: cryptography.

use rustls::crypto::{CryptoProvider, ring};

/// Gives the process ring as its cryptography, unless it has chosen already.
///
/// The client builds its TLS configuration from the process's choice and panics without one, also
/// when two providers are compiled in.
pub(super) fn ensure_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been first, which is as good.
        let _ = ring::default_provider().install_default();
    }
}
