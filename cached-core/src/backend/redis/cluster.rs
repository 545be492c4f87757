//! A cluster: each key on the server of its slot, found by a map that is corrected by whoever is
//! asked in vain.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::Mutex as Turn;

use super::atlas;
use super::connect::Target;
use super::fault::Fault;
use super::link::Link;
use super::node::{Common, Node};
use super::route::Route;
use super::server::Company;
use super::servers::{Group, Places};
use super::slots::{Address, Slots, slot_of};
use super::whom::Whom;
use crate::error::ErrorKind;

/// After a look at the map in vain others are told so without one for this long.
const FRUITLESS: Duration = Duration::from_millis(300);

/// The least time between two looks that nobody waits for.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that has no slots any more is kept for so long.
const KEPT: Duration = Duration::from_secs(60);

/// The servers of a cluster.
pub(super) struct Cluster {
    seeds: Vec<Target>,
    at: String,
    common: Arc<Common>,
    runtime: Handle,
    state: Mutex<State>,
    /// Whoever looks at the map.
    turn: Turn<()>,
    /// Whether a look is under way that nobody waits for.
    looking: AtomicBool,
}

/// What is known of the cluster.
#[derive(Default)]
struct State {
    slots: Slots,
    /// How new the map is by the cluster's own count.
    epoch: u64,
    /// How many maps there were.
    version: u64,
    /// Whoever was spoken to lately, whether it has slots or not.
    members: HashMap<Address, Member>,
    /// When the last look was in vain, and why.
    failed: Option<(Instant, Fault)>,
}

/// A server that keys are on, were on, or are about to be on.
struct Member {
    node: Arc<Node>,
    /// When it was last known to serve a slot.
    seen: Instant,
}

impl Cluster {
    /// The cluster that these servers belong to.
    pub(super) fn new(seeds: Vec<Target>, common: Arc<Common>, runtime: Handle) -> Self {
        let places: Vec<&str> = seeds.iter().map(|seed| &**seed.at()).collect();
        Self {
            at: places.join(","),
            seeds,
            common,
            runtime,
            state: Mutex::default(),
            turn: Turn::default(),
            looking: AtomicBool::new(false),
        }
    }

    /// Where the servers are that the URL names.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// Where the key is by the map.
    pub(super) async fn route(self: &Arc<Self>, key: &str) -> Result<Route, Fault> {
        let node = self.owner(slot_of(key)).await?;
        Ok(Route::to(self.link(&node).await?))
    }

    /// Where the refusal says that the key is.
    pub(super) async fn elsewhere(
        self: &Arc<Self>,
        from: &Route,
        refusal: Fault,
    ) -> Result<Route, Fault> {
        let Some(named) = refusal.names_another(from.at()) else {
            if from.lost().is_declared() || refusal.code() == Some("CLUSTERDOWN") {
                self.look_again();
            }
            return Err(refusal);
        };
        let node = self.member(&mut self.lock(), &named.address);
        if named.for_once {
            return Ok(Route::asking(self.link(&node).await?));
        }
        self.lock().slots.give(named.slot, &named.address);
        self.keys_moved();
        self.look_again();
        self.examine(Arc::clone(from));
        Ok(Route::to(self.link(&node).await?))
    }

