//! The same on real backends, behind a relay that holds the claim up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cached_core::backend::{self, Backend};
use cached_core::{Cache, Error};

use crate::databases::{Directory, Server as Database};
use crate::memcached::server::Server as Memcached;
use crate::redis::server::Server as Redis;
use crate::relay::{Duty, Relay};
use crate::support::{Gate, Runs, Task, counted, until};

/// Longer than the test waits for anything.
const LEASE: Duration = Duration::from_secs(600);

#[derive(Clone, Default)]
struct Holding(Arc<Held>);

#[derive(Default)]
struct Held {
    /// For the next claim.
    gates: Mutex<Option<[Gate; 2]>>,
    releases: AtomicUsize,
}

impl Duty for Holding {
    fn held_up_by(&self) -> Option<[Gate; 2]> {
        self.0.gates.lock().expect("no test panics under it").take()
    }

    async fn after(&self, operation: &'static str) -> Result<(), Error> {
        if operation == "release" {
            self.0.releases.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn cache(backend: impl Backend) -> Cache {
    let builder = Cache::on(backend).timeout(Duration::from_secs(5));
    builder.lease(LEASE).build().expect("valid")
}

/// A claim is held up until its caller is gone and its release was carried out; then it is carried
/// out, and nobody is held up by it.
fn a_late_claim_is_given_back<B: Backend>(backend: Result<B, Error>) {
    let (backend, holding) = (Arc::new(backend.expect("a valid URL")), Holding::default());
    let here = cache(Relay::new(Arc::clone(&backend), holding.clone()));
    let there = cache(Relay::new(backend, Holding::default()));
    let (runs, gate) = (Runs::default(), Gate::default());
    let [way, end] = [Gate::default(), Gate::default()];
    gate.open();
    let blocking = here.blocking();
    // The stamps are there, so that the next claim is that of the key.
    blocking
        .get_or_set("warm", 60, || 0i64)
        .expect("it answers");
    let held = [way.clone(), end.clone()];
    *holding.0.gates.lock().expect("see above") = Some(held);
    let mut caller = Task::new(counted(&here, "k", &runs, &gate));
    until("it asks for the lease", || {
        assert!(caller.poll().is_pending(), "it waits for the lease");
        way.entered() > 0
    });
    drop(caller);
    until("its lease is given back", || {
        holding.0.releases.load(Ordering::SeqCst) > 0
    });
    way.open();
    end.pass();
    until("nothing holds the key up", || {
        there
            .blocking()
            .get_or_set("k", 60, || 7i64)
            .expect("it answers");
        there.blocking().get::<i64>("k").expect("it answers") == Some(7)
    });
}

#[test]
fn on_redis() {
    let server = Redis::start();
    a_late_claim_is_given_back(backend::redis(&server.url()));
}

#[test]
fn on_memcached() {
    let server = Memcached::start();
    a_late_claim_is_given_back(backend::memcached(&server.url()));
}

#[test]
fn on_sqlite() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    a_late_claim_is_given_back(backend::sqlite(&url));
}

#[test]
fn on_postgres() {
    let url = format!("{}?create=true", Database::postgres().new_database());
    a_late_claim_is_given_back(backend::postgres(&url));
}

#[test]
fn on_mariadb() {
    let url = format!("{}?create=true", Database::mariadb().new_database());
    a_late_claim_is_given_back(backend::mysql(&url));
}
