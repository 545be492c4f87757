//! The tags of keys that have lately left the shard.
//!
//! A key that comes back soon after it was evicted for lack of use was evicted too early,
//! and re-enters among the entries that have proved themselves. Only 8 bytes per remembered
//! key, and never an entry: forgetting or confusing one costs at most a hit.

use super::index::Tag;

/// Tags whose places collide share a group; the youngest of them are kept.
const GROUP: usize = 4;
/// Ages are differences of a wrapping clock, so windows stay below half its range.
const LONGEST: u32 = 1 << 30;

#[derive(Clone, Copy)]
struct Ghost {
    tag: Tag,
    left_at: u32,
}

/// A set of tags that forgets each after `window` further ones.
pub(super) struct Ghosts {
    /// A power of two of groups, or none yet.
    groups: Vec<[Ghost; GROUP]>,
    window: u32,
    now: u32,
}

impl Default for Ghosts {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            window: 0,
            now: LONGEST,
        }
    }
}

impl Ghosts {
    /// Remembers that `tag` left, among as many others as `window` says at most.
    pub(super) fn remember(&mut self, tag: Tag, window: usize) {
        self.widen(window);
        self.now = self.now.wrapping_add(1);
        let ghost = Ghost {
            tag,
            left_at: self.now,
        };
        self.keep(ghost);
    }

    /// Whether `tag` left lately; if so, it is forgotten.
    pub(super) fn recall(&mut self, tag: Tag) -> bool {
        if self.groups.is_empty() {
            return false;
        }
        let (now, window) = (self.now, self.window);
        let home = tag.home(self.groups.len());
        let found = self.groups[home]
            .iter_mut()
            .find(|ghost| ghost.tag == tag && now.wrapping_sub(ghost.left_at) < window);
        match found {
            Some(ghost) => ghost.left_at = now.wrapping_sub(LONGEST),
            None => return false,
        }
        true
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.groups.len() * GROUP
    }

    fn keep(&mut self, ghost: Ghost) {
        let now = self.now;
        let home = ghost.tag.home(self.groups.len());
        let oldest = self.groups[home]
            .iter_mut()
            .max_by_key(|old| now.wrapping_sub(old.left_at));
        if let Some(place) = oldest {
            *place = ghost;
        }
    }

    /// Follows the shard's population upwards; twice the room keeps collisions rare.
    fn widen(&mut self, window: usize) {
        let window = u32::try_from(window).unwrap_or(LONGEST).clamp(1, LONGEST);
        if window <= self.window {
            return;
        }
        self.window = window;
        let groups = (window as usize * 2).div_ceil(GROUP).next_power_of_two();
        if groups > self.groups.len() {
            let (now, gone) = (self.now, self.now.wrapping_sub(LONGEST));
            let empty = [Ghost {
                tag: Tag::of(0),
                left_at: gone,
            }; GROUP];
            let old = std::mem::replace(&mut self.groups, vec![empty; groups]);
            old.into_iter()
                .flatten()
                .filter(|ghost| now.wrapping_sub(ghost.left_at) < window)
                .for_each(|ghost| self.keep(ghost));
        }
    }
}
