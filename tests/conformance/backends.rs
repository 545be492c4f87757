//! How each backend is opened for the conformance suite: as tests here, as a table by
//! `cargo xtask conformance`.

use std::collections::HashMap;
use std::sync::Mutex;

use cached_core::testing::{self, ManualClock, conformance::Subject};
use cached_core::{Builder, Cache};

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

fn built(builder: Builder) -> Cache {
    builder.build().expect("the settings are valid")
}

/// Typed values, so that every handle is the same cache.
pub(crate) fn memory() -> Opened {
    let clock = ManualClock::new();
    let moved = clock.clone();
    let caches = Mutex::new(HashMap::<String, Cache>::new());
    let open = move |prefix: &str| {
        let mut caches = caches.lock().expect("nothing panics under this lock");
        let new = || built(Cache::memory().clock(clock.clone()));
        caches.entry(prefix.to_owned()).or_insert_with(new).clone()
    };
    let subject = Subject::of_caches(open)
        .with_bound(|_| built(Cache::memory().capacity(1_000)))
        .with_clock(move |by| moved.advance(by));
    Opened::here(subject, L1::Off)
}

pub(crate) fn in_process() -> Opened {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    let subject = Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by));
    Opened::here(subject, L1::Off)
}
