//! What a shard promises, one behaviour per test.

mod ghosts;
mod hit_ratio;
mod model;
mod traces;

use super::policy::MOST_STEPS;
use super::{Limits, Shard};
use traces::mix;

/// A shard of numbers that are their own keys.
struct Numbers {
    shard: Shard<u64>,
    out: Vec<u64>,
}

impl Numbers {
    fn new(entries: usize, weight: Option<u64>) -> Self {
        Self {
            shard: Shard::new(Limits { entries, weight }),
            out: Vec::new(),
        }
    }

    fn holding(numbers: std::ops::Range<u64>) -> Self {
        let mut held = Self::new(numbers.end as usize - numbers.start as usize, None);
        numbers.for_each(|number| assert!(held.insert(number, 1)));
        held
    }

    fn insert(&mut self, number: u64, weight: u64) -> bool {
        let eq = |&entry: &u64| entry == number;
        self.shard
            .insert(mix(number), eq, number, weight, &mut self.out)
    }

    fn get(&mut self, number: u64) -> bool {
        self.shard
            .get(mix(number), |&entry| entry == number)
            .is_some()
    }

    fn has(&self, number: u64) -> bool {
        self.shard
            .peek(mix(number), |&entry| entry == number)
            .is_some()
    }

    fn remove(&mut self, number: u64) -> Option<u64> {
        self.shard.remove(mix(number), |&entry| entry == number)
    }

    fn displaced(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.out)
    }
}

#[test]
fn an_empty_shard_has_nothing_and_takes_no_memory() {
    let mut numbers = Numbers::new(usize::MAX, Some(u64::MAX));
    assert!(!numbers.get(1));
    assert_eq!(numbers.remove(1), None);
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (0, 0));
    assert_eq!(numbers.shard.footprint(), (0, 0, 0));
    assert_eq!(numbers.shard.take_all().count(), 0);
}

#[test]
fn a_full_shard_evicts_the_oldest_unused_entry() {
    let mut numbers = Numbers::holding(0..4);
    assert!(numbers.get(0));
    numbers.insert(4, 1);
    assert_eq!(numbers.displaced(), [1]);
    assert!(numbers.has(0) && numbers.has(4));
}

#[test]
fn peeking_is_no_use() {
    let mut numbers = Numbers::holding(0..4);
    assert!(numbers.has(0));
    numbers.insert(4, 1);
    assert_eq!(numbers.displaced(), [0]);
}

#[test]
fn an_entry_that_comes_back_soon_outlives_newer_ones() {
    let mut numbers = Numbers::holding(0..100);
    numbers.insert(100, 1);
    assert_eq!(numbers.displaced(), [0]);
    numbers.insert(0, 1);
    (200..300).for_each(|number| assert!(numbers.insert(number, 1)));
    assert!(numbers.has(0));
}

#[test]
fn an_invalidated_entry_that_was_in_use_starts_hot_again() {
    let mut numbers = Numbers::holding(0..100);
    numbers.get(50);
    assert_eq!(numbers.remove(50), Some(50));
    numbers.insert(50, 1);
    (200..300).for_each(|number| assert!(numbers.insert(number, 1)));
    assert!(numbers.has(50) && !numbers.has(51));
}

#[test]
fn replacing_hands_back_the_old_entry_and_keeps_the_uses() {
    let mut shard = Shard::new(Limits {
        entries: 2,
        weight: None,
    });
    let mut out = Vec::new();
    for value in ["a1", "b1"] {
        shard.insert(
            mix(value.as_bytes()[0].into()),
            |_| false,
            value,
            1,
            &mut out,
        );
    }
    let a = |entry: &&str| entry.starts_with('a');
    shard.get(mix(b'a'.into()), a);
    assert!(shard.insert(mix(b'a'.into()), a, "a2", 1, &mut out));
    assert_eq!((shard.len(), &out[..]), (2, &["a1"][..]));
    shard.insert(mix(b'c'.into()), |_| false, "c1", 1, &mut out);
    assert_eq!(out, ["a1", "b1"]);
}

