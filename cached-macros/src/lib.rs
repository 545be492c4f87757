//! The attributes and derives of `cached-core`. Use them through that crate.
