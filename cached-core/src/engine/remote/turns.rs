//! Who changes a value next, of this process.
//!
//! A change is tried again where somebody else was faster. A thousand callers that count one thing
//! would all be in each other's way, each try of all of them for one success; so whoever was too slow
//! once tries on in turn, and is up against other processes only.

use tokio::sync::{Mutex, MutexGuard};

use super::place::Place;

/// Keys that share a place wait for each other, and no more.
const PLACES: usize = 64;

#[derive(Debug)]
pub(super) struct Turns([Mutex<()>; PLACES]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// The turn of whoever changes what is there, until it is dropped.
    pub(super) async fn of(&self, place: &Place) -> MutexGuard<'_, ()> {
        self.0[place.hash as usize % PLACES].lock().await
    }
}
