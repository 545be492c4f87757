//! How long computations take, so that whoever waits for one asks when it is likely to be over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The smoothed cost of each function's computation in microseconds, by the number of its site.
#[derive(Debug, Default)]
pub(super) struct Costs(Mutex<HashMap<u32, u32>>);

impl Costs {
    /// Takes note of one computation.
    pub(super) fn learn(&self, site: u32, micros: u32) {
        let mut costs = self.lock();
        let cost = costs.entry(site).or_insert(micros);
        // A quarter of the news: a slow computation now and then changes little.
        *cost = cost.saturating_sub(*cost / 4).saturating_add(micros / 4);
    }

    /// What the next one may take; 0 if nobody knows.
    pub(super) fn of(&self, site: u32) -> u32 {
        self.lock().get(&site).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_smoothed_and_start_with_the_first() {
        let costs = Costs::default();
        assert_eq!(costs.of(1), 0);
        costs.learn(1, 1000);
        assert_eq!(costs.of(1), 1000);
        costs.learn(1, 5000);
        assert_eq!(costs.of(1), 2000);
        assert_eq!(costs.of(2), 0);
        costs.learn(1, u32::MAX);
        assert!(costs.of(1) > 1_000_000_000);
    }
}
