//! Tenants on a real server.

use std::time::Duration;

use cached_core::invalidates;

use super::*;
use crate::redis::server::Server;

#[invalidates("tenants:plan:<id>")]
fn change(id: u64) {
    let _ = id;
}

#[test]
fn processes_share_a_server_and_tenants_share_nothing() {
    let server = Server::start();
    let open = || {
        let builder = Cache::at(&server.url()).expect("a valid URL");
        tenanted(builder.timeout(Duration::from_secs(2)))
    };
    let (here, there, runs) = (open(), open(), Runs::default());
    let ask = |cache: &Cache, name: &str| {
        of(name, || {
            with_cache_blocking(cache, || plan::traced(&runs, 7))
        })
    };
    for name in ["acme", "glo*?[bex", ""] {
        assert_eq!(ask(&here, name).0, format!("{name} 7"));
        assert_eq!(ask(&there, name), (format!("{name} 7"), Outcome::Hit));
        let keys = of(name, || there.blocking().keys("tenants:*")).expect("it lists");
        assert_eq!(keys, ["tenants:plan:7"]);
    }
    of("acme", || with_cache_blocking(&there, || change(7)));
    assert_ne!(ask(&here, "acme").1, Outcome::Hit, "it was changed");
    assert_eq!(ask(&here, "").1, Outcome::Hit);
    of("acme", || {
        with_cache_blocking(&there, || plan::all().blocking().invalidate())
    });
    assert_ne!(ask(&here, "acme").1, Outcome::Hit, "all of them");
    assert_eq!(ask(&here, "").1, Outcome::Hit);
    let gone = of("", || there.blocking().delete_matching("*")).expect("it deletes");
    assert_eq!(gone, 1);
    assert_eq!(ask(&here, "acme").1, Outcome::Hit);
    assert_ne!(ask(&here, "").1, Outcome::Hit);
    let held = of("acme", || here.lock("l").blocking().try_acquire()).expect("it asks");
    assert!(held.is_some());
    let again = |name: &str| of(name, || there.lock("l").blocking().try_acquire());
    assert!(again("acme").expect("it asks").is_none());
    assert!(again("").expect("it asks").is_some());
}
