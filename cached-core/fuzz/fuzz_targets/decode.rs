//! Any bytes as the payload of an intact cell: `cargo +nightly fuzz run decode`.

#![no_main]
#![allow(
    dead_code,
    unused_imports,
    reason = "a target uses a part of the codec"
)]

#[path = "../../src/cell.rs"]
mod cell;
#[path = "../../src/codec/mod.rs"]
mod codec;
#[path = "../../src/codec/tests/fuzz.rs"]
mod fuzz;

/// What the codec names of the crate's `time`.
mod time {
    pub(crate) type Millis = u64;
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::decode(bytes));
