//! The file backend: rights, bound, killed processes, full disks, damaged files.

mod chaos;
mod disks;
mod rights;
mod size;

use std::path::Path;
use std::time::Duration;

use super::directory::Directory;
use super::{MINUTE, cell, lease};
use crate::backend::port::{Acquired, Backend};
use crate::cell::{Cell, Token};
use crate::engine::block_on;
use crate::testing::conformance::{self, Subject};
use crate::{backend, error::Error};

/// The cache in this directory.
fn open(directory: &Path) -> impl Backend + Clone + use<> {
    backend::file(&url(directory)).expect("the URL is well-formed")
}

fn url(directory: &Path) -> String {
    format!("file://{}", directory.display())
}

#[test]
fn it_conforms() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let subject = Subject::of(move || {
        let _alive = &directory;
        open(&place)
    });
    block_on(conformance::run_all(&subject));
}

#[test]
fn a_removed_directory_is_made_anew() {
    let directory = Directory::new();
    let place = directory.path().join("cache");
    let (one, two) = (open(&place), open(&place));
    let written = cell(Token::random(), 100);
    block_on(one.write("k", &written, MINUTE)).expect("it is made");
    assert_eq!(
        block_on(two.read(&["k"])).expect("it is there"),
        [Some(written)]
    );
    std::fs::remove_dir_all(&place).expect("it is there");
    assert_eq!(block_on(two.read(&["k"])).expect("it is made anew"), [None]);
    let again = cell(Token::random(), 100);
    block_on(two.write("k", &again, MINUTE)).expect("it is there");
    assert_eq!(
        block_on(one.read(&["k"])).expect("it is found"),
        [Some(again)]
    );
}

#[test]
fn a_url_that_cannot_be_is_an_error_with_a_hint() {
    let fault = |url: &str| match backend::file(url) {
        Ok(_) => panic!("{url} is accepted"),
        Err(fault) => fault.to_string(),
    };
    assert!(fault("file://relative/path").contains("three slashes"));
    assert!(fault("file:///").contains("name a directory"));
    assert!(fault("file:///x?max_byte=3").contains("known is `max_bytes`"));
    assert!(fault("file:///x?max_bytes=3").contains("1048576"));
    assert!(fault("file:///x%zz").contains("%20"));
}

/// What an operation refused, or that it did not.
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Error {
    outcome.expect_err("it is refused")
}
