//! What a property means to the struct it belongs to: nothing. Derives on the struct go through
//! here and keep meaning what they meant without it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::{CachedProperty, Kind, sealed::Cell};

impl<T, K: Kind<T>> Default for CachedProperty<T, K> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// A clone starts empty.
impl<T, K: Kind<T>> Clone for CachedProperty<T, K> {
    fn clone(&self) -> Self {
        Self::EMPTY
    }
}

/// Says whether the value is computed; neither computes nor shows it.
impl<T, K: Kind<T>> fmt::Debug for CachedProperty<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.cell.is_computed() {
            "CachedProperty(computed)"
        } else {
            "CachedProperty(empty)"
        })
    }
}

/// All properties are equal.
impl<T, K: Kind<T>> PartialEq for CachedProperty<T, K> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T, K: Kind<T>> Eq for CachedProperty<T, K> {}

impl<T, K: Kind<T>> PartialOrd for CachedProperty<T, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All properties are equal.
impl<T, K: Kind<T>> Ord for CachedProperty<T, K> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

/// Adds nothing.
impl<T, K: Kind<T>> Hash for CachedProperty<T, K> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
