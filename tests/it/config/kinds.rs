//! Every kind of backend by its table of a file: a program opens and uses it by name alone, and what
//! is shared another process finds.

use cached_core::{Cache, Config};

use super::{Folder, run};
use crate::databases::{Directory, Server as Database};
use crate::memcached::server as memcached;
use crate::redis::fleet::{Fleet, Watched};
use crate::redis::server::Server;

/// The names of the tables, what each is a cache in, and whether memory is in front of it.
const KINDS: &[(&str, &str, bool)] = &[
    ("memory", "memory", false),
    ("redis", "redis", false),
    ("cluster", "redis", false),
    ("sentinel", "redis", false),
    ("memcached", "memcached", false),
    ("sqlite", "sqlite", false),
    ("postgres", "postgres", false),
    ("mysql", "mysql", false),
    ("file", "file", false),
    ("near", "redis", true),
    ("aged", "file", true),
];

/// Uses all of them, of which it knows the names.
pub(super) fn use_all() {
    let config = Config::load().expect("well-formed");
    config.install().expect("nothing ran before");
    for &(name, backend, tiered) in KINDS {
        let cache = Cache::named(name).expect("described");
        assert_eq!((cache.name(), cache.backend()), (Some(name), backend));
        assert_eq!(cache.is_shared(), backend != "memory", "{name}");
        assert_eq!(found(&cache), None, "{name}");
        let stored = cache.blocking().set("k", &name.to_owned(), 60);
        stored.unwrap_or_else(|error| panic!("{name}: {error}"));
        for _ in 0..2 {
            assert_eq!(found(&cache).as_deref(), Some(name));
        }
        if tiered {
            assert_eq!(cache.len(), 1, "{name}: what was read is kept in memory");
        }
    }
}

fn found(cache: &Cache) -> Option<String> {
    let found = cache.blocking().get("k");
    found.unwrap_or_else(|error| panic!("{cache:?}: {error}"))
}

#[test]
fn every_kind_of_backend_is_used_by_its_table() {
    let (server, fleet, watched) = (
        Server::start(),
        Fleet::start(3, false),
        Watched::start(1, 3),
    );
    let servers = [memcached::Server::start(), memcached::Server::start()];
    let directory = Directory::new();
    let path = directory.path().display();
    let file = format!(
        r#"
[defaults]
prefix = "shop"
timeout = "5s"
[caches.memory]
url = "memory://"
[caches.redis]
url = "{redis}"
[caches.cluster]
url = "{cluster}"
[caches.sentinel]
url = "{sentinel}"
[caches.memcached]
url = "{memcached}"
[caches.sqlite]
url = "sqlite://{path}/c.db?create=true"
[caches.postgres]
url = "{postgres}?create=true"
[caches.mysql]
url = "{mysql}?create=true"
[caches.file]
url = "file://{path}/cache"
[caches.near]
url = "{redis}"
prefix = "near"
l1 = true
[caches.aged]
url = "file://{path}/aged"
l1 = "1m"
"#,
        redis = server.url(),
        cluster = fleet.url(),
        sentinel = watched.url(),
        memcached = memcached::url(&servers.each_ref()),
        postgres = Database::postgres().new_database(),
        mysql = Database::mariadb().new_database(),
    );
    let stderr = run("kinds", Some(&file), &[]);
    assert!(
        !stderr.contains("cached: "),
        "nothing is reported: {stderr}"
    );
    let folder = Folder::new();
    let config = Config::read(folder.write("same.toml", &file)).expect("well-formed");
    for &(name, backend, _) in KINDS {
        let cache = config.builder(name).expect("described").build();
        let expected = (backend != "memory").then_some(name);
        assert_eq!(
            found(&cache.expect("valid")).as_deref(),
            expected,
            "{name}: what another process has stored, if it is shared"
        );
    }
}
