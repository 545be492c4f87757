//! One computation across processes, whatever becomes of the one that computes.

use std::time::{Duration, Instant};

use super::database::Database;
use super::server::Server;
use super::worker::Worker;

/// A server, versions, and workers that have begun.
struct Scene {
    workers: Vec<Worker>,
    versions: Database,
    server: Server,
}

impl Scene {
    fn new(workers: usize) -> Self {
        Self::with(workers, "")
    }

    fn with(workers: usize, options: &str) -> Self {
        let (server, versions) = (Server::start(), Database::new());
        let url = format!("{}/?timeout=3000{options}", server.url());
        let start = || Worker::start(&url, &versions);
        let workers = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..workers).map(|_| scope.spawn(start)).collect();
            let started = starting.into_iter().map(|worker| worker.join());
            started.map(|worker| worker.expect("it starts")).collect()
        });
        Self {
            workers,
            versions,
            server,
        }
    }

    fn tell_all(&mut self, order: &str) {
        self.workers
            .iter_mut()
            .for_each(|worker| worker.tell(order));
    }

    fn count(&self, begin: &str) -> usize {
        self.workers.iter().map(|worker| worker.count(begin)).sum()
    }

    /// What all workers report in the end.
    #[track_caller]
    fn all_report(&self, begin: &str) -> Vec<String> {
        let reports = self.workers.iter().map(|worker| worker.reports(begin));
        reports.collect()
    }
}

#[test]
fn sixteen_processes_compute_a_cold_key_once_with_a_lock_and_store_once_without() {
    let mut scene = Scene::new(16);
    scene.tell_all("hold");
    scene.tell_all("call locked 1");
    super::until("somebody computes", || scene.count("computing 1") > 0);
    super::until("all have asked", || scene.server.calls("mget") >= 16);
    scene.tell_all("open");
    let done = scene.all_report("done locked 1 ");
    assert!(
        done.iter()
            .all(|report| report.starts_with("done locked 1 0 "))
    );
    assert_eq!(scene.count("computing 1"), 1, "one body");
    assert_eq!(scene.count("done locked 1 0 Stored"), 1);

    scene.tell_all("hold");
    scene.tell_all("call plain 2");
    super::until("all compute", || scene.count("computing 2") == 16);
    scene.tell_all("open");
    let done = scene.all_report("done plain 2 ");
    assert!(
        done.iter()
            .all(|report| report.starts_with("done plain 2 0 "))
    );
    assert_eq!(scene.count("done plain 2 0 Stored"), 1, "{done:?}");
    assert_eq!(scene.count("done plain 2 0 NotStored"), 15, "{done:?}");
}

#[test]
fn a_killed_holder_is_replaced_when_its_lease_ends() {
    let mut scene = Scene::new(2);
    scene.workers[0].computes("locked", 1);
    scene.workers[0].kill();
    let began = Instant::now();
    scene.workers[1].calls("locked 1", "0 Stored");
    let waited = began.elapsed();
    assert!(
        waited < Duration::from_millis(2500),
        "the lease is 1 s: {waited:?}"
    );
}

#[test]
fn a_holder_that_was_stopped_beyond_its_lease_stores_nothing_when_it_goes_on() {
    let mut scene = Scene::new(2);
    scene.workers[0].computes("locked", 1);
    scene.workers[0].stop();
    scene.versions.bump(1);
    scene.workers[1].calls("locked 1", "1 Stored");
    scene.workers[0].go_on();
    scene.workers[0].tell("open");
    scene.workers[0].reports("done locked 1 0 Refused");
    for worker in &mut scene.workers {
        worker.forget();
        worker.calls("locked 1", "1 Hit");
    }
}

#[test]
fn a_lease_is_renewed_while_its_holder_computes() {
    let mut scene = Scene::new(2);
    scene.workers[0].computes("locked", 1);
    scene.workers[1].tell("call locked 1");
    // Nothing else is a script while the body runs: three a second.
    super::until("three leases were renewed", || {
        scene.server.calls("evalsha") >= 9
    });
    assert_eq!(
        scene.workers[1].count("computing"),
        0,
        "three leases later it still waits"
    );
    scene.workers[0].tell("open");
    scene.workers[0].reports("done locked 1 0 Stored");
    scene.workers[1].reports("done locked 1 0 Hit");
}

#[test]
fn a_lease_is_renewed_no_longer_than_the_cap() {
    let mut scene = Scene::with(2, "&lock_cap=800");
    scene.workers[0].computes("locked", 1);
    scene.versions.bump(1);
    let began = Instant::now();
    scene.workers[1].calls("locked 1", "1 Stored");
    let waited = began.elapsed();
    assert!(
        waited < Duration::from_secs(4),
        "the cap and a lease: {waited:?}"
    );
    scene.workers[0].tell("open");
    scene.workers[0].reports("done locked 1 0 Refused");
}
