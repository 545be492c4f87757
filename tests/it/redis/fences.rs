//! A computation in one process that an invalidation in another overtakes.

use super::database::Database;
use super::server::Server;
use super::worker::Worker;

#[test]
fn what_was_computed_before_an_invalidation_elsewhere_is_served_nowhere() {
    let (server, versions) = (Server::start(), Database::new());
    let url = format!("{}/?timeout=3000", server.url());
    let (mut one, mut other) = (
        Worker::start(&url, &versions),
        Worker::start(&url, &versions),
    );
    // Odd ones are computed anew elsewhere before the old computation ends.
    let ways = ["key", "key", "tag", "tag", "all", "all", "clear", "clear"];
    for (id, how) in ways.into_iter().enumerate() {
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
        if id % 2 == 1 {
            other.tell(&format!("call plain {id}"));
            other.reports(&format!("done plain {id} 1 Stored"));
            other.forget();
        }
        one.tell("open");
        let done = one.reports(&format!("done plain {id} 0"));
        if how == "key" || id % 2 == 1 {
            assert_eq!(done, format!("done plain {id} 0 Refused"), "{how}");
        }
        one.forget();
        for worker in [&mut other, &mut one] {
            worker.tell(&format!("call plain {id}"));
            let done = worker.reports(&format!("done plain {id} "));
            assert!(
                done.starts_with(&format!("done plain {id} 1 ")),
                "{how}: {done}"
            );
        }
        other.forget();
    }
}

#[test]
fn a_value_that_another_process_stored_falls_with_an_invalidation_here() {
    let (server, versions) = (Server::start(), Database::new());
    let url = format!("{}/?timeout=3000", server.url());
    let (mut one, mut other) = (
        Worker::start(&url, &versions),
        Worker::start(&url, &versions),
    );
    for (id, how) in ["key", "tag", "all", "clear"].into_iter().enumerate() {
        one.tell(&format!("call plain {id}"));
        one.reports(&format!("done plain {id} 0 Stored"));
        other.tell(&format!("call plain {id}"));
        other.reports(&format!("done plain {id} 0 Hit"));
        versions.bump(id as u64);
        other.tell(&format!("invalidate {how} {id}"));
        other.reports(&format!("invalidated {how} {id} Acknowledged"));
        one.forget();
        one.tell(&format!("call plain {id}"));
        one.reports(&format!("done plain {id} 1 Stored"));
    }
}
