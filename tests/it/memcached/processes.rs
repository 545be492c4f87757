//! Two and more processes on three servers.

use super::server::{Server, url};
use crate::redis::database::Database;
use crate::redis::worker::Worker;

/// Three servers, and their URL with limits that a busy machine does not break.
fn servers() -> (Vec<Server>, String) {
    let servers: Vec<Server> = (0..3).map(|_| Server::start()).collect();
    servers
        .iter()
        .for_each(|server| println!("{}", server.about()));
    let url = url(&servers.iter().collect::<Vec<_>>());
    (servers, format!("{url}?timeout=3000"))
}

#[test]
fn what_was_computed_before_an_invalidation_elsewhere_is_served_nowhere() {
    let ((_servers, url), versions) = (servers(), Database::new());
    let mut one = Worker::start(&url, &versions);
    let mut other = Worker::start(&url, &versions);
    for (id, how) in ["key", "tag", "all", "clear"].into_iter().enumerate() {
        // So that its stamps are there.
        other.tell(&format!("call plain {id}"));
        other.reports(&format!("done plain {id} 0 Stored"));
        other.tell(&format!("invalidate key {id}"));
        other.reports(&format!("invalidated key {id}"));
        other.forget();
        one.tell("hold");
        one.tell(&format!("call plain {id}"));
        one.reports(&format!("computing {id} 0"));
        versions.bump(id as u64);
        other.tell(&format!("invalidate {how} {id}"));
        other.reports(&format!("invalidated {how} {id} Acknowledged"));
        one.tell("open");
        one.reports(&format!("done plain {id} 0"));
        one.forget();
        for worker in [&mut other, &mut one] {
            worker.tell(&format!("call plain {id}"));
            let done = worker.reports(&format!("done plain {id} "));
            let current = done.starts_with(&format!("done plain {id} 1 "));
            assert!(current, "{how}: {done}");
            worker.forget();
        }
    }
}

#[test]
fn eight_processes_compute_a_cold_key_once_with_a_lock() {
    let ((_servers, url), versions) = (servers(), Database::new());
    let mut workers: Vec<Worker> = (0..8).map(|_| Worker::start(&url, &versions)).collect();
    workers[0].tell("hold");
    workers[0].tell("call locked 1");
    workers[0].reports("computing 1");
    for worker in &mut workers[1..] {
        worker.tell("call locked 1");
    }
    workers[0].tell("open");
    for worker in &workers {
        worker.reports("done locked 1 0 ");
    }
    let bodies: usize = workers.iter().map(|worker| worker.count("computing")).sum();
    assert_eq!(bodies, 1, "one body");
}

#[test]
fn a_killed_holder_is_replaced_and_a_stopped_one_stores_nothing() {
    let ((_servers, url), versions) = (servers(), Database::new());
    let mut one = Worker::start(&url, &versions);
    let mut other = Worker::start(&url, &versions);
    one.tell("hold");
    one.tell("call locked 1");
    one.reports("computing 1 0");
    one.stop();
    versions.bump(1);
    other.tell("call locked 1");
    assert_eq!(other.reports("done locked"), "done locked 1 1 Stored");
    one.go_on();
    one.tell("open");
    assert_eq!(one.reports("done locked"), "done locked 1 0 Refused");
    other.forget();
    one.tell("hold");
    one.tell("call locked 2");
    one.reports("computing 2 0");
    one.kill();
    other.tell("call locked 2");
    assert_eq!(other.reports("done locked"), "done locked 2 0 Stored");
}
