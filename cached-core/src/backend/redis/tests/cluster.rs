//! Keys that are spread over servers, and move.

use super::server::said;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::fleet::Fleet;
use super::server::Server;
use super::support::*;
use crate::backend::port::{Acquired, Backend, Watcher};
use crate::backend::redis::Redis;
use crate::cell::Cell;
use crate::error::ErrorKind;

/// Waits until an operation is answered again, as the engine would: with a deadline for each.
#[track_caller]
fn reached(redis: &Redis, key: &str) -> Option<Cell> {
    let mut found = None;
    until("the key is reached again", || {
        let read = within(Duration::from_millis(200), redis.read(&[key]));
        match read {
            Some(Ok(mut cells)) => {
                found = cells.pop().flatten();
                true
            }
            _ => false,
        }
    });
    found
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("k{number}")).collect()
}

#[test]
fn keys_are_spread_and_come_back_in_order() {
    let fleet = Fleet::start(3, false);
    let redis = redis_at(&fleet.url());
    let names = names(40);
    let cells: Vec<Cell> = names.iter().map(|name| cell(name).1).collect();
    for (name, cell) in names.iter().zip(&cells) {
        write(&redis, name, cell);
    }
    for node in &fleet.nodes {
        assert_ne!(node.say(&["DBSIZE"]), "0", "nobody is left out");
    }
    let keys: Vec<&str> = names.iter().map(String::as_str).chain(["absent"]).collect();
    let read = wait(redis.read(&keys)).expect("all nodes answer");
    let expected: Vec<Option<Cell>> = cells.into_iter().map(Some).chain([None]).collect();
    assert_eq!(read, expected);
    assert_eq!(wait(redis.invalidate(&keys)).expect("all nodes answer"), 40);
    let left = wait(redis.read(&keys)).expect("all nodes answer");
    assert!(left.iter().all(Option::is_none));
    wait(redis.check()).expect("all nodes answer");
    wait(redis.now()).expect("a node tells the time");
    let raw = wait(redis.raw()).expect_err("a cluster has no one connection");
    assert_eq!(raw.kind(), ErrorKind::Config);
}

#[test]
fn a_slot_that_moved_is_followed_and_old_leases_count_for_nothing() {
    let fleet = Fleet::start(3, false);
    let (redis, idle) = (redis_at(&fleet.url()), redis_at(&fleet.url()));
    let (from, slot) = (fleet.owner("k"), fleet.slot("k"));
    let to = (from + 1) % 3;
    let ((lease, leased), (_, value)) = (cell("lease"), cell("v"));
    assert_eq!(acquire(&redis, "k", &leased), Acquired::Granted);
    assert_eq!(read(&idle, "k"), Some(leased.clone()));
    fleet.reshard(&slot, from, to);
    assert_eq!(read(&redis, "k"), None, "what came along is another's");
    assert!(!fill(&redis, "k", lease, &value), "and so is a lease");
    let (second, leased) = cell("lease");
    assert_eq!(acquire(&redis, "k", &leased), Acquired::Granted);
    assert!(fill(&redis, "k", second, &value));
    assert_eq!(
        read(&idle, "k"),
        Some(value.clone()),
        "whoever knows the old map too"
    );
    assert_eq!(
        wait(redis.invalidate(&["k", "other"])).expect("it is reached"),
        1
    );
    assert_eq!(read(&idle, "k"), None);
}

#[test]
fn a_slot_under_way_is_asked_for_on_both_sides() {
    let fleet = Fleet::start(3, false);
    let redis = redis_at(&fleet.url());
    let (from, slot) = (fleet.owner("{s}"), fleet.slot("{s}"));
    let to = (from + 1) % 3;
    let (stays, goes) = (cell("stays").1, cell("goes").1);
    write(&redis, "{s}stays", &stays);
    fleet.open(&slot, from, to);
    let (lease, leased) = cell("lease");
    assert_eq!(acquire(&redis, "{s}goes", &leased), Acquired::Granted);
    assert!(fill(&redis, "{s}goes", lease, &goes));
    let both = wait(redis.read(&["{s}stays", "{s}goes", "elsewhere"])).expect("both answer");
    assert_eq!(both, [Some(stays), Some(goes.clone()), None]);
    assert_eq!(
        fleet.nodes[to].say(&["CLUSTER", "COUNTKEYSINSLOT", &slot]),
        "1"
    );
    let removed = wait(redis.invalidate(&["{s}stays", "{s}goes"])).expect("both answer");
    assert_eq!(removed, 2);
    write(&redis, "{s}goes", &goes);
    fleet.close(&slot, from, to);
    assert_eq!(
        read(&redis, "{s}goes"),
        Some(goes),
        "it was the new owner's already"
    );
    assert_eq!(read(&redis, "{s}stays"), None);
}

