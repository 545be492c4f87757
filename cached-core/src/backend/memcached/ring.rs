//! Which server has a key: consistent hashing, so that another list of servers moves few keys.

use twox_hash::XxHash3_64;

/// Points of each server on the ring. With so many the fullest of ten servers has about a fifth
/// more than its share.
const POINTS: u32 = 160;

/// The servers' points, in order.
#[derive(Debug)]
pub(super) struct Ring(Vec<(u64, usize)>);

impl Ring {
    /// A ring of the servers with these names, at least one. What it says depends on the names, and
    /// not on their order.
    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut points = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            for number in 0..POINTS {
                let point = hash(&format!("{name}#{number}"));
                points.push((point, name.clone(), place));
            }
        }
        // By name as well: two servers may share a point.
        points.sort_unstable();
        let points = points.into_iter();
        Self(points.map(|(point, _, place)| (point, place)).collect())
    }

    /// The place of the key's server in the list that this was made of.
    pub(super) fn place(&self, key: &str) -> usize {
        let wanted = hash(key);
        let next = self.0.partition_point(|(point, _)| *point < wanted);
        let point = self.0.get(next).or(self.0.first());
        point.map_or(0, |(_, place)| *place)
    }
}

/// The same in every process and every release: it says where values are.
fn hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 20_000;

    fn placed<'n>(names: &[&'n str]) -> Vec<&'n str> {
        let ring = Ring::of(names.iter().map(|name| (*name).to_owned()));
        let keys = (0..KEYS).map(|key| format!("cached:post:{key}"));
        keys.map(|key| names[ring.place(&key)]).collect()
    }

    #[test]
    fn the_order_of_servers_moves_no_key() {
        let one = placed(&["a:11211", "b:11211", "c:11211", "d:11211"]);
        let other = placed(&["c:11211", "a:11211", "d:11211", "b:11211"]);
        assert_eq!(one, other);
    }

    #[test]
    fn keys_are_spread_and_a_further_server_takes_its_share_only() {
        let names = ["a:11211", "b:11211", "c:11211", "d:11211"];
        let (before, after) = (placed(&names[..3]), placed(&names));
        for name in &names[..3] {
            let share = before.iter().filter(|place| *place == name).count();
            assert!(share > KEYS / 4 && share < KEYS / 2, "{name}: {share}");
        }
        let moved = before.iter().zip(&after).filter(|(old, new)| old != new);
        assert!(moved.clone().all(|(_, new)| *new == names[3]));
        let moved = moved.count();
        assert!(moved > KEYS / 6 && moved < KEYS / 3, "{moved} moved");
    }

    /// Another place for a key is another value for it, so this may never change.
    #[test]
    fn places_are_for_ever() {
        let ring = Ring::of(["a:11211", "b:11211", "c:11211"].map(str::to_owned));
        let places: Vec<usize> = (0..16).map(|key| ring.place(&format!("k{key}"))).collect();
        assert_eq!(places, PLACES);
    }

    const PLACES: [usize; 16] = [1, 0, 2, 0, 2, 0, 1, 2, 0, 2, 0, 2, 1, 0, 2, 2];
}
