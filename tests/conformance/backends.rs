//! How each backend is opened, with the servers that it needs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use cached_core::backend::{self, Backend};
use cached_core::testing::{self, ManualClock, conformance::Subject};
use cached_core::{Cache, Error};

use crate::databases::Server as Database;
use crate::directory::Directory;
use crate::fleet::{Fleet, Watched};
use crate::memcached;
use crate::server::Server;

/// All of them, by the names of the table.
pub(super) const BACKENDS: &[(&str, fn() -> Subject)] = &[
    ("memory", memory),
    ("in-process", in_process),
    ("redis", redis),
    ("redis+cluster", redis_cluster),
    ("redis+sentinel", redis_sentinel),
    ("memcached", memcached_servers),
    ("sqlite", sqlite),
    ("postgres", postgres),
    ("mysql", mysql),
    ("file", file),
];

/// A backend at a URL, and the caches that the URL gives; `alive` is what serves it.
fn at<B: Backend>(
    url: String,
    alive: impl Send + Sync + 'static,
    open: fn(&str) -> Result<B, Error>,
) -> Subject {
    let same = url.clone();
    let caches = move |prefix: &str| {
        let builder = Cache::at(&same).expect("the URL is well-formed");
        let builder = builder.prefix(prefix).timeout(Duration::from_secs(5));
        builder.build().expect("the prefix is legal")
    };
    let opened = move || {
        let _alive = &alive;
        open(&url).expect("the URL is well-formed")
    };
    Subject::of(opened).with_caches(caches)
}

/// Typed values, so that every handle is the same cache.
fn memory() -> Subject {
    let clock = ManualClock::new();
    let moved = clock.clone();
    let caches = Mutex::new(HashMap::<String, Cache>::new());
    let open = move |prefix: &str| {
        let mut caches = caches.lock().expect("nothing panics under this lock");
        let built = || Cache::memory().clock(clock.clone()).build();
        let cache = caches
            .entry(prefix.to_owned())
            .or_insert_with(|| built().expect("the defaults are valid"));
        cache.clone()
    };
    Subject::of_caches(open).with_clock(move |by| moved.advance(by))
}

fn in_process() -> Subject {
    let clock = ManualClock::new();
    let store = testing::in_process_at(clock.clone());
    Subject::of(move || store.clone()).with_clock(move |by| clock.advance(by))
}

fn redis() -> Subject {
    let server = Server::start();
    at(server.url(), server, |url| backend::redis(url))
}

fn redis_cluster() -> Subject {
    let fleet = Fleet::start(3, false);
    at(fleet.url(), Mutex::new(fleet), |url| backend::redis(url))
}

fn redis_sentinel() -> Subject {
    let watched = Watched::start(1, 3);
    at(watched.url(), Mutex::new(watched), |url| {
        backend::redis(url)
    })
}

fn memcached_servers() -> Subject {
    let servers: Vec<_> = (0..2).map(|_| memcached::Server::start()).collect();
    let url = memcached::url(&servers.iter().collect::<Vec<_>>());
    at(url, Mutex::new(servers), |url| backend::memcached(url))
}

fn sqlite() -> Subject {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    at(url, directory, backend::sqlite)
}

fn postgres() -> Subject {
    let url = format!("{}?create=true", Database::postgres().new_database());
    at(url, (), backend::postgres)
}

fn mysql() -> Subject {
    let url = format!("{}?create=true", Database::mariadb().new_database());
    at(url, (), backend::mysql)
}

fn file() -> Subject {
    let directory = Directory::new();
    let url = format!("file://{}/cache", directory.path().display());
    at(url, directory, |url| backend::file(url))
}