#[test]
fn what_was_invalidated_while_its_slot_was_away_does_not_come_back() {
    let fleet = Fleet::start(3, false);
    let (redis, idle) = (redis_at(&fleet.url()), redis_at(&fleet.url()));
    let (home, slot) = (fleet.owner("{s}"), fleet.slot("{s}"));
    let away = (home + 1) % 3;
    for key in ["{s}a", "{s}b"] {
        write(&redis, key, &cell("old").1);
        assert!(read(&idle, key).is_some());
    }
    fleet.reshard(&slot, home, away);
    wait(redis.invalidate(&["{s}a"])).expect("it is reached");
    fleet.reshard(&slot, away, home);
    assert_eq!(read(&idle, "{s}a"), None, "it knows the first map only");
    assert_eq!(read(&redis, "{s}a"), None);
    assert!(read(&redis, "{s}b").is_some(), "nobody has invalidated it");
}

#[test]
fn an_invalidation_that_was_not_replicated_is_not_undone_by_a_failover() {
    let mut fleet = Fleet::start(3, true);
    let redis = redis_at(&fleet.url());
    let primary = fleet.owner("k");
    let replica = fleet.replica_of(primary);
    let (lease, leased) = cell("lease");
    write(&redis, "k", &cell("old").1);
    let same_node = (0..)
        .map(|n| format!("l{n}"))
        .find(|key| fleet.owner(key) == primary);
    let leased_key = same_node.expect("one in three");
    acquire(&redis, &leased_key, &leased);
    until("the replica has both", || {
        fleet.nodes[replica].say(&["DBSIZE"]) == "2"
    });
    fleet.nodes[replica].stop();
    // What is on its way to it would arrive all the same.
    assert_eq!(
        fleet.nodes[primary].say(&["CLIENT", "KILL", "TYPE", "replica"]),
        "1"
    );
    let gone = wait(redis.invalidate(&["k", &leased_key])).expect("acknowledged");
    assert_eq!(gone, 2);
    said(format_args!("killed: {}", fleet.nodes[primary].described()));
    fleet.nodes[primary].kill();
    fleet.nodes[replica].go_on();
    fleet.promoted(replica);
    said(format_args!(
        "took over: {}",
        fleet.nodes[replica].described()
    ));
    assert_eq!(reached(&redis, "k"), None);
    assert_eq!(
        fleet.nodes[replica].say(&["EXISTS", "k"]),
        "1",
        "the old value is there"
    );
    assert!(!fill(&redis, &leased_key, lease, &cell("late").1));
    let new = cell("new").1;
    assert_eq!(acquire(&redis, "k", &new), Acquired::Granted);
    assert_eq!(read(&redis, "k"), Some(new));
}

#[test]
fn who_is_promoted_again_without_a_restart_is_another() {
    let fleet = Fleet::start(3, true);
    let (redis, idle) = (redis_at(&fleet.url()), redis_at(&fleet.url()));
    let first = fleet.owner("k");
    let second = fleet.replica_of(first);
    write(&redis, "k", &cell("old").1);
    assert!(read(&idle, "k").is_some());
    fleet.change_places(first, second);
    assert_eq!(reached(&redis, "k"), None, "another has it");
    fleet.change_places(second, first);
    until("this one is no longer who it was", || {
        reached(&redis, "k").is_none()
    });
    assert_eq!(fleet.nodes[first].say(&["EXISTS", "k"]), "1");
    until("whoever saw nothing of it notices", || {
        reached(&idle, "k").is_none()
    });
}

