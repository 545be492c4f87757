//! When a caller that waits for another process asks the backend: first when the computation is
//! likely to end, then at growing intervals. A backend that tells of changes is asked sooner.

use crate::time::Millis;

/// The first interval after the expected end, in milliseconds.
const FIRST: Millis = 5;
/// The longest wait for an expected end without a look: the holder may have given up.
const AHEAD: Millis = 1_000;

/// The pace of one wait.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the computation is likely to end.
    end: Millis,
    step: Millis,
    longest: Millis,
}

impl Pace {
    /// A pace for a computation that is likely to end at `end`. Without pushes looks are all that
    /// tells of its end, so they come closer together.
    pub(super) fn new(end: Millis, pushes: bool) -> Self {
        Self {
            end,
            step: FIRST,
            longest: if pushes { 500 } else { 100 },
        }
    }

    /// When to look next. `draw` is random: not all processes are to look at once.
    pub(super) fn next(&mut self, now: Millis, draw: u64) -> Millis {
        if now < self.end {
            let ahead = (self.end - now).min(AHEAD);
            return now + ahead + draw % (ahead / 8 + FIRST);
        }
        let step = self.step;
        self.step = (step * 2).min(self.longest);
        now + step - draw % (step / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_is_at_the_expected_end() {
        let mut pace = Pace::new(300, false);
        assert_eq!(pace.next(100, 0), 300);
        assert!(pace.next(100, u64::MAX) < 300 + 200 / 8 + FIRST);
    }

    #[test]
    fn a_long_computation_is_looked_at_now_and_then() {
        let mut pace = Pace::new(3_000, false);
        let mut now = 0;
        let mut looks = 0;
        while now < 3_000 {
            now = pace.next(now, 0);
            looks += 1;
        }
        assert_eq!((looks, now), (3, 3_000));
    }

    #[test]
    fn later_looks_are_further_apart_up_to_a_bound() {
        let mut pace = Pace::new(0, false);
        let steps: Vec<_> = (0..7).map(|_| pace.next(0, 0)).collect();
        assert_eq!(steps, [5, 10, 20, 40, 80, 100, 100]);
        let mut pace = Pace::new(0, true);
        let last = (0..9).map(|_| pace.next(0, 0)).last();
        assert_eq!(last, Some(500));
        assert!(Pace::new(0, true).next(7, u64::MAX) >= 7 + FIRST / 2);
    }
}
