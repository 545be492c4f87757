//! What notes the operations that calls wait for.

use std::sync::{Arc, Mutex};

use crate::relay::Duty;

#[derive(Clone, Default)]
pub(super) struct Counting(Arc<Mutex<Vec<&'static str>>>);

impl Counting {
    /// What came since this was asked last.
    pub(super) fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics here"))
    }
}

impl Duty for Counting {
    fn before(&self, operation: &'static str) {
        // In the background.
        if !["renew", "release"].contains(&operation) {
            self.0.lock().expect("nobody panics here").push(operation);
        }
    }
}
