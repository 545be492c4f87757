//! The engine under many interleavings of its threads, on the shipped modules.
//!
//! Run by `cargo xtask test`, or `RUSTFLAGS="--cfg shuttle" cargo test -p cached-core --lib
//! engine::model::`. A caller that is never woken shows as a deadlock, because time stands still.

mod flights;
mod freshness;
mod world;
