//! How likely a call finds its value, so that the question can be put the cheaper way.
//!
//! A read costs a backend the least, and a miss then takes a second trip for its lease. Putting the
//! lease there right away saves that trip, and what is there already comes back as the answer; but
//! it is a write, and nobody else's question can share it. So: read first while most calls hit.

use std::sync::atomic::{AtomicU8, Ordering};

/// Functions that share a place here spoil each other's odds, and nothing else.
const PLACES: usize = 64;
/// All hits.
const CERTAIN: u8 = u8::MAX;
/// Below four hits in five a lease goes first.
const LIKELY: u8 = CERTAIN / 5 * 4;
/// One call counts for so much, as a part of all before.
const WEIGHT: u8 = 16;

/// The smoothed hit ratio of each function.
#[derive(Debug)]
pub(super) struct Odds([AtomicU8; PLACES]);

impl Default for Odds {
    /// A new process most often finds a warm cache.
    fn default() -> Self {
        Self([const { AtomicU8::new(CERTAIN) }; PLACES])
    }
}

impl Odds {
    /// Whether the next call of this function will more likely than not be a hit.
    pub(super) fn favour_a_hit(&self, site: u32) -> bool {
        self.place(site).load(Ordering::Relaxed) >= LIKELY
    }

    /// Takes note of one call. Of two at the same time one may be lost.
    pub(super) fn learn(&self, site: u32, hit: bool) {
        let place = self.place(site);
        let before = place.load(Ordering::Relaxed);
        let goal = if hit { CERTAIN } else { 0 };
        let step = before.abs_diff(goal).div_ceil(WEIGHT);
        let after = if hit { before + step } else { before - step };
        // A function that only hits leaves the line alone.
        if after != before {
            place.store(after, Ordering::Relaxed);
        }
    }

    /// Nothing is known of it any more.
    pub(super) fn forget(&self, site: u32) {
        self.place(site).store(CERTAIN, Ordering::Relaxed);
    }

    fn place(&self, site: u32) -> &AtomicU8 {
        &self.0[site as usize % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_goes_first_where_hits_are_rare() {
        let odds = Odds::default();
        assert!(odds.favour_a_hit(1), "nothing is known");
        odds.learn(1, false);
        assert!(odds.favour_a_hit(1), "one miss says little");
        (0..200).for_each(|_| odds.learn(1, false));
        assert!(!odds.favour_a_hit(1));
        assert!(odds.favour_a_hit(2), "another function");
        (0..200).for_each(|_| odds.learn(1, true));
        assert!(odds.favour_a_hit(1));
        (0..200).for_each(|_| odds.learn(1, false));
        odds.forget(1);
        assert!(odds.favour_a_hit(1));
    }

    #[test]
    fn the_line_is_at_four_hits_in_five() {
        let settled = |hits_of_ten: u32| {
            let odds = Odds::default();
            let calls = (0..1000).map(|call| call * hits_of_ten % 10 < hits_of_ten);
            calls.for_each(|hit| odds.learn(1, hit));
            odds.favour_a_hit(1)
        };
        assert!(settled(9));
        assert!(!settled(7));
    }
}
