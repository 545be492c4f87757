//! Databases that are gone, hang, are full, or are not what they should be: functions run as
//! without a cache, and nothing old is served afterwards.

use cached_core::testing::with_cache;
use cached_core::{Cache, Delivery, ErrorKind, Outcome};

use super::directory::Disk;
use super::{Directory, Kind, Server};
use crate::redis::outages::{Source, hits_again, survives, version, warm};
use crate::redis::usual;

/// On this server: killed, and back with whatever it has.
async fn killed(kind: Kind) {
    let server = Server::start(kind);
    let url = format!("{}?create=true", server.new_database());
    survives(server, &url, Server::kill, Server::restart).await;
}

/// On this server: it answers nothing for a while.
async fn stopped(kind: Kind) {
    let server = Server::start(kind);
    let url = format!("{}?create=true", server.new_database());
    survives(
        server,
        &url,
        |server| server.stop(),
        |server| server.go_on(),
    )
    .await;
}

#[tokio::test]
async fn without_its_postgres_everything_works_as_without_a_cache() {
    killed(Kind::Postgres).await;
}

#[tokio::test]
async fn without_its_mariadb_everything_works_as_without_a_cache() {
    killed(Kind::MariaDb).await;
}

#[tokio::test]
async fn a_postgres_that_hangs_costs_a_bounded_wait_and_serves_nothing_old_afterwards() {
    stopped(Kind::Postgres).await;
}

#[tokio::test]
async fn a_mariadb_that_hangs_costs_a_bounded_wait_and_serves_nothing_old_afterwards() {
    stopped(Kind::MariaDb).await;
}

#[tokio::test]
async fn on_a_full_disk_functions_run() {
    let (disk, source) = (Disk::new(), Source::default());
    let cache = usual(&format!("file://{}/cache", disk.path().display()));
    with_cache(&cache, async {
        warm(&cache, &source).await;
        let hog = disk.path().join("hog");
        // As much as fits.
        let _ = std::fs::write(&hog, vec![1; 2 << 20]);
        let refused = cache.set("large", &vec![7_u8; 100_000], 60).await;
        let fault = refused.expect_err("there is no room");
        println!("{fault}");
        assert_eq!(fault.kind(), ErrorKind::Full, "{fault}");
        for _ in 0..20 {
            source.change();
            // Delivered or owed, nothing older is served.
            version::entry(1).invalidate().await;
            assert_eq!(version(1, &source).await, source.version());
        }
        std::fs::remove_file(&hog).expect("it is there");
        hits_again(&source).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_database_is_reported_and_functions_run() {
    let (directory, source) = (Directory::new(), Source::default());
    let place = directory.path().join("cache");
    std::fs::create_dir(&place).expect("it is not there");
    std::fs::write(place.join("cache.db"), vec![0x5A; 9000]).expect("it is not there");
    let cache = usual(&format!("file://{}", place.display()));
    with_cache(&cache, async {
        assert_eq!(version(1, &source).await, 0);
        std::fs::remove_file(place.join("cache.db")).expect("it is there");
        hits_again(&source).await;
    })
    .await;
}

#[tokio::test]
async fn a_table_that_is_missing_stops_connect_checked_and_nothing_else() {
    let url = Server::postgres().new_database();
    let fault = Cache::connect_checked(&url)
        .await
        .expect_err("there is no table");
    assert_eq!(fault.kind(), ErrorKind::Config, "{fault}");
    let (cache, source) = (usual(&url), Source::default());
    with_cache(&cache, async {
        let (value, outcome) = version::traced(1, &source).await;
        assert_eq!((value, outcome == Outcome::Hit), (0, false));
        source.change();
        assert_eq!(version::entry(1).invalidate().await, Delivery::Queued);
        let made = Cache::connect_checked(&format!("{url}?create=true")).await;
        made.expect("the user may make it");
        hits_again(&source).await;
    })
    .await;
}
