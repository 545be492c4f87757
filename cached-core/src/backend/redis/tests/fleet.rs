//! Servers in company: clusters, and servers that sentinels watch. Depends on the standard library
//! and on `server` beside it only, so that any test crate can include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::server::{Server, until};

const SLOTS: usize = 16_384;

/// A cluster of a test's own. The first nodes are its primaries, the others their replicas.
#[derive(Debug)]
pub struct Fleet {
    pub nodes: Vec<Server>,
    primaries: usize,
}

impl Fleet {
    /// So many primaries, each with so many slots as the others, and a replica for each if asked.
    pub fn start(primaries: usize, with_replicas: bool) -> Self {
        let count = if with_replicas {
            2 * primaries
        } else {
            primaries
        };
        let options = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-require-full-coverage",
            "no",
            "--repl-diskless-sync-delay",
            "0",
        ];
        let nodes: Vec<Server> = (0..count).map(|_| Server::with(&options)).collect();
        let fleet = Self { nodes, primaries };
        fleet.share_slots();
        fleet.meet();
        if with_replicas {
            fleet.follow();
        }
        fleet
    }

    fn share_slots(&self) {
        let share = SLOTS.div_ceil(self.primaries);
        for (place, node) in self.nodes.iter().enumerate() {
            let epoch = (place + 1).to_string();
            assert_eq!(node.say(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]), "OK");
            let slots = (place * share).min(SLOTS)..((place + 1) * share).min(SLOTS);
            let slots: Vec<String> = slots.map(|slot| slot.to_string()).collect();
            let slots = slots.iter().map(String::as_str);
            let command: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots).collect();
            if command.len() > 2 {
                assert_eq!(node.say(&command), "OK");
            }
        }
    }

    fn meet(&self) {
        for node in &self.nodes[1..] {
            let port = node.port().to_string();
            let met = self.nodes[0].say(&["CLUSTER", "MEET", "127.0.0.1", &port]);
            assert_eq!(met, "OK");
        }
        let all = format!("cluster_known_nodes:{}", self.nodes.len());
        until("all nodes know each other", || {
            self.nodes.iter().all(|node| {
                let info = node.say(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains(&all)
            })
        });
    }

    fn follow(&self) {
        for (primary, replica) in self.nodes.iter().zip(&self.nodes[self.primaries..]) {
            let id = id_of(primary);
            until("a replica knows its primary", || {
                replica.say(&["CLUSTER", "REPLICATE", &id]) == "OK"
            });
        }
        until("the replicas have their primaries' data", || {
            let mut replicas = self.nodes[self.primaries..].iter();
            replicas.all(|replica| replica.info("master_link_status") == "up")
        });
        until("everybody knows the replicas", || {
            self.nodes.iter().all(|node| {
                let nodes = node.say(&["CLUSTER", "NODES"]);
                nodes.matches("slave ").count() >= self.primaries
            })
        });
    }

    /// The replica of a primary, as it was at the start.
    pub fn replica_of(&self, primary: usize) -> usize {
        self.primaries + primary
    }

    /// The URL that names two of its nodes.
    pub fn url(&self) -> String {
        let mut url = "redis+cluster://".to_owned();
        for (place, node) in self.nodes.iter().take(2).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            // Writing to a string never fails.
            let _ = write!(url, "{comma}127.0.0.1:{}", node.port());
        }
        url
    }

    /// The place of the node that serves the key, by the word of that node.
    pub fn owner(&self, key: &str) -> usize {
        let asked = |node: &Server| node.say(&["OBJECT", "ENCODING", key]);
        let owner = self.nodes.iter().position(|node| {
            let said = asked(node);
            !said.starts_with("-MOVED") && !said.is_empty() && !said.starts_with("-CLUSTERDOWN")
        });
        owner.expect("somebody serves the key")
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> String {
        self.nodes[0].say(&["CLUSTER", "KEYSLOT", key])
    }

    /// Begins to move a slot.
    pub fn open(&self, slot: &str, from: usize, to: usize) {
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let (source_id, target_id) = (id_of(source), id_of(target));
        let importing = target.say(&["CLUSTER", "SETSLOT", slot, "IMPORTING", &source_id]);
        assert_eq!(importing, "OK");
        let migrating = source.say(&["CLUSTER", "SETSLOT", slot, "MIGRATING", &target_id]);
        assert_eq!(migrating, "OK");
    }

    /// Moves what is in the slot, and ends the move.
    pub fn close(&self, slot: &str, from: usize, to: usize) {
        self.carry(slot, from, to);
        let target_id = id_of(&self.nodes[to]);
        for node in [to, from] {
            let said = self.nodes[node].say(&["CLUSTER", "SETSLOT", slot, "NODE", &target_id]);
            assert_eq!(said, "OK");
        }
        self.agreed(slot, to);
    }

    /// Moves what is in the slot.
    pub fn carry(&self, slot: &str, from: usize, to: usize) {
        let port = self.nodes[to].port().to_string();
        loop {
            let keys = self.nodes[from].say(&["CLUSTER", "GETKEYSINSLOT", slot, "100"]);
            let keys: Vec<&str> = keys.split(' ').filter(|key| !key.is_empty()).collect();
            if keys.is_empty() {
                return;
            }
            let head = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            let command: Vec<&str> = head.into_iter().chain(keys).collect();
            // Whoever uses the keys may have removed them since they were listed.
            let said = self.nodes[from].say(&command);
            assert!(["OK", "NOKEY"].contains(&&*said), "{said}");
        }
    }

    /// Moves a slot with all that is in it.
    pub fn reshard(&self, slot: &str, from: usize, to: usize) {
        self.open(slot, from, to);
        self.close(slot, from, to);
    }

    fn agreed(&self, slot: &str, owner: usize) {
        let port = format!(":{}", self.nodes[owner].port());
        until("all nodes know whose the slot is", || {
            self.nodes.iter().all(|node| {
                let nodes = node.say(&["CLUSTER", "NODES"]);
                let mut lines = nodes.lines();
                lines.any(|line| {
                    line.contains("master") && line.contains(&port) && serves(line, slot)
                })
            })
        });
    }

    /// Makes the follower primary and the primary its follower; ends when it has its data. On a busy
    /// machine the two may change back by themselves, and are told again.
    pub fn change_places(&self, primary: usize, follower: usize) {
        let [old, new] = [primary, follower].map(|node| &self.nodes[node]);
        let mut asked: Option<Instant> = None;
        until("the two have changed places", || {
            let reigns = new.info("role") == "master";
            // Asked again too soon, they change places twice.
            if !reigns
                && asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(6))
                && new.say(&["CLUSTER", "FAILOVER"]) == "OK"
            {
                asked = Some(Instant::now());
            }
            reigns && old.info("role") == "slave" && old.info("master_link_status") == "up"
        });
        until("the cluster knows it", || {
            let port = format!(":{}@", new.port());
            self.nodes.iter().all(|other| {
                let nodes = other.say(&["CLUSTER", "NODES"]);
                nodes
                    .lines()
                    .any(|l| l.contains(&port) && l.contains("master"))
            })
        });
    }

    /// Waits until the node is primary.
    pub fn promoted(&self, node: usize) {
        until("the replica takes over", || {
            self.nodes[node].info("role") == "master"
        });
    }

    /// Waits until the node follows another one and has its data.
    pub fn follows(&self, node: usize) {
        until("it follows", || {
            let node = &self.nodes[node];
            node.info("role") == "slave" && node.info("master_link_status") == "up"
        });
    }
}

