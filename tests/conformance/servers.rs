//! Backends that need a server or a disk, on new ones.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cached_core::backend::{self, Backend};
use cached_core::testing::conformance::Subject;
use cached_core::{Builder, Cache, Error};

use super::Opened;
use super::tiers::{self, L1};
use crate::databases::{Directory, Server as Database};
use crate::memcached::server as memcached;
use crate::redis::fleet::{Fleet, Watched};
use crate::redis::server::Server;

/// What bounds a Redis server.
const EVICT: [&str; 4] = ["--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru"];

/// A cache by its URL, whose limits a busy machine does not break.
fn cache(url: &str, prefix: &str, l1: L1) -> Builder {
    let builder = Cache::at(url).expect("the URL is well-formed");
    l1.set(builder.prefix(prefix).timeout(Duration::from_secs(5)))
}

/// A backend at a URL, and caches on it, without a first tier those that the URL gives; `alive` is
/// what serves it.
fn at<B: Backend>(
    url: String,
    alive: impl Send + Sync + 'static,
    open: fn(&str) -> Result<B, Error>,
    l1: L1,
) -> Subject {
    let same = url.clone();
    let opened = move || {
        let _alive = &alive;
        open(&url).expect("the URL is well-formed")
    };
    match l1 {
        L1::Off => Subject::of(opened).with_caches(move |prefix| cache(&same, prefix, l1)),
        L1::Watched => tiers::watched(opened),
        L1::Aged => tiers::aged(opened),
    }
}

/// Caches on what holds little, which is started when the first is asked for.
fn bounded<S: Send + Sync + 'static>(
    subject: Subject,
    start: fn() -> S,
    url: fn(&S) -> String,
    l1: L1,
) -> Subject {
    let started = Arc::new(OnceLock::new());
    subject.with_bound(move |prefix| cache(&url(started.get_or_init(start)), prefix, l1))
}

pub(crate) fn redis(l1: L1) -> Opened {
    let server = Server::start();
    let by = server.described() + &l1.said();
    let subject = at(server.url(), server, backend::redis, l1);
    let subject = bounded(subject, || Server::with(&EVICT), Server::url, l1);
    Opened::of("redis", subject, by)
}

fn described<'s>(servers: impl IntoIterator<Item = &'s Server>) -> String {
    let each: Vec<String> = servers.into_iter().map(Server::described).collect();
    each.join("; ")
}

pub(crate) fn redis_cluster(l1: L1) -> Opened {
    let fleet = Fleet::start(3, false);
    let by = described(&fleet.nodes) + &l1.said();
    let subject = at(fleet.url(), fleet, backend::redis, l1);
    let little = || {
        let fleet = Fleet::start(3, false);
        fleet.nodes.iter().for_each(|node| evict(node, "6mb"));
        fleet
    };
    let subject = bounded(subject, little, Fleet::url, l1);
    Opened::of("redis", subject, by)
}

pub(crate) fn redis_sentinel(l1: L1) -> Opened {
    let watched = Watched::start(1, 3);
    let by = described(watched.nodes.iter().chain(&watched.sentinels)) + &l1.said();
    let subject = at(watched.url(), watched, backend::redis, l1);
    let little = || {
        let watched = Watched::start(0, 1);
        evict(&watched.nodes[0], "16mb");
        watched
    };
    let subject = bounded(subject, little, Watched::url, l1);
    Opened::of("redis", subject, by)
}

fn evict(server: &Server, bytes: &str) {
    let policy = ["maxmemory-policy", "allkeys-lru"];
    let said = server.say(&["CONFIG", "SET", "maxmemory", bytes, policy[0], policy[1]]);
    assert_eq!(said, "OK");
}

pub(crate) fn memcached(servers: usize, l1: L1) -> Opened {
    let servers: Vec<_> = (0..servers).map(|_| memcached::Server::start()).collect();
    let url = memcached::url(&servers.iter().collect::<Vec<_>>());
    let by: Vec<String> = servers.iter().map(memcached::Server::about).collect();
    let subject = at(url, servers, backend::memcached, l1);
    let little = || memcached::Server::with(&["-m", "16"]);
    let subject = bounded(subject, little, memcached::Server::url, l1);
    let by = by.join("; ") + &l1.said();
    Opened::of("memcached", subject, by)
}

pub(crate) fn sqlite(l1: L1) -> Opened {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    Opened::here("sqlite", at(url, directory, backend::sqlite, l1), l1)
}

pub(crate) fn file(l1: L1) -> Opened {
    fn url(directory: &Directory) -> String {
        format!("file://{}/cache", directory.path().display())
    }
    let directory = Directory::new();
    let subject = at(url(&directory), directory, backend::file, l1);
    let little = |directory: &Directory| url(directory) + "?max_bytes=20000000";
    let subject = bounded(subject, Directory::new, little, l1);
    Opened::here("file", subject, l1)
}

fn database<B: Backend>(
    kind: &str,
    server: &Database,
    open: fn(&str) -> Result<B, Error>,
    l1: L1,
) -> Opened {
    let url = format!("{}?create=true", server.new_database());
    let (subject, by) = (at(url, (), open, l1), server.described() + &l1.said());
    Opened::of(kind, subject, by)
}

/// A database in the one server of this process.
pub(crate) fn postgres(l1: L1) -> Opened {
    database("postgres", Database::postgres(), backend::postgres, l1)
}

/// A database in the one server of this process.
pub(crate) fn mysql(l1: L1) -> Opened {
    database("mysql", Database::mariadb(), backend::mysql, l1)
}
