//! Two and more processes on three servers.

use super::server::{Server, url};
use crate::redis::database::Database;
use crate::redis::fences::overtaken;
use crate::redis::worker::Worker;
use crate::support::said;

/// Three servers, and their URL with limits that a busy machine does not break.
fn servers() -> (Vec<Server>, String) {
    let servers: Vec<Server> = (0..3).map(|_| Server::start()).collect();
    servers
        .iter()
        .for_each(|server| said(format_args!("{}", server.about())));
    let url = url(&servers.iter().collect::<Vec<_>>());
    (servers, format!("{url}?timeout=3000"))
}

#[test]
fn what_was_computed_before_an_invalidation_elsewhere_is_served_nowhere() {
    let ((_servers, url), versions) = (servers(), Database::new());
    let mut one = Worker::start(&url, &versions);
    let mut other = Worker::start(&url, &versions);
    for (id, how) in ["key", "tag", "all", "clear"].into_iter().enumerate() {
        overtaken(&mut one, &mut other, &versions, (how, id as u64));
        one.tell("open");
        one.reports(&format!("done plain {id} 0"));
        one.forget();
        for worker in [&mut other, &mut one] {
            worker.calls(&format!("plain {id}"), "1 ");
            worker.forget();
        }
    }
}

#[test]
fn eight_processes_compute_a_cold_key_once_with_a_lock() {
    let ((_servers, url), versions) = (servers(), Database::new());
    let mut workers: Vec<Worker> = (0..8).map(|_| Worker::start(&url, &versions)).collect();
    workers[0].computes("locked", 1);
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
    one.computes("locked", 1);
    one.stop();
    versions.bump(1);
    other.calls("locked 1", "1 Stored");
    one.go_on();
    one.tell("open");
    one.reports("done locked 1 0 Refused");
    other.forget();
    one.computes("locked", 2);
    one.kill();
    other.calls("locked 2", "0 Stored");
}
