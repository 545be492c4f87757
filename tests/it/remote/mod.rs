//! The promises on a backend that is shared between processes, one interleaving per test. A
//! "process" here is a cache of its own on the same cells.

mod arming;
mod back_in_time;
mod cells;
mod drops;
mod faults;
mod joiners;
mod late;
#[cfg(feature = "servers")]
mod places;
mod stamps;
mod strays;
mod tiers;
mod unseen;
mod values;
mod waits;
