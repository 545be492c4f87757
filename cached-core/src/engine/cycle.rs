//! Which computation waits for which, so that no wait closes a circle.
//!
//! Edges exist only for calls made *inside* a computation, so a plain read never comes here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

type FlightId = u64;
type Edges = HashMap<FlightId, Vec<FlightId>>;

static EDGES: Mutex<Option<Edges>> = Mutex::new(None);

fn edges() -> MutexGuard<'static, Option<Edges>> {
    EDGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wait of one computation for another; it lasts until dropped.
#[derive(Debug)]
pub(crate) struct Wait {
    edge: Option<(FlightId, FlightId)>,
}

impl Wait {
    /// Records that `waiter` (the computation the caller is part of, if any) waits for `target`.
    /// `None` if `target` already waits for `waiter`, directly or through others.
    pub(crate) fn begin(waiter: Option<FlightId>, target: FlightId) -> Option<Self> {
        let Some(waiter) = waiter else {
            return Some(Self { edge: None });
        };
        let mut edges = edges();
        let edges = edges.get_or_insert_default();
        if reaches(edges, target, waiter) {
            return None;
        }
        edges.entry(waiter).or_default().push(target);
        Some(Self {
            edge: Some((waiter, target)),
        })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some((waiter, target)) = self.edge else {
            return;
        };
        let mut edges = edges();
        let edges = edges.get_or_insert_default();
        let Some(targets) = edges.get_mut(&waiter) else {
            return;
        };
        if let Some(at) = targets.iter().position(|&other| other == target) {
            targets.swap_remove(at);
        }
        if targets.is_empty() {
            edges.remove(&waiter);
        }
    }
}

/// Whether there is a path of waits. The graph has no cycle, by construction.
fn reaches(edges: &Edges, from: FlightId, to: FlightId) -> bool {
    let mut stack = vec![from];
    let mut seen = std::collections::HashSet::new();
    while let Some(flight) = stack.pop() {
        if flight == to {
            return true;
        }
        if seen.insert(flight) {
            stack.extend(edges.get(&flight).into_iter().flatten());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    // Ids far from those of real flights, because the graph is one per process.
    const BASE: u64 = u64::MAX - 1000;

    #[test]
    fn a_wait_that_would_close_a_circle_is_refused() {
        let _ab = Wait::begin(Some(BASE), BASE + 1).expect("no path back yet");
        let _bc = Wait::begin(Some(BASE + 1), BASE + 2).expect("no path back yet");
        assert!(Wait::begin(Some(BASE + 2), BASE).is_none());
        assert!(Wait::begin(Some(BASE + 2), BASE + 2).is_none());
    }

    #[test]
    fn a_wait_that_ended_no_longer_counts() {
        let wait = Wait::begin(Some(BASE + 10), BASE + 11);
        drop(wait);
        assert!(Wait::begin(Some(BASE + 11), BASE + 10).is_some());
    }

    #[test]
    fn callers_outside_any_computation_may_wait_for_everything() {
        let _wait = Wait::begin(None, BASE + 20).expect("nobody waits for a plain caller");
        assert!(!edges().get_or_insert_default().contains_key(&(BASE + 20)));
    }
}
