//! MySQL and MariaDB.

use super::server::Server;
use crate::backend;
use crate::testing::conformance::{self, Subject};

#[test]
fn it_conforms() {
    let url = format!("{}?create=true", Server::mariadb().new_database());
    let subject = Subject::of(move || backend::mysql(&url).expect("the URL is well-formed"));
    crate::engine::block_on(conformance::run_all(&subject));
}
