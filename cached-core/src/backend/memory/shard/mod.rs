//! One shard of the memory table: a bounded map with a replacement policy.
//!
//! It takes no lock, reads no clock and runs no code of the user's: the backend wraps it in
//! a lock, gives it hashes and comparisons, and drops what it hands back after unlocking.
//! Nobody else needs it; a cache without bounds would be better served by a plain map.
//!
//! # The policy
//!
//! Two queues and a memory of departed keys, after S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak:
//! "FIFO queues are all you need for cache eviction", SOSP 2023), with the proportions of
//! CLOCK-Pro (Jiang, Chen, Zhang: "CLOCK-Pro: an effective improvement of the CLOCK
//! replacement", USENIX ATC 2005): nearly all room belongs to the hot entries.
//!
//! - A new entry waits in the *cold* queue, a fiftieth of the shard.
//! - A use only counts up in the entry itself, to three; a hit moves nothing.
//! - When room is needed, the cold queue's head goes, or the hot one's if the hot entries
//!   exceed their share. A head that was used pays one use and moves to the hot queue's end.
//! - The keys of evicted entries are remembered, four for five present entries. One that
//!   comes back meanwhile starts hot; so does one that was invalidated while it was in use.
//!
//! # Bounds
//!
//! A shard of `n` entries has at most `n` slots, `4 n` index buckets and `4 n` ghosts of
//! 8 bytes each (powers of two, floors aside), all of which grow with the population and
//! none before. A hit is one probe. An eviction passes over at most 32 entries and, since
//! each use buys one such pass, a constant number on average; an insert evicts one entry,
//! or with weights as many as its own weight demands. Growing to the limit doubles the
//! index and adds a quarter to the slots, at a constant cost per insert on average; a full
//! shard never grows or rehashes again.

mod ghosts;
mod index;
mod policy;
mod slab;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use policy::Limits;
pub(crate) use table::Shard;
