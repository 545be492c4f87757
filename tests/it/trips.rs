//! How often a process turns to its servers: once for each step of a batch, however many keys and
//! servers.

mod turns;

use std::any::Any;
use std::collections::HashMap;
use std::time::Duration;

use cached_core::testing::with_cache;
use cached_core::{Cache, cached};

use crate::memcached::server::Server as Memcached;
use crate::redis::fleet::Fleet;
use crate::redis::proxy::Proxy;
use crate::redis::server::Server;
use crate::support::until;
use turns::{Turn, Turns};

const KEYS: usize = 100;

/// Longer than a lease, so that backends which read one back in passing do not.
const LONG: usize = 5_000;

/// In how many commands a backend does something to so many names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Redis,
    /// Where names are on different servers, no command names two.
    Cluster,
    /// Which reads what is in the way of a new cell by a command of its own.
    Memcached,
}

/// A cache whose servers are behind a network that tells turns.
struct Scene {
    spelling: Spelling,
    cache: Cache,
    turns: Turns,
    _alive: Box<dyn Any>,
}

fn scene(spelling: Spelling, turns: Turns, url: &str, alive: impl Any) -> Scene {
    let builder = Cache::at(url).expect("a valid URL");
    let builder = builder.timeout(Duration::from_secs(5));
    let scene = Scene {
        spelling,
        cache: builder.build().expect("valid"),
        turns,
        _alive: Box::new(alive),
    };
    // Connects to all servers.
    let keys = (0..KEYS).map(|key| format!("trips:{key}"));
    let found = run(scene.cache.get_many::<u64>(keys.collect::<Vec<_>>()));
    assert_eq!(found.expect("they answer"), [None; KEYS]);
    scene
}

fn run<T>(operation: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("the OS has descriptors");
    runtime.block_on(operation)
}

fn redis() -> Scene {
    let (server, turns) = (Server::start(), Turns::default());
    let proxy = turns.proxy(server.port());
    let url = proxy.url();
    scene(Spelling::Redis, turns, &url, (proxy, server))
}

/// Three servers that tell each other and everybody that they are where their proxies are.
fn cluster() -> Scene {
    let (fleet, turns) = (Fleet::start(3, false), Turns::default());
    let nodes = fleet.nodes.iter();
    let proxies: Vec<Proxy> = nodes.map(|node| turns.proxy(node.port())).collect();
    for (node, proxy) in fleet.nodes.iter().zip(&proxies) {
        let port = proxy.port().to_string();
        let said = node.say(&["CONFIG", "SET", "cluster-announce-port", &port]);
        assert_eq!(said, "OK");
    }
    until("all are known to be behind their proxies", || {
        fleet.nodes.iter().all(|node| {
            let slots = node.say(&["CLUSTER", "SLOTS"]);
            let told = |proxy: &Proxy| slots.contains(&format!(" {} ", proxy.port()));
            proxies.iter().all(told)
        })
    });
    let url = format!("redis+cluster://127.0.0.1:{}", proxies[0].port());
    scene(Spelling::Cluster, turns, &url, (proxies, fleet))
}

fn memcached() -> Scene {
    let turns = Turns::default();
    let servers: Vec<Memcached> = (0..3).map(|_| Memcached::start()).collect();
    let proxies = servers.iter().map(|server| turns.proxy(server.port()));
    let proxies: Vec<Proxy> = proxies.collect();
    let places = proxies.iter().map(|p| format!("127.0.0.1:{}", p.port()));
    let url = format!("memcached://{}", places.collect::<Vec<_>>().join(","));
    scene(Spelling::Memcached, turns, &url, (proxies, servers))
}

impl Scene {
    /// Runs what is to take these turns and no other; what it came to, and how many bytes came.
    #[track_caller]
    fn takes<T>(&self, turns: &[Turn], operation: impl Future<Output = T>) -> (T, usize) {
        self.turns.expect(turns);
        let done = run(with_cache(&self.cache, operation));
        let (taken, bytes) = self.turns.taken();
        assert_eq!(taken, turns, "for {KEYS} keys");
        (done, bytes)
    }

    /// What is under so many names is asked for.
    fn look(&self, names: usize) -> Turn {
        let at_once = self.spelling == Spelling::Redis;
        let reads = if at_once { 1 } else { names };
        Turn {
            reads,
            ..Turn::default()
        }
    }

    /// So many cells are put there, or in the place of those that were seen there.
    fn put(&self, writes: usize) -> Turn {
        Turn {
            writes,
            ..Turn::default()
        }
    }

    /// So many cells are put where nothing is.
    fn claim(&self, writes: usize) -> Turn {
        let looks = self.spelling == Spelling::Memcached;
        let reads = if looks { writes } else { 0 };
        Turn {
            reads,
            ..self.put(writes)
        }
    }

    fn remove(&self, names: usize) -> Turn {
        let at_once = self.spelling == Spelling::Redis;
        let removals = if at_once { 1 } else { names };
        Turn {
            removals,
            ..Turn::default()
        }
    }
}

