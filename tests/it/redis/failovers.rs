//! Servers that take each other's place, and slots that move, under processes that read and write
//! hot keys all the while. Nobody may see less than what was there when its call began.

use std::time::{Duration, Instant};

use super::chaos::{Tally, inexcusable};
use super::database::Database;
use super::fleet::{Fleet, Watched};
use super::until;
use super::worker::Worker;
use crate::support::said;

const WORKERS: u64 = 3;

/// Longer than any of the tests.
const SECONDS: u64 = 120;

/// How long a server may be silent before the sentinels depose it.
const QUICK: Duration = Duration::from_millis(600);
const SLOW: Duration = Duration::from_secs(30);

/// The processes, and what they reported.
struct Load {
    workers: Vec<Worker>,
    past: Vec<String>,
    _versions: Database,
}

impl Load {
    /// Processes that are at work, and are served from the cache.
    fn start(url: &str) -> Self {
        Self::with(&format!("{url}?lease=500"))
    }

    /// The same, where every process keeps what it reads in memory.
    fn tiered(url: &str) -> Self {
        Self::with(&format!("{url}?lease=500&l1=true"))
    }

    fn with(url: &str) -> Self {
        let versions = Database::new();
        let workers = (0..WORKERS).map(|seed| {
            let mut worker = Worker::start(url, &versions);
            worker.tell(&format!("chaos {seed} {SECONDS}"));
            worker
        });
        let mut load = Self {
            workers: workers.collect(),
            past: Vec::new(),
            _versions: versions,
        };
        load.is_served("at first");
        load
    }

    /// Waits until every process is served from the cache, by calls from now on.
    #[track_caller]
    fn is_served(&mut self, when: &str) {
        self.note();
        let began = Instant::now();
        until(&format!("hits {when}"), || {
            let mut workers = self.workers.iter();
            workers.all(|worker| Tally::of(&worker.all()).hits > 10)
        });
        println!("hits {when}: after {:?}", began.elapsed());
    }

    /// Waits until functions of every process have run, by calls from now on.
    #[track_caller]
    fn goes_on(&mut self, when: &str) {
        self.note();
        until(&format!("functions run {when}"), || {
            let mut workers = self.workers.iter();
            workers.all(|worker| Tally::of(&worker.all()).reads > 10)
        });
    }

    fn note(&mut self) {
        for worker in &self.workers {
            // What comes between the two lines is missed, which is a tally less.
            self.past.extend(worker.all());
            worker.forget();
        }
    }

    /// Ends, and looks at all that was returned.
    #[track_caller]
    fn saw_nothing_old(mut self) {
        self.note();
        let tally = Tally::of(&self.past);
        said(format_args!("{tally:?}"));
        let stale = inexcusable(&self.past);
        assert!(stale.is_empty(), "{stale:#?}");
        assert!(tally.acknowledged > 20, "{tally:?}");
    }
}

#[test]
fn a_primary_that_sentinels_watch_is_killed() {
    a_watched_primary_is_killed(Load::start);
}

#[test]
fn a_primary_that_sentinels_watch_is_killed_behind_memory() {
    a_watched_primary_is_killed(Load::tiered);
}

/// The sentinels are quick where somebody is killed, and slow otherwise: whoever is deposed without
/// being down is used for as long as the news takes, and on a busy machine that shows.
fn a_watched_primary_is_killed(load: fn(&str) -> Load) {
    let mut watched = Watched::start(2, 3);
    watched.patience(SLOW);
    let mut load = load(&watched.url());
    said(format_args!("killed: {}", watched.nodes[0].described()));
    watched.nodes[0].kill();
    watched.patience(QUICK);
    load.goes_on("without a primary");
    let next = watched.succeeded(0);
    watched.patience(SLOW);
    said(format_args!(
        "took over: {}",
        watched.nodes[next].described()
    ));
    load.is_served("by the next");
    watched.nodes[0].restart();
    watched.follows(0);
    load.is_served("while the first one follows");
    println!("failovers, by each sentinel: {}", watched.failovers());
    load.saw_nothing_old();
}

