//! SQLite.

use super::directory::Directory;
use crate::backend;
use crate::testing::conformance::{self, Subject};

#[test]
fn it_conforms() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    let subject = Subject::of(move || backend::sqlite(&url).expect("the URL is well-formed"));
    crate::engine::block_on(conformance::run_all(&subject));
}
