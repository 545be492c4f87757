//! PostgreSQL.

use super::server::Server;
use crate::backend;
use crate::testing::conformance::{self, Subject};

#[test]
fn it_conforms() {
    let url = format!("{}?create=true", Server::postgres().new_database());
    let subject = Subject::of(move || backend::postgres(&url).expect("the URL is well-formed"));
    crate::engine::block_on(conformance::run_all(&subject));
}