#[test]
fn a_primary_that_sentinels_watch_is_stopped_and_goes_on() {
    let watched = Watched::start(1, 3);
    watched.patience(SLOW);
    let mut load = Load::start(&watched.url());
    said(format_args!("stopped: {}", watched.nodes[0].described()));
    watched.nodes[0].stop();
    watched.patience(QUICK);
    load.goes_on("without a primary");
    assert_eq!(watched.succeeded(0), 1);
    watched.patience(SLOW);
    load.is_served("by the next");
    watched.nodes[0].go_on();
    watched.follows(0);
    load.is_served("while the first one follows");
    println!("failovers, by each sentinel: {}", watched.failovers());
    load.saw_nothing_old();
}

#[test]
fn sentinels_are_told_to_promote_another() {
    let watched = Watched::start(2, 3);
    watched.patience(SLOW);
    let mut load = Load::start(&watched.url());
    let mut old = 0;
    for turn in 0..2 {
        let sentinel = &watched.sentinels[turn];
        let of_before = format!("127.0.0.1 {}", watched.nodes[old].port());
        // On a busy machine one may come to nothing, and is not repeated by itself.
        until("the sentinel promotes another", || {
            let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"];
            let done = sentinel.say(&question) != of_before;
            if !done {
                sentinel.say(&["SENTINEL", "FAILOVER", "mymaster"]);
            }
            done
        });
        let next = watched.succeeded(old);
        said(format_args!(
            "took over: {}",
            watched.nodes[next].described()
        ));
        load.is_served("by the next");
        watched.follows(old);
        load.is_served("while the other one follows");
        old = next;
    }
    load.saw_nothing_old();
}

#[test]
fn a_primary_of_a_cluster_is_killed_and_its_successor_stopped() {
    let mut fleet = Fleet::start(3, true);
    let mut load = Load::start(&fleet.url());
    let first = fleet.owner("cached:1:chaos:0");
    let second = fleet.replica_of(first);
    said(format_args!("killed: {}", fleet.nodes[first].described()));
    fleet.nodes[first].kill();
    load.goes_on("without a primary");
    fleet.promoted(second);
    said(format_args!(
        "took over: {}",
        fleet.nodes[second].described()
    ));
    load.is_served("by the next");
    fleet.nodes[first].restart();
    fleet.follows(first);
    load.is_served("while the first one follows");
    fleet.nodes[second].stop();
    load.goes_on("without a primary");
    fleet.promoted(first);
    load.is_served("by the first again");
    fleet.nodes[second].go_on();
    fleet.follows(second);
    load.is_served("while the second one follows");
    load.saw_nothing_old();
}

#[test]
fn slots_move_and_primaries_change_places() {
    slots_move(Load::start);
}

#[test]
fn slots_move_and_primaries_change_places_behind_memory() {
    slots_move(Load::tiered);
}

fn slots_move(load: fn(&str) -> Load) {
    let fleet = Fleet::start(3, true);
    let mut load = load(&fleet.url());
    let key = "cached:1:chaos:1";
    let (home, slot) = (fleet.owner(key), fleet.slot(key));
    let away = (home + 1) % 3;
    for _ in 0..3 {
        fleet.reshard(&slot, home, away);
        load.goes_on("after a slot has moved");
        fleet.open(&slot, away, home);
        load.goes_on("while a slot is under way");
        fleet.close(&slot, away, home);
    }
    load.is_served("with the slot at home again");
    for _ in 0..2 {
        let second = fleet.replica_of(home);
        fleet.change_places(home, second);
        load.goes_on("after a change of places");
        fleet.change_places(second, home);
    }
    load.is_served("by the first again");
    load.saw_nothing_old();
}
