//! SQLite.

use super::directory::Directory;
use super::*;
use crate::backend;
use crate::backend::sql::dialect::Statement;
use crate::backend::sql::inner::Lane;
use crate::error::ErrorKind;
use crate::testing::conformance::{self, Subject};

#[test]
fn it_conforms() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    let subject = Subject::of(move || backend::sqlite(&url).expect("the URL is well-formed"));
    block_on(conformance::run_all(&subject));
}

/// A loss of power may have undone the last invalidations, so nothing from before is believed.
#[test]
fn what_was_written_before_the_machine_started_is_forgotten() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    let open = || backend::sqlite(&url).expect("the URL is well-formed");
    let table = open();
    let written = cell(Token::random(), 100);
    block_on(table.write("k", &written, MINUTE)).expect("it answers");
    assert_eq!(
        block_on(open().read(&["k"])).expect("it answers"),
        [Some(written)]
    );
    let an_earlier_boot = block_on(table.0.drive(|inner| async move {
        let text = "UPDATE cached_cells SET cell = 'another' WHERE name = ' origin'";
        inner.ask(Lane::Write, &Statement::does(text), &[]).await
    }));
    assert_eq!(an_earlier_boot.expect("it answers").count, 1);
    assert_eq!(block_on(open().read(&["k"])).expect("it answers"), [None]);
    let again = cell(Token::random(), 100);
    block_on(table.write("k", &again, MINUTE)).expect("it answers");
    assert_eq!(
        block_on(open().read(&["k"])).expect("it answers"),
        [Some(again)]
    );
}

/// A transaction that writes for long is in the way of every writer, not of readers.
#[test]
fn a_database_that_another_holds_is_an_error_after_a_while() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
    let table = backend::sqlite(&url).expect("the URL is well-formed");
    let written = cell(Token::random(), 100);
    block_on(table.write("k", &written, MINUTE)).expect("it answers");
    let runtime = backend::runtime::handle().expect("the OS has threads");
    let pool = sqlx::SqlitePool::connect(url.split_once('?').expect("it has options").0);
    let pool = runtime.block_on(pool).expect("it is there");
    let held = runtime
        .block_on(pool.begin_with("BEGIN IMMEDIATE"))
        .expect("nobody writes");
    let fault = block_on(table.invalidate(&["k"])).expect_err("it is held");
    println!("{fault}");
    assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
    assert_eq!(
        block_on(table.read(&["k"])).expect("readers go on"),
        [Some(written)]
    );
    runtime
        .block_on(held.rollback())
        .expect("it can be rolled back");
    assert_eq!(block_on(table.invalidate(&["k"])).expect("it is free"), 1);
}

#[test]
fn a_file_that_is_not_there_is_made_only_on_request() {
    let directory = Directory::new();
    let url = format!("sqlite://{}/c.db", directory.path().display());
    let table = backend::sqlite(&url).expect("the URL is well-formed");
    let fault = block_on(table.check()).expect_err("it is not there");
    assert_eq!(fault.kind(), ErrorKind::Unavailable);
    assert!(fault.to_string().contains("create=true"), "{fault}");
}
