//! The conformance suite, on every backend there is.

use std::collections::BTreeSet;

use cached_core::testing::conformance::Subject;
use cached_core::testing::{self, ManualClock, conformance_tests};

use super::source;

mod broken;
#[path = "../../examples/11_custom_backend.rs"]
#[allow(dead_code)] // its `main` is the example's
mod custom_backend;
mod tiered;

mod in_process {
    use super::*;

    fn subject() -> Subject {
        let clock = ManualClock::new();
        let store = testing::in_process_at(clock.clone());
        Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by))
    }

    conformance_tests!(subject());
}

/// Without a clock of its own.
mod custom {
    use super::*;

    fn subject() -> Subject {
        let shelf = custom_backend::Shelf::default();
        Subject::of(move || shelf.clone())
    }

    conformance_tests!(subject());
}

/// Typed values in the memory of one process, so that every handle is the same cache.
mod memory {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use cached_core::Cache;

    fn subject() -> Subject {
        let clock = ManualClock::new();
        let moved = clock.clone();
        let caches = Mutex::new(HashMap::<String, Cache>::new());
        let open = move |prefix: &str| {
            let mut caches = caches.lock().expect("no test panics under this lock");
            let built = || Cache::memory().clock(clock.clone()).build();
            let cache = caches
                .entry(prefix.to_owned())
                .or_insert_with(|| built().expect("the defaults are valid"));
            cache.clone()
        };
        Subject::of_caches(open).with_clock(move |by| moved.advance(by))
    }

    conformance_tests!(subject(); caches races);
}

/// A server for each behaviour.
#[cfg(feature = "servers")]
mod redis {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::redis::fleet::{Fleet, Watched};
    use crate::redis::server::Server;
    use cached_core::{Cache, backend};

    fn subject() -> Subject {
        let server = Arc::new(Server::start());
        let same = Arc::clone(&server);
        let open = move || backend::redis(&server.url()).expect("the URL is well-formed");
        let caches = move |prefix: &str| {
            let builder = Cache::at(&same.url()).expect("the URL is well-formed");
            let builder = builder.prefix(prefix).timeout(Duration::from_secs(5));
            builder.build().expect("the prefix is legal")
        };
        Subject::of(open).with_caches(caches)
    }

    conformance_tests!(subject());

    /// Servers that take seconds to find each other: all behaviours in turn, on the same ones.
    async fn run_all_at(url: String) {
        let same = url.clone();
        let open = move || backend::redis(&url).expect("the URL is well-formed");
        let caches = move |prefix: &str| {
            let builder = Cache::at(&same).expect("the URL is well-formed");
            let builder = builder.prefix(prefix).timeout(Duration::from_secs(5));
            builder.build().expect("the prefix is legal")
        };
        let subject = Subject::of(open).with_caches(caches);
        testing::conformance::run_all(&subject).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_in_a_cluster() {
        let fleet = Fleet::start(3, false);
        run_all_at(fleet.url()).await;
    }

    #[tokio::test]
    async fn all_of_it_holds_under_sentinels() {
        let watched = Watched::start(1, 3);
        run_all_at(watched.url()).await;
    }
}

/// A file for each behaviour.
#[cfg(feature = "servers")]
mod sqlite {
    use super::*;
    use crate::databases::Directory;
    use cached_core::backend;

    fn subject() -> Subject {
        let directory = Directory::new();
        let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
        Subject::of(move || {
            let _alive = &directory;
            backend::sqlite(&url).expect("the URL is well-formed")
        })
    }

    conformance_tests!(subject());
}

/// A directory for each behaviour.
#[cfg(feature = "servers")]
mod file {
    use super::*;
    use crate::databases::Directory;
    use cached_core::backend;

    fn subject() -> Subject {
        let directory = Directory::new();
        let url = format!("file://{}/cache", directory.path().display());
        Subject::of(move || {
            let _alive = &directory;
            backend::file(&url).expect("the URL is well-formed")
        })
    }

    conformance_tests!(subject());
}

/// A database for each behaviour, in one server.
#[cfg(feature = "servers")]
mod postgres {
    use super::*;
    use crate::databases::Server;
    use cached_core::backend;

    fn subject() -> Subject {
        let url = format!("{}?create=true", Server::postgres().new_database());
        Subject::of(move || backend::postgres(&url).expect("the URL is well-formed"))
    }

    conformance_tests!(subject());
}

/// A database for each behaviour, in one server.
#[cfg(feature = "servers")]
mod mysql {
    use super::*;
    use crate::databases::Server;
    use cached_core::backend;

    fn subject() -> Subject {
        let url = format!("{}?create=true", Server::mariadb().new_database());
        Subject::of(move || backend::mysql(&url).expect("the URL is well-formed"))
    }

    conformance_tests!(subject());
}

/// A server for each behaviour.
#[cfg(feature = "servers")]
mod memcached {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::memcached::server::{Server, url};
    use cached_core::{Cache, backend};

    fn subject_on(servers: usize) -> Subject {
        let servers: Vec<Server> = (0..servers).map(|_| Server::start()).collect();
        let url = url(&servers.iter().collect::<Vec<_>>());
        // They live as long as the subject does.
        let servers = Arc::new(servers);
        let same = url.clone();
        let open = move || {
            let _alive = &servers;
            backend::memcached(&url).expect("the URL is well-formed")
        };
        let caches = move |prefix: &str| {
            let builder = Cache::at(&same).expect("the URL is well-formed");
            let builder = builder.prefix(prefix).timeout(Duration::from_secs(5));
            builder.build().expect("the prefix is legal")
        };
        Subject::of(open).with_caches(caches)
    }

    mod on_one {
        use super::*;

        conformance_tests!(subject_on(1));
    }

    mod on_three {
        use super::*;

        conformance_tests!(subject_on(3));
    }
}

#[tokio::test]
async fn all_of_it_runs_under_a_framework_of_ones_own() {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    let subject = Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by));
    testing::conformance::run_all(&subject).await;
}

/// What one run counts is no other's: users examine several backends in one process.
#[test]
fn it_runs_on_several_backends_at_once() {
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                let store = testing::in_process();
                let subject = Subject::of(move || store.clone());
                start.wait();
                let bytes = testing::conformance::bytes::truncated_cells_are_a_miss(&subject);
                runtime.expect("the OS has threads").block_on(bytes);
            });
        }
    });
}

#[test]
fn every_behaviour_is_listed() {
    let folder = "cached-core/src/testing/conformance";
    let list = source::read(&source::root().join(folder).join("mod.rs"));
    let listed: BTreeSet<&str> = list.lines().map(str::trim).collect();
    for file in source::files(&[folder]) {
        let text = source::read(&file);
        let behaviours = text.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("pub async fn ")?.split_once('(')?;
            Some(name)
        });
        for name in behaviours {
            assert!(
                listed.contains(name) || name == "run_all",
                "`{name}` of {} is not in the list of mod.rs, so it never runs",
                source::shown(&file)
            );
        }
    }
}
