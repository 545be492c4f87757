//! Reproducible access patterns, and the replay that measures a cache on them.

use super::{Limits, Shard};

/// A named sequence of keys.
pub(crate) struct Trace {
    pub(crate) name: &'static str,
    pub(crate) keys: Vec<u64>,
}

/// One trace per pattern, of `length` accesses to `population` popular keys.
pub(crate) fn all(population: usize, length: usize, seed: u64) -> Vec<Trace> {
    let source = &mut Source::new(population, seed);
    vec![
        Trace {
            name: "zipf",
            keys: zipf(source, length),
        },
        Trace {
            name: "zipf+scan+loop",
            keys: interrupted(source, length),
        },
        Trace {
            name: "zipf+trickle",
            keys: trickle(source, length),
        },
        Trace {
            name: "shifting zipf",
            keys: shifting(source, length, 10),
        },
        Trace {
            name: "drifting zipf",
            keys: shifting(source, length, 200),
        },
    ]
}

/// The hits in percent, after a first quarter that only warms up; `access` answers whether
/// its key was a hit, and stores it if not.
pub(crate) fn hit_ratio(trace: &Trace, mut access: impl FnMut(u64) -> bool) -> f64 {
    let (warm_up, measured) = trace.keys.split_at(trace.keys.len() / 4);
    for &key in warm_up {
        access(key);
    }
    let hits = measured.iter().filter(|&&key| access(key)).count();
    100.0 * hits as f64 / measured.len() as f64
}

/// Shards as the memory backend has them: at least 2048 entries in each, 64 at most.
pub(crate) struct Table {
    shards: Vec<Shard<u64>>,
    displaced: Vec<u64>,
}

impl Table {
    pub(crate) fn new(entries: usize) -> Self {
        let most = (entries / 2048).clamp(1, 64);
        let count = 1 << most.ilog2();
        let limits = Limits {
            entries: entries / count,
            weight: None,
        };
        let shards = (0..count).map(|_| Shard::new(limits)).collect();
        Self {
            shards,
            displaced: Vec::new(),
        }
    }

    /// Looks a key up, and stores it on a miss; whether it was a hit.
    pub(crate) fn access(&mut self, key: u64) -> bool {
        let hash = mix(key);
        let shard = (hash >> 32) as usize & (self.shards.len() - 1);
        let shard = &mut self.shards[shard];
        if shard.get(hash, |&entry| entry == key).is_some() {
            return true;
        }
        shard.insert(hash, |&entry| entry == key, key, 1, &mut self.displaced);
        self.displaced.clear();
        false
    }
}

/// The finaliser of SplitMix64: a good enough hash for integers.
pub(crate) fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

fn zipf(source: &mut Source, length: usize) -> Vec<u64> {
    (0..length).map(|_| source.popular()).collect()
}

/// Popular keys, then a scan of keys never seen again, then a loop gone round twice.
fn interrupted(source: &mut Source, length: usize) -> Vec<u64> {
    let block = source.population() / 10;
    let mut keys = Vec::with_capacity(length + 4 * block as usize);
    while keys.len() < length {
        keys.extend((0..2 * block).map(|_| source.popular()));
        keys.extend((0..block).map(|_| source.unseen()));
        keys.extend((0..block).map(|step| u64::MAX - step % (block / 2)));
    }
    keys.truncate(length);
    keys
}

/// One access in three goes to a key never seen again.
fn trickle(source: &mut Source, length: usize) -> Vec<u64> {
    let mut next = || {
        if source.random().is_multiple_of(3) {
            source.unseen()
        } else {
            source.popular()
        }
    };
    (0..length).map(|_| next()).collect()
}

/// Popularity moves on in `steps` equal steps, through half the keys or all.
fn shifting(source: &mut Source, length: usize, steps: usize) -> Vec<u64> {
    let population = source.population();
    let stride = population / 10.max(2 * steps as u64);
    let shift = |at: usize| (at * steps / length) as u64 * stride;
    (0..length)
        .map(|at| (source.popular() + shift(at)) % population)
        .collect()
}

/// A seeded source of keys.
struct Source {
    state: u64,
    unseen: u64,
    /// The probability that a key is this popular or more; Zipf's law with exponent 0.99.
    cumulated: Vec<f64>,
}

impl Source {
    fn new(population: usize, seed: u64) -> Self {
        let mut sum = 0.0;
        let mut add = |rank: usize| {
            sum += (rank as f64).powf(-0.99);
            sum
        };
        let cumulated: Vec<f64> = (1..=population).map(&mut add).collect();
        let cumulated = cumulated.iter().map(|part| part / sum).collect();
        Self {
            state: seed,
            unseen: 1 << 32,
            cumulated,
        }
    }

    fn population(&self) -> u64 {
        self.cumulated.len() as u64
    }

    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    fn popular(&mut self) -> u64 {
        let draw = (self.random() >> 11) as f64 / (1_u64 << 53) as f64;
        self.cumulated.partition_point(|&part| part < draw) as u64
    }

    fn unseen(&mut self) -> u64 {
        self.unseen += 1;
        self.unseen
    }
}
