//! Tells apart functions whose default keys have the same text, and says what a function is to
//! other processes.
//!
//! A key that was left to the macro names module, enclosing functions, trait and function. That is
//! the same for functions of one name in two blocks of one function, in two impls of a generic
//! trait, or in two uses of one `macro_rules` macro; what differs is where they stand.

use std::sync::atomic::Ordering;

use super::{Role, Site, sites};

impl Site {
    /// How many readers with this one's template stand before it in the source.
    #[doc(hidden)]
    #[inline]
    pub fn rank(&'static self) -> u32 {
        match self.ranked.load(Ordering::Relaxed) {
            0 => self.find_rank(),
            ranked => ranked - 1,
        }
    }

    /// What a shared backend knows all entries of the function by: the same in every process that
    /// runs this crate, `make` of its path.
    #[cfg(feature = "remote")]
    pub(crate) fn stamp(&self, make: impl FnOnce(&str) -> u64) -> u64 {
        let path = || format!("{}::{}", self.module(), self.name());
        *self.stamp.get_or_init(|| make(&path()))
    }

    /// Whether its key was left to the macro and another reader's is told from it by place alone.
    /// That is no identity between programs: another release may have them in another order.
    #[cfg(feature = "remote")]
    pub(crate) fn has_namesake(&'static self) -> bool {
        let ranked = self.ranked.load(Ordering::Relaxed) != 0;
        let alike = || {
            let alike = |site: &&&'static Site| self.is_alike(site);
            sites().iter().filter(alike).count() > 1
        };
        ranked && *self.namesake.get_or_init(alike)
    }

    fn is_alike(&self, site: &Site) -> bool {
        site.role() == Role::Reader && site.template() == self.template()
    }

    #[cold]
    fn find_rank(&'static self) -> u32 {
        let alike = |site: &&'static Site| self.is_alike(site);
        let before = sites()
            .into_iter()
            .filter(alike)
            .position(|site| std::ptr::eq(site, self));
        let rank = u32::try_from(before.unwrap_or_default()).unwrap_or_default();
        self.ranked.store(rank.saturating_add(1), Ordering::Relaxed);
        rank
    }
}
