//! Random operations against a map that forgets nothing.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Limits, Shard};

/// A key and the number of the insert that brought it: no two entries are equal.
type Entry = (u8, usize);

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    Peek(u8),
    Insert(u8, u64),
    Remove(u8),
    Sweep(usize, u8),
    Clear,
}

proptest! {
    #[test]
    fn agrees_with_a_map(
        entries in 0..40_usize,
        weight in prop::option::of(prop_oneof![0..60_u64, Just(u64::MAX)]),
        ops in vec(op(), 1..400),
    ) {
        let mut pair = Pair::new(Limits { entries, weight });
        for (time, op) in ops.into_iter().enumerate() {
            pair.run(time, op)?;
            pair.check()?;
        }
        pair.run(0, Op::Clear)?;
        prop_assert!(pair.alive.is_empty(), "never handed back: {:?}", pair.alive);
    }
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..64_u8;
    let weight = prop_oneof![9 => 0..20_u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX / 2)];
    prop_oneof![
        20 => key.clone().prop_map(Op::Get),
        5 => key.clone().prop_map(Op::Peek),
        30 => (key.clone(), weight).prop_map(|(key, weight)| Op::Insert(key, weight)),
        5 => key.prop_map(Op::Remove),
        2 => (0..50_usize, 2..9_u8).prop_map(|(budget, every)| Op::Sweep(budget, every)),
        1 => Just(Op::Clear),
    ]
}

/// Few hashes, so that different keys share tags and places.
fn hash(key: u8) -> u64 {
    u64::from(key / 3)
}

struct Pair {
    limits: Limits,
    shard: Shard<Entry>,
    /// Everything inserted and not handed back yet, with its weight.
    alive: HashMap<Entry, u64>,
    /// The last insert of each key, unless it was taken out.
    latest: HashMap<u8, Entry>,
}

impl Pair {
    fn new(limits: Limits) -> Self {
        let shard = Shard::new(limits);
        Self {
            limits,
            shard,
            alive: HashMap::new(),
            latest: HashMap::new(),
        }
    }

    fn run(&mut self, time: usize, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::Get(key) => {
                let found = self.shard.get(hash(key), |entry| entry.0 == key).copied();
                prop_assert!(found.is_none() || found == self.latest.get(&key).copied());
            }
            Op::Peek(key) => {
                let found = self.shard.peek(hash(key), |entry| entry.0 == key).copied();
                prop_assert!(found.is_none() || found == self.latest.get(&key).copied());
            }
            Op::Insert(key, weight) => self.insert((key, time), weight)?,
            Op::Remove(key) => {
                let removed = self.shard.remove(hash(key), |entry| entry.0 == key);
                prop_assert!(removed.is_none_or(|entry| self.latest.get(&key) == Some(&entry)));
                self.hand_back(removed)?;
                self.latest.remove(&key);
            }
            Op::Sweep(budget, every) => {
                let mut out = Vec::new();
                self.shard
                    .sweep(budget, |entry| entry.0.is_multiple_of(every), &mut out);
                prop_assert!(out.len() <= budget);
                prop_assert!(out.iter().all(|entry| entry.0.is_multiple_of(every)));
                self.hand_back(out)?;
            }
            Op::Clear => {
                let all: Vec<Entry> = self.shard.take_all().collect();
                self.hand_back(all)?;
                prop_assert_eq!(self.shard.len(), 0);
            }
        }
        Ok(())
    }

    fn insert(&mut self, entry: Entry, weight: u64) -> Result<(), TestCaseError> {
        let (key, mut out) = (entry.0, Vec::new());
        let held = self.shard.peek(hash(key), |entry| entry.0 == key).copied();
        let stored = self
            .shard
            .insert(hash(key), |e| e.0 == key, entry, weight, &mut out);
        let fits = self.limits.weight.is_none_or(|limit| weight <= limit);
        prop_assert_eq!(stored, fits && self.limits.entries > 0);
        prop_assert!(
            held.is_none_or(|old| out.contains(&old)),
            "the old entry is handed back"
        );
        self.alive.insert(entry, weight);
        self.latest.insert(key, entry);
        self.hand_back(out)?;
        let found = self.shard.peek(hash(key), |entry| entry.0 == key);
        prop_assert_eq!(found, Some(&entry).filter(|_| stored));
        Ok(())
    }

    /// Every entry comes back once, and what was never inserted does not.
    fn hand_back(&mut self, out: impl IntoIterator<Item = Entry>) -> Result<(), TestCaseError> {
        for entry in out {
            prop_assert!(
                self.alive.remove(&entry).is_some(),
                "{entry:?} came back twice"
            );
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let weight: u128 = self.alive.values().map(|&weight| u128::from(weight)).sum();
        prop_assert_eq!(self.shard.len(), self.alive.len());
        prop_assert_eq!(
            u128::from(self.shard.weight()),
            weight.min(u128::from(u64::MAX))
        );
        prop_assert!(self.shard.len() <= self.limits.entries);
        prop_assert!(
            self.limits
                .weight
                .is_none_or(|limit| weight <= u128::from(limit))
        );
        for entry in self.alive.keys() {
            let found = self.shard.peek(hash(entry.0), |held| held.0 == entry.0);
            prop_assert_eq!(found, Some(entry));
        }
        Ok(())
    }
}
