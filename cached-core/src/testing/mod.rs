//! Support for testing code that caches.