#[test]
fn an_entry_may_be_changed_in_place() {
    let mut numbers = Numbers::holding(0..3);
    let entry = numbers.shard.get_mut(mix(1), |&entry| entry == 1);
    *entry.expect("1 was stored") = 11;
    assert!(numbers.shard.peek(mix(1), |&entry| entry == 11).is_some());
}

#[test]
fn weights_are_bounded_after_every_insert() {
    let mut numbers = Numbers::new(100, Some(10));
    (0..10).for_each(|number| assert!(numbers.insert(number, 1)));
    assert!(numbers.insert(10, 7));
    assert_eq!(numbers.displaced(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (4, 10));
}

#[test]
fn an_entry_that_grows_makes_others_go() {
    let mut numbers = Numbers::new(100, Some(10));
    (0..10).for_each(|number| assert!(numbers.insert(number, 1)));
    assert!(numbers.insert(0, 9));
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (2, 10));
    assert!(numbers.has(0) && numbers.has(9));
    assert!(numbers.insert(0, 2));
    assert_eq!(numbers.shard.weight(), 3);
}

#[test]
fn an_entry_over_the_limit_is_refused_and_outdates_the_old_one() {
    let mut numbers = Numbers::new(100, Some(10));
    numbers.insert(1, 10);
    assert!(!numbers.insert(1, 11));
    assert_eq!(numbers.displaced(), [1, 1]);
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (0, 0));
}

#[test]
fn a_shard_without_room_refuses_everything() {
    let mut numbers = Numbers::new(0, None);
    assert!(!numbers.insert(1, 0));
    assert_eq!(numbers.displaced(), [1]);
}

#[test]
fn weights_do_not_overflow() {
    let mut numbers = Numbers::new(3, None);
    (0..5).for_each(|number| assert!(numbers.insert(number, u64::MAX)));
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (3, u64::MAX));
    (2..5).for_each(|number| assert!(numbers.remove(number).is_some()));
    assert_eq!(numbers.shard.weight(), 0);
}

#[test]
fn clearing_hands_everything_back() {
    let mut numbers = Numbers::holding(0..50);
    numbers.remove(7);
    let mut all: Vec<u64> = numbers.shard.take_all().collect();
    all.sort_unstable();
    assert_eq!(
        all,
        (0..50).filter(|&number| number != 7).collect::<Vec<_>>()
    );
    assert_eq!((numbers.shard.len(), numbers.shard.weight()), (0, 0));
    assert!(numbers.insert(7, 1) && numbers.has(7));
}

#[test]
fn sweeps_go_round_in_bounded_steps() {
    let mut numbers = Numbers::holding(0..10);
    let odd = |entry: &u64| entry % 2 == 1;
    numbers.shard.sweep(4, odd, &mut numbers.out);
    assert_eq!(numbers.displaced(), [1, 3]);
    numbers.shard.sweep(6, odd, &mut numbers.out);
    assert_eq!(numbers.displaced(), [5, 7, 9]);
    numbers.insert(11, 1);
    numbers.shard.sweep(10, odd, &mut numbers.out);
    assert_eq!(numbers.displaced(), [11]);
}

#[test]
fn a_search_for_a_victim_is_bounded() {
    let mut numbers = Numbers::holding(0..1000);
    for _ in 0..3 {
        (0..1000).for_each(|number| assert!(numbers.get(number)));
    }
    numbers.insert(1000, 1);
    assert_eq!(numbers.displaced(), [MOST_STEPS as u64]);
}

#[test]
fn turnover_takes_no_more_memory() {
    let mut numbers = Numbers::new(100, None);
    for number in 0..10_000 {
        numbers.insert(number, 1);
        numbers.get(number / 2);
        numbers.remove(number / 3);
    }
    assert_eq!(numbers.shard.footprint(), (100, 256, 256));
}
