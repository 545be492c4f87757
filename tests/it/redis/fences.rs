//! A computation in one process that an invalidation in another overtakes.

use super::database::Database;
use super::server::Server;
use super::worker::Worker;

/// One begins to compute what the other one then invalidates, in this way.
pub(crate) fn overtaken(
    one: &mut Worker,
    other: &mut Worker,
    versions: &Database,
    (how, id): (&str, u64),
) {
    // So that its stamps are there.
    other.calls(&format!("plain {id}"), "0 Stored");
    other.invalidates("key", id);
    other.forget();
    one.computes("plain", id);
    versions.bump(id);
    other.invalidates(how, id);
}

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
        overtaken(&mut one, &mut other, &versions, (how, id as u64));
        let call = format!("plain {id}");
        if id % 2 == 1 {
            other.calls(&call, "1 Stored");
            other.forget();
        }
        one.tell("open");
        let done = one.reports(&format!("done {call} 0"));
        if how == "key" || id % 2 == 1 {
            assert_eq!(done, format!("done {call} 0 Refused"), "{how}");
        }
        one.forget();
        for worker in [&mut other, &mut one] {
            worker.calls(&call, "1 ");
            worker.forget();
        }
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
        let call = format!("plain {id}");
        one.calls(&call, "0 Stored");
        other.calls(&call, "0 Hit");
        versions.bump(id as u64);
        other.invalidates(how, id as u64);
        one.forget();
        one.calls(&call, "1 Stored");
    }
}