/// Counts how often changes may have gone by untold.
#[derive(Default)]
struct Missed(AtomicUsize);

impl Watcher for Missed {
    fn changed(&self, _: &str) {}

    fn missed(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_server_that_cannot_be_reached_makes_nobody_doubt_the_others() {
    let mut fleet = Fleet::start(3, false);
    let redis = redis_at(&fleet.url());
    let missed = Arc::new(Missed::default());
    let watcher: Weak<dyn Watcher> = Arc::<Missed>::downgrade(&missed);
    Backend::watch(&redis, watcher);
    let of = |node: usize| names(40).into_iter().find(|key| fleet.owner(key) == node);
    let (alive, dead) = (of(0).expect("one in three"), of(2).expect("likewise"));
    let watched = wait(redis.read_watched(&[&alive])).expect("it answers");
    assert!(watched.told);
    let before = missed.0.load(Ordering::SeqCst);
    said(format_args!("killed: {}", fleet.nodes[2].described()));
    fleet.nodes[2].kill();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        let answer = within(Duration::from_millis(100), redis.read(&[&dead]));
        assert!(answer.is_none_or(|answer| answer.is_err()), "it is dead");
        assert_eq!(read(&redis, &alive), None);
    }
    assert_eq!(missed.0.load(Ordering::SeqCst), before);
}

#[test]
fn what_is_said_where_there_is_no_cluster() {
    let server = Server::start();
    let at = |scheme: &str| redis_at(&format!("{scheme}://127.0.0.1:{}", server.port()));
    let none = fault(&at("redis+cluster"));
    assert_eq!(none.kind(), ErrorKind::Config);
    assert!(none.to_string().contains("write `redis://`"), "{none}");
    let empty = Server::with(&["--cluster-enabled", "yes"]);
    let alone = fault(&redis_at(&format!(
        "redis+cluster://127.0.0.1:{}",
        empty.port()
    )));
    assert_eq!(alone.kind(), ErrorKind::Unavailable);
    assert!(alone.to_string().contains("--cluster create"), "{alone}");
    let node = fault(&redis_at(&empty.url()));
    assert!(node.to_string().contains("redis+cluster://"), "{node}");
}

/// A user of a cluster of one, who may do this and nothing else.
fn allowed(fleet: &Fleet, rights: &str) -> Redis {
    let mut rule: Vec<&str> = vec!["ACL", "SETUSER", "few", "on", ">secret", "~*"];
    rule.extend(rights.split_whitespace());
    assert_eq!(fleet.nodes[0].say(&rule), "OK");
    redis_at(&fleet.url().replace("://", "://few:secret@"))
}

#[test]
fn the_rights_that_suffice() {
    let fleet = Fleet::start(1, false);
    let redis = allowed(
        &fleet,
        "+get +mget +set +unlink +pexpire +getrange +evalsha +script|load +hello +ping +info +time \
         +client|tracking +client|caching +select +asking +cluster|slots +cluster|info",
    );
    let ((lease, leased), (token, value)) = (cell("l"), cell("v"));
    assert_eq!(acquire(&redis, "k", &leased), Acquired::Granted);
    assert!(fill(&redis, "k", lease, &value));
    assert!(wait(redis.release("k", token)).expect("the server answers"));
    assert!(redis.scoped() && redis.capabilities().pushes);
    assert_eq!(redis.incarnation(), None);
}

#[test]
fn servers_that_do_not_tell_who_they_are_are_new_with_each_connection() {
    let mut fleet = Fleet::start(1, false);
    let redis = allowed(
        &fleet,
        "+get +set +unlink +evalsha +hello +time +select +cluster|slots +cluster|info",
    );
    write(&redis, "k", &cell("v").1);
    assert!(read(&redis, "k").is_some());
    let first = redis.incarnation().expect("INFO is denied");
    fleet.nodes[0].restart();
    until("it is back", || {
        fleet.nodes[0]
            .say(&["CLUSTER", "INFO"])
            .contains("cluster_state:ok")
    });
    allowed(
        &fleet,
        "+get +set +hello +time +select +cluster|slots +cluster|info",
    );
    assert_eq!(reached(&redis, "k"), None);
    assert!(redis.incarnation() > Some(first));
}
