//! Databases that are gone, hang, are full, or are not what they should be: functions run as
//! without a cache, and nothing old is served afterwards.

use std::process::Command;

use cached_core::testing::with_cache;
use cached_core::{Cache, Delivery, ErrorKind, Outcome};

use super::{Directory, Kind, Server};
use crate::redis::outages::{Source, bounded, calls, hits_again, outlives, version, warm};
use crate::redis::usual;

/// On this server: killed, and back with whatever it has.
async fn killed(kind: Kind) {
    let (mut server, source) = (Server::start(kind), Source::default());
    let cache = usual(&format!("{}?create=true", server.new_database()));
    with_cache(&cache, async {
        warm(&cache, &source).await;
        server.kill();
        bounded(&calls(&source).await);
        outlives(&cache, &source, || server.restart()).await;
    })
    .await;
}

/// On this server: it answers nothing for a while.
async fn stopped(kind: Kind) {
    let (server, source) = (Server::start(kind), Source::default());
    let cache = usual(&format!("{}?create=true", server.new_database()));
    with_cache(&cache, async {
        warm(&cache, &source).await;
        server.stop();
        bounded(&calls(&source).await);
        outlives(&cache, &source, || server.go_on()).await;
    })
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

/// A disk of a megabyte, while it lives.
struct Disk(Directory);

impl Disk {
    fn new() -> Self {
        let directory = Directory::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m,mode=700", "none"])
            .arg(directory.path())
            .status();
        let mounted = mounted.is_ok_and(|status| status.success());
        assert!(
            mounted,
            "a small disk can be mounted; run the tests as root"
        );
        Self(directory)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn on_a_full_disk_functions_run() {
    let (disk, source) = (Disk::new(), Source::default());
    let cache = usual(&format!("file://{}/cache", disk.0.path().display()));
    with_cache(&cache, async {
        warm(&cache, &source).await;
        let hog = disk.0.path().join("hog");
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
