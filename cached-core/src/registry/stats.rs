//! Per function: hits, misses, stored, refused.

use std::fmt;

use super::{Role, Site, sites};
use crate::event::{Counter, Counts, totals};

/// The counters of one cached function since the process began.
#[derive(Debug, Clone, Copy)]
pub struct FunctionStats {
    site: &'static Site,
    counts: Counts,
}

impl FunctionStats {
    /// The function.
    #[must_use]
    pub fn site(&self) -> &'static Site {
        self.site
    }

    /// Calls answered from the cache.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.counts.get(Counter::Hit)
    }

    /// Calls that found no fresh value.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.counts.get(Counter::Miss)
    }

    /// Misses answered by another caller's computation.
    #[must_use]
    pub fn joined(&self) -> u64 {
        self.counts.get(Counter::Joined)
    }

    /// Computed values that were stored.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.counts.get(Counter::Stored)
    }

    /// Computed values that an invalidation had overtaken, and that were therefore not stored.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.counts.get(Counter::Refused)
    }

    /// Calls that computed on their own, without joining, leading or storing.
    #[must_use]
    pub fn uncached(&self) -> u64 {
        self.counts.get(Counter::Uncached)
    }

    /// Values whose `Serialize` failed, so that they could not be measured or encoded.
    #[must_use]
    pub fn unencodable(&self) -> u64 {
        self.counts.get(Counter::Unencodable)
    }

    /// Calls that a shared backend failed: it did not answer, or refused. They computed without it.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.counts.get(Counter::Fault)
    }

    /// Entries of a shared backend that could not be read: damaged, foreign, or of another type.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.counts.get(Counter::Unreadable)
    }

    /// Hits among all calls, between 0 and 1; `None` before the first call.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let calls = self.hits() + self.misses();
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
        (calls > 0).then(|| self.hits() as f64 / calls as f64)
    }
}

/// The counters of every cached function; prints as a table.
#[derive(Debug, Clone)]
pub struct Stats {
    functions: Vec<FunctionStats>,
}

impl Stats {
    /// One row per cached function, ordered by place.
    #[must_use]
    pub fn functions(&self) -> &[FunctionStats] {
        &self.functions
    }

    /// The row of the function with that name; the first one if several modules have one.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&FunctionStats> {
        self.functions.iter().find(|row| row.site.name() == name)
    }
}

/// Hits, misses, stored and refused fills of every cached function of this process.
///
/// ```
/// println!("{}", cached_core::stats());
/// ```
#[must_use]
pub fn stats() -> Stats {
    let functions = sites()
        .into_iter()
        .filter(|site| site.role() == Role::Reader)
        .map(|site| FunctionStats {
            site,
            counts: totals(site.number()),
        })
        .collect();
    Stats { functions }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}",
            "function", "hits", "misses", "joined", "stored", "refused", "ratio"
        )?;
        for row in &self.functions {
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}

/// One line of the table.
impl fmt::Display for FunctionStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{}::{}", self.site.module(), self.site.name());
        write!(f, "{name:<32}")?;
        let counts = [
            self.hits(),
            self.misses(),
            self.joined(),
            self.stored(),
            self.refused(),
        ];
        for count in counts {
            write!(f, " {count:>10}")?;
        }
        match self.hit_ratio() {
            Some(ratio) => write!(f, " {:>7.1}%", ratio * 100.0),
            None => write!(f, " {:>8}", "-"),
        }
    }
}