/// The name of a node in its cluster.
fn id_of(node: &Server) -> String {
    node.say(&["CLUSTER", "MYID"])
}

/// Whether a line of `CLUSTER NODES` has the slot.
fn serves(line: &str, slot: &str) -> bool {
    let slot: usize = slot.parse().expect("a slot is a number");
    let ranges = line
        .split(' ')
        .skip(8)
        .filter(|range| !range.starts_with('['));
    ranges
        .filter_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        })
        .any(|(first, last)| (first..=last).contains(&slot))
}

/// A server with replicas, and sentinels that watch them.
#[derive(Debug)]
pub struct Watched {
    pub nodes: Vec<Server>,
    pub sentinels: Vec<Server>,
}

impl Watched {
    /// A primary with so many replicas, under so many sentinels of which most have to agree.
    pub fn start(replicas: usize, sentinels: u32) -> Self {
        let delay = [
            "--repl-diskless-sync-delay",
            "0",
            "--repl-ping-replica-period",
            "1",
        ];
        let primary = Server::with(&delay);
        let (port, mut nodes) = (primary.port(), vec![primary]);
        for _ in 0..replicas {
            let replica = Server::with(&delay);
            replica.say(&["REPLICAOF", "127.0.0.1", &port.to_string()]);
            nodes.push(replica);
        }
        until("the replicas have their primary's data", || {
            let mut replicas = nodes[1..].iter();
            replicas.all(|replica| replica.info("master_link_status") == "up")
        });
        let quorum = sentinels / 2 + 1;
        let sentinels: Vec<Server> = (0..sentinels)
            .map(|_| Server::sentinel(port, quorum))
            .collect();
        let others = format!("num-other-sentinels {}", sentinels.len() - 1);
        let slaves = format!("num-slaves {replicas}");
        until("the sentinels know each other and the replicas", || {
            sentinels.iter().all(|sentinel| {
                let said = sentinel.say(&["SENTINEL", "MASTER", "mymaster"]);
                said.contains(&others) && said.contains(&slaves)
            })
        });
        Self { nodes, sentinels }
    }

