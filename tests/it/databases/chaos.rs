//! Processes that read and write hot keys while they and their server are stopped and killed.

use super::{Directory, Kind, Server};
use crate::redis::chaos::nobody_sees_less;

#[test]
fn on_a_postgres_that_crashes() {
    let mut server = Server::start(Kind::Postgres);
    let url = format!(
        "{}?create=true&lease=500&connections=4",
        server.new_database()
    );
    nobody_sees_less(url, move || server.restart());
}

#[test]
fn on_a_mariadb_that_is_killed() {
    let mut server = Server::start(Kind::MariaDb);
    let url = format!(
        "{}?create=true&lease=500&connections=4",
        server.new_database()
    );
    nobody_sees_less(url, move || server.restart());
}

/// What stands for a restart of the server: somebody empties the directory.
#[test]
fn on_files_that_are_removed() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let url = format!("file://{}?lease=500", place.display());
    nobody_sees_less(url, move || {
        let _alive = &directory;
        // A process may be putting a file there at this moment.
        let _ = std::fs::remove_dir_all(&place);
    });
}
