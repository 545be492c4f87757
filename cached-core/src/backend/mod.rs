//! Where entries live.

pub(crate) mod memory;
