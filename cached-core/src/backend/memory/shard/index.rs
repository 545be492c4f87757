//! The index of a shard: from a key's tag to the slot that holds its entry.
//!
//! Open addressing with linear probing, at most half full, one 8-byte bucket per entry.
//! A removal closes the gap behind it instead of leaving a tombstone, so a full cache that
//! turns over forever never has to rehash: the table grows while the shard fills and is
//! left alone after that.

/// What the index, the slots and the ghosts know of a key: 32 well mixed bits of its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// Mixes the hash once more, because the caller has spent some of its bits on choosing
    /// the shard and all keys of one shard agree in them.
    #[inline]
    pub(super) fn of(hash: u64) -> Self {
        Self((hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32)
    }

    /// Where the tag belongs among `len` places, `len` being a power of two.
    #[inline]
    pub(super) fn home(self, len: usize) -> usize {
        ((u64::from(self.0) * len as u64) >> 32) as usize
    }
}

/// Marks an empty bucket; no slot has this number.
const EMPTY: u32 = u32::MAX;
const SMALLEST: usize = 16;

#[derive(Clone, Copy)]
struct Bucket {
    tag: Tag,
    slot: u32,
}

const VACANT: Bucket = Bucket {
    tag: Tag(0),
    slot: EMPTY,
};

/// Maps tags to slot numbers. Tags may repeat; the caller tells entries apart.
#[derive(Default)]
pub(super) struct Index {
    /// A power of two of buckets, or none yet.
    buckets: Vec<Bucket>,
    len: usize,
}

impl Index {
    /// The first slot under `tag` for which `is_it` answers yes.
    #[inline(always)]
    pub(super) fn find(&self, tag: Tag, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.buckets.len().checked_sub(1)?;
        let mut at = tag.home(self.buckets.len());
        loop {
            let bucket = self.buckets[at & mask];
            if bucket.slot == EMPTY {
                return None;
            }
            if bucket.tag == tag && is_it(bucket.slot) {
                return Some(bucket.slot);
            }
            at += 1;
        }
    }

    /// Adds a slot under `tag`.
    pub(super) fn add(&mut self, tag: Tag, slot: u32) {
        if self.buckets.len() <= self.len * 2 {
            self.grow();
        }
        self.len += 1;
        self.place(Bucket { tag, slot });
    }

    /// Takes out a slot that was added under `tag`.
    pub(super) fn remove(&mut self, tag: Tag, slot: u32) {
        let mask = self.buckets.len() - 1;
        let mut hole = tag.home(self.buckets.len());
        while self.buckets[hole].slot != slot {
            debug_assert_ne!(
                self.buckets[hole].slot, EMPTY,
                "an indexed slot is reachable"
            );
            hole = (hole + 1) & mask;
        }
        self.len -= 1;
        self.close(hole);
    }

    /// Moves later buckets of the run forward so that every probe still ends at a gap.
    fn close(&mut self, mut hole: usize) {
        let mask = self.buckets.len() - 1;
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let bucket = self.buckets[next];
            if bucket.slot == EMPTY {
                break;
            }
            let from_home = next.wrapping_sub(bucket.tag.home(self.buckets.len())) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.buckets[hole] = bucket;
                hole = next;
            }
        }
        self.buckets[hole] = VACANT;
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.buckets.len()
    }

    fn place(&mut self, bucket: Bucket) {
        let mask = self.buckets.len() - 1;
        let mut at = bucket.tag.home(self.buckets.len());
        while self.buckets[at].slot != EMPTY {
            at = (at + 1) & mask;
        }
        self.buckets[at] = bucket;
    }

    fn grow(&mut self) {
        let size = (self.buckets.len() * 2).max(SMALLEST);
        let old = std::mem::replace(&mut self.buckets, vec![VACANT; size]);
        for bucket in old.into_iter().filter(|bucket| bucket.slot != EMPTY) {
            self.place(bucket);
        }
    }
}
