//! How each backend is opened for the conformance suite: as tests here, as a table by
//! `cargo xtask conformance`.

use cached_core::Cache;
use cached_core::testing::{self, ManualClock, conformance::Subject};

#[cfg(feature = "servers")]
#[path = "servers.rs"]
pub(crate) mod servers;
#[path = "tiers.rs"]
pub(crate) mod tiers;

use tiers::L1;

/// What is examined.
pub(crate) struct Opened {
    pub(crate) subject: Subject,
    /// Which servers serve it, by process and version.
    #[allow(dead_code)] // tests name theirs when they fail
    pub(crate) by: String,
}

impl Opened {
    fn here(subject: Subject, l1: L1) -> Self {
        let by = format!("this process, {}{}", std::process::id(), l1.said());
        Self { subject, by }
    }
}

pub(crate) fn memory() -> Opened {
    let clock = ManualClock::new();
    let moved = clock.clone();
    let subject = Subject::of_caches(move |_| Cache::memory().clock(clock.clone()))
        .with_bound(|_| Cache::memory().capacity(1_000))
        .with_clock(move |by| moved.advance(by));
    Opened::here(subject, L1::Off)
}

pub(crate) fn in_process() -> Opened {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    let subject = Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by));
    Opened::here(subject, L1::Off)
}
