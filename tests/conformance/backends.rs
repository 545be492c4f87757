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

/// What each kind of backend cannot do. What a behaviour finds missing beyond it fails.
const LACKING: &[(&str, &[&str])] = &[
    ("memory", &["cells"]),
    ("in-process", &["bound", "pushes"]),
    ("custom", &["bound", "pushes", "scans", "watches"]),
    ("redis", &[]),
    ("memcached", &["pushes", "scans", "watches"]),
    ("sqlite", &["bound", "pushes", "watches"]),
    ("postgres", &["bound", "pushes", "watches"]),
    ("mysql", &["bound", "pushes", "watches"]),
    ("file", &["pushes", "watches"]),
];

/// What this kind of backend cannot do.
pub(crate) fn lacking(kind: &str) -> &'static [&'static str] {
    let found = LACKING.iter().find(|(name, _)| *name == kind);
    found.unwrap_or_else(|| panic!("no row for {kind}")).1
}

/// What is examined.
pub(crate) struct Opened {
    pub(crate) subject: Subject,
    /// Which servers serve it, by process and version.
    #[allow(dead_code)] // tests name theirs when they fail
    pub(crate) by: String,
}

impl Opened {
    fn of(kind: &str, subject: Subject, by: String) -> Self {
        let subject = subject.lacking(lacking(kind));
        Self { subject, by }
    }

    fn here(kind: &str, subject: Subject, l1: L1) -> Self {
        let by = format!("this process, {}{}", std::process::id(), l1.said());
        Self::of(kind, subject, by)
    }
}

pub(crate) fn memory() -> Opened {
    let clock = ManualClock::new();
    let moved = clock.clone();
    let subject = Subject::of_caches(move |_| Cache::memory().clock(clock.clone()))
        .with_bound(|_| Cache::memory().capacity(1_000))
        .with_clock(move |by| moved.advance(by));
    Opened::here("memory", subject, L1::Off)
}

pub(crate) fn in_process() -> Opened {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    let subject = Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by));
    Opened::here("in-process", subject, L1::Off)
}