/// Two turns that nothing keeps apart.
fn together(one: Turn, other: Turn) -> Turn {
    Turn {
        reads: one.reads + other.reads,
        writes: one.writes + other.writes,
        removals: one.removals + other.removals,
    }
}

#[cached(key = "trips:square:<id>", batch(id in ids))]
async fn squares(ids: &[u64]) -> HashMap<u64, u64> {
    ids.iter().map(|id| (*id, id * id)).collect()
}

/// From the first use of servers that know nothing, not even the scripts.
fn a_batch_function(scene: &Scene) {
    let ids: Vec<u64> = (0..KEYS as u64).collect();
    let look = scene.look(KEYS + 2);
    // Beside the leases the stamps of the namespace and of the function are made.
    let turns = [look, scene.claim(KEYS + 2), scene.put(KEYS)];
    scene.takes(&turns, squares(&ids));
    let (found, _) = scene.takes(&[look], squares(&ids));
    assert_eq!(found.len(), KEYS);
    let more: Vec<u64> = (KEYS as u64..2 * KEYS as u64).collect();
    let turns = [look, scene.claim(KEYS), scene.put(KEYS)];
    scene.takes(&turns, squares(&more));
    // Leases in the place of values that say nothing any more, and a stamp beside them.
    scene.takes(&[scene.remove(1)], squares::invalidate_all());
    let claim = together(scene.put(KEYS), scene.claim(1));
    scene.takes(&[look, claim, scene.put(KEYS)], squares(&ids));
    let (found, _) = scene.takes(&[look], squares(&ids));
    assert_eq!(found.len(), KEYS);
}

fn the_handle(scene: &Scene) {
    let cache = &scene.cache;
    let keys: Vec<String> = (0..KEYS).map(|key| format!("trips:{key}")).collect();
    let long = "x".repeat(LONG);
    let all = || keys.iter().map(|key| (key.as_str(), &long));
    let keys = || keys.iter().map(String::as_str);
    let (stamp, look) = (scene.look(1), scene.look(KEYS + 1));

    let (stored, _) = scene.takes(&[stamp, scene.put(KEYS)], cache.set_many(all(), 60));
    stored.expect("they answer");
    let (found, _) = scene.takes(&[look], cache.get_many::<String>(keys()));
    let found = found.expect("they answer");
    assert!(found.iter().all(|value| value.as_deref() == Some(&long)));
    let removed = scene.takes(&[look, scene.remove(KEYS)], cache.delete_many(keys()));
    assert_eq!(removed.0.expect("they answer"), KEYS);

    let warm = || {
        let owned = all().map(|(key, value)| (key, value.clone()));
        cache.warm(owned.collect::<Vec<_>>(), 60)
    };
    let claim = scene.claim(KEYS);
    let warmed = scene.takes(&[stamp, claim], warm());
    assert_eq!(warmed.0.expect("they answer"), KEYS);
    let warmed = scene.takes(&[stamp, claim], warm());
    assert_eq!(warmed.0.expect("they answer"), 0, "it is warm");
    let (cleared, _) = scene.takes(&[scene.remove(1)], cache.clear());
    cleared.expect("they answer");
    // The stamp is made anew, and what depends on the old one replaced.
    let turns = [stamp, scene.claim(1), claim, scene.put(KEYS)];
    let warmed = scene.takes(&turns, warm());
    assert_eq!(warmed.0.expect("they answer"), KEYS);
}

fn every_step_is_one_turn(scene: Scene) {
    a_batch_function(&scene);
    the_handle(&scene);
}

#[test]
fn redis_is_asked_once_for_each_step() {
    every_step_is_one_turn(redis());
}

#[test]
fn servers_of_a_cluster_are_asked_once_for_each_step_side_by_side() {
    every_step_is_one_turn(cluster());
}

#[test]
fn servers_of_memcached_are_asked_once_for_each_step_side_by_side() {
    every_step_is_one_turn(memcached());
}

/// A write needs the stamps of now, and nothing of what it replaces.
fn what_is_replaced_stays_where_it_is(scene: Scene) {
    let (cache, large) = (&scene.cache, "x".repeat(1 << 20));
    let set = |key| cache.set(key, &large, 60);
    let turns = [scene.look(1), scene.claim(1), scene.put(1)];
    let (stored, _) = scene.takes(&turns, set("large"));
    stored.expect("they answer");
    let turns = [scene.look(1), scene.put(1)];
    let (stored, bytes) = scene.takes(&turns, set("large"));
    stored.expect("they answer");
    assert!(bytes < 1_000, "{bytes} bytes came");
    let all = [("large", &large)];
    let (stored, bytes) = scene.takes(&turns, cache.set_many(all, 60));
    stored.expect("they answer");
    assert!(bytes < 1_000, "{bytes} bytes came");
}

#[test]
fn a_write_does_not_fetch_what_it_replaces() {
    what_is_replaced_stays_where_it_is(redis());
    what_is_replaced_stays_where_it_is(memcached());
}