    /// The URL that names all sentinels.
    pub fn url(&self) -> String {
        let places = self
            .sentinels
            .iter()
            .map(|s| format!("127.0.0.1:{}", s.port()));
        let places: Vec<String> = places.collect();
        format!("redis+sentinel://{}/mymaster", places.join(","))
    }

    /// After so long without an answer a server counts as down. On a busy machine a short time lets
    /// the sentinels depose a primary that is well, which whoever has not heard of it goes on to use.
    pub fn patience(&self, time: Duration) {
        let millis = time.as_millis().to_string();
        let set = [
            "SENTINEL",
            "SET",
            "mymaster",
            "down-after-milliseconds",
            &millis,
        ];
        for sentinel in &self.sentinels {
            assert_eq!(sentinel.say(&set), "OK");
        }
    }

    /// How many failovers there were, by the count of all sentinels together.
    pub fn failovers(&self) -> String {
        let master = self.sentinels.iter().map(|sentinel| {
            let said = sentinel.say(&["SENTINEL", "MASTER", "mymaster"]);
            let mut words = said.split(' ').skip_while(|word| *word != "config-epoch");
            words.nth(1).unwrap_or_default().to_owned()
        });
        master.collect::<Vec<_>>().join(", ")
    }

    /// The place of the primary, once all sentinels that answer agree on it and it is one.
    pub fn primary(&self) -> usize {
        let mut found = None;
        until("there is a primary", || {
            let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"];
            let mut named = self.sentinels.iter().map(|s| s.say(&question));
            let first = named.next().unwrap_or_default();
            found = self.nodes.iter().position(|node| {
                first == format!("127.0.0.1 {}", node.port()) && node.info("role") == "master"
            });
            found.is_some() && named.all(|other| other == first)
        });
        found.expect("it was just found")
    }

    /// Waits until another than this is primary.
    pub fn succeeded(&self, old: usize) -> usize {
        until("another one is primary", || {
            let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"];
            let old = format!("127.0.0.1 {}", self.nodes[old].port());
            let named = self.sentinels.iter().map(|s| s.say(&question));
            named.into_iter().all(|named| named != old)
        });
        self.primary()
    }

    /// Waits until the node follows another one and has its data.
    pub fn follows(&self, node: usize) {
        until("it follows", || {
            let node = &self.nodes[node];
            node.info("role") == "slave" && node.info("master_link_status") == "up"
        });
    }
}