    /// The keys by their servers.
    pub(super) async fn groups<'k>(
        self: &Arc<Self>,
        keys: &[&'k str],
    ) -> Result<Vec<(Places, Group<'k>)>, Fault> {
        let mut nodes: Vec<(Arc<Node>, Places)> = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            let owner = self.owner(slot_of(key)).await?;
            match nodes.iter_mut().find(|(node, _)| Arc::ptr_eq(node, &owner)) {
                Some((_, places)) => places.push(place),
                None => nodes.push((owner, vec![place])),
            }
        }
        let linked = nodes.into_iter().map(|(node, places)| async move {
            let link = self.link(&node).await?;
            let keys = places.iter().map(|place| keys[*place]).collect();
            Ok((places, Group { link, keys }))
        });
        join_all(linked).await.into_iter().collect()
    }

    /// The server of the first slot.
    pub(super) async fn first(self: &Arc<Self>) -> Result<Arc<Link>, Fault> {
        let node = self.owner(0).await?;
        self.link(&node).await
    }

    /// All servers that have slots.
    pub(super) async fn each(self: &Arc<Self>) -> Result<Vec<Arc<Link>>, Fault> {
        self.owner(0).await?;
        let nodes: Vec<_> = {
            let mut state = self.lock();
            let addresses = state.slots.addresses().to_vec();
            let nodes = addresses.iter().map(|at| self.member(&mut state, at));
            nodes.collect()
        };
        let links = nodes.iter().map(|node| self.link(node));
        join_all(links).await.into_iter().collect()
    }

    /// Whether one of them is connected right now.
    pub(super) fn connected(&self) -> bool {
        let state = self.lock();
        state.members.values().any(|m| m.node.live().is_some())
    }

    /// Leaves a server that has lost more than a slot: should it be promoted again, it is another.
    fn examine(&self, link: Arc<Link>) {
        self.runtime.spawn(async move {
            if !link.reigns().await {
                link.lost().declare();
            }
        });
    }

    /// The connection of a server. One that cannot be had is a reason to doubt the map.
    async fn link(self: &Arc<Self>, node: &Node) -> Result<Arc<Link>, Fault> {
        let link = node.link().await;
        if link.is_err() {
            // Another one may have taken its place.
            self.look_again();
        }
        link
    }

    /// Who has the slot, by the map, or by a new one where none is known to.
    async fn owner(self: &Arc<Self>, slot: usize) -> Result<Arc<Node>, Fault> {
        if let Some(node) = self.known_owner(slot) {
            return Ok(node);
        }
        self.look().await?;
        self.known_owner(slot).ok_or_else(|| {
            let what = "no server of the cluster serves the slot of this key; see \
                        `redis-cli --cluster check`";
            Fault::new(ErrorKind::Unavailable, &self.at, what)
        })
    }

    /// Who has the slot by the map.
    fn known_owner(&self, slot: usize) -> Option<Arc<Node>> {
        let mut state = self.lock();
        let address = Arc::clone(state.slots.owner(slot)?);
        Some(self.member(&mut state, &address))
    }

    /// The server at an address. Nothing is sent to one that is new here before it is asked.
    fn member(&self, state: &mut State, address: &Address) -> Arc<Node> {
        if let Some(member) = state.members.get(address) {
            return Arc::clone(&member.node);
        }
        let target = self.seeds[0].beside(&address.0, address.1);
        let whom = Whom::Server(target, Company::Cluster);
        let node = Node::new(whom, Arc::clone(&self.common), self.runtime.clone());
        let (node, seen) = (Arc::new(node), Instant::now());
        let member = Member {
            node: Arc::clone(&node),
            seen,
        };
        state.members.insert(address.clone(), member);
        node
    }

    /// Looks at the map, and waits for it.
    async fn look(self: &Arc<Self>) -> Result<(), Fault> {
        if let Some(fault) = self.failed_lately() {
            self.look_again();
            return Err(fault);
        }
        let (cluster, version) = (Arc::clone(self), self.lock().version);
        let looking = async move { cluster.look_in_turn(version).await };
        let looked = self.runtime.spawn(looking).await;
        looked.unwrap_or_else(|_| {
            let what = "the background runtime of the cache has ended";
            Err(Fault::new(ErrorKind::Unavailable, &self.at, what))
        })
    }

    /// Looks at the map soon.
    fn look_again(self: &Arc<Self>) {
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (cluster, version) = (Arc::clone(self), self.lock().version);
        self.runtime.spawn(async move {
            // What it comes to shows in the map.
            let _ = cluster.look_in_turn(version).await;
            tokio::time::sleep(PAUSE).await;
            cluster.looking.store(false, Ordering::Release);
        });
    }

    /// Looks, unless somebody else has since there were so many maps.
    async fn look_in_turn(&self, version: u64) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        if self.lock().version != version {
            return Ok(());
        }
        if let Some(fault) = self.failed_lately() {
            return Err(fault);
        }
        let (whom, known) = (self.whom_to_ask(), self.lock().epoch);
        match atlas::ask_around(&whom, known).await {
            Ok((epoch, slots)) => {
                self.take(epoch, slots);
                Ok(())
            }
            Err(fault) => {
                self.lock().failed = Some((Instant::now(), fault.clone()));
                Err(fault)
            }
        }
    }

    /// Why the last look was in vain, for as long as another one would be.
    fn failed_lately(&self) -> Option<Fault> {
        let state = self.lock();
        let lately = state.failed.as_ref();
        let lately = lately.filter(|(when, _)| when.elapsed() < FRUITLESS);
        lately.map(|(_, fault)| fault.clone())
    }

    /// A few servers of the map, those first that are there, and those that the URL names.
    fn whom_to_ask(&self) -> Vec<Target> {
        let state = self.lock();
        let (live, others): (Vec<_>, Vec<_>) = state
            .members
            .values()
            .map(|member| &member.node)
            .partition(|node| node.live().is_some());
        let known = live
            .into_iter()
            .chain(others)
            .filter_map(|node| node.whom().server());
        let known: Vec<Target> = known.take(atlas::MOST).cloned().collect();
        let seeds = self.seeds.iter();
        let seeds = seeds.filter(|seed| known.iter().all(|known| known.at() != seed.at()));
        let seeds: Vec<Target> = seeds.take(atlas::MOST).cloned().collect();
        [known, seeds].concat()
    }

    /// Goes by another map.
    fn take(&self, epoch: u64, slots: Slots) {
        let (moved, retired): (bool, Vec<Member>) = {
            let mut state = self.lock();
            let moved = !state.slots.agrees_with(&slots);
            (state.epoch, state.slots, state.failed) = (epoch, slots, None);
            state.version += 1;
            let addresses = state.slots.addresses().to_vec();
            for address in &addresses {
                self.member(&mut state, address);
            }
            for address in addresses {
                if let Some(member) = state.members.get_mut(&*address) {
                    member.seen = Instant::now();
                }
            }
            let old = |_: &Address, member: &mut Member| member.seen.elapsed() > KEPT;
            let old = state.members.extract_if(old);
            (moved, old.map(|(_, member)| member).collect())
        };
        if moved {
            self.keys_moved();
        }
        // Outside of the lock: whoever waits for them is woken.
        drop(retired);
    }

    /// Where servers do not tell who they are, a known one with other keys is as good as a new one.
    fn keys_moved(&self) {
        self.common.watchers.missed();
        if !self.common.scoped() {
            self.common.moved();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
