//! Making the table, and knowing which version it has.

use super::directory::Directory;
use super::server::{Server, until};
use super::*;
use crate::backend::sql::dialect::Dialect;
use crate::backend::sql::{Sql, VERSION};
use crate::error::ErrorKind;
use crate::{backend, error::Error};

/// Opens a table without making it, and with.
type Open<D> = fn(&str) -> Result<Sql<D>, Error>;

/// Runs statements of the test's own.
fn run<D: Dialect>(url: &str, text: &str) {
    let runtime = backend::runtime::handle().expect("the OS has threads");
    runtime.block_on(async {
        let pool = sqlx::Pool::<D>::connect(url)
            .await
            .expect("the database is there");
        let mut connection = pool.acquire().await.expect("it is free");
        D::run(&mut connection, text)
            .await
            .expect("it is well-formed");
    });
}

fn a_missing_table_is_an_error_that_says_what_to_do<D: Dialect>(url: &str, open: Open<D>) {
    let table = open(url).expect("the URL is well-formed");
    for fault in [
        block_on(table.read(&["k"])).expect_err("there is no table"),
        block_on(table.check()).expect_err("there is no table"),
    ] {
        let said = fault.to_string();
        assert_eq!(fault.kind(), ErrorKind::Config, "{said}");
        assert!(
            said.contains("create=true") && said.contains("CREATE"),
            "{said}"
        );
        assert!(
            said.contains("cached_cells") && !said.contains("secret"),
            "{said}"
        );
    }
    // What the message prints does it, and the handle needs no reopening.
    run::<D>(url, &table.schema());
    block_on(table.check()).expect("it is there");
    block_on(table.write("k", &cell(Token::random(), 50), MINUTE)).expect("it is there");
}

fn two_make_it_at_once<D: Dialect>(url: &str, open: Open<D>) {
    let handles: Vec<_> = (0..8)
        .map(|_| {
            let table = open(&format!("{url}?create=true")).expect("the URL is well-formed");
            std::thread::spawn(move || block_on(table.check()))
        })
        .collect();
    for handle in handles {
        handle
            .join()
            .expect("it does not panic")
            .expect("it is made");
    }
    block_on(open(url).expect("the URL is well-formed").create()).expect("nothing is to be done");
}

fn tables_are_told_apart<D: Dialect>(url: &str, open: Open<D>) {
    let one = open(url).expect("the URL is well-formed");
    let two = one.table("other_cells").expect("it is a name");
    block_on(one.create()).expect("it is made");
    assert_eq!(
        block_on(two.check()).expect_err("it is not made").kind(),
        ErrorKind::Config
    );
    block_on(two.create()).expect("it is made");
    block_on(one.write("k", &cell(Token::random(), 50), MINUTE)).expect("it is there");
    assert_eq!(block_on(two.read(&["k"])).expect("it is there"), [None]);
    let named = open(&format!("{url}?table=other_cells")).expect("the URL is well-formed");
    block_on(named.check()).expect("it is there");
}

/// A release to come has other tables: this one does not touch them, and that one makes them anew.
fn another_version_is_told<D: Dialect>(url: &str, open: Open<D>) {
    let table = open(url).expect("the URL is well-formed");
    run::<D>(url, &schema_of(&table, VERSION + 1));
    for fault in [block_on(table.check()), block_on(table.create())] {
        let said = fault.expect_err("it is newer").to_string();
        assert!(said.contains("update this program"), "{said}");
    }
    run::<D>(url, "DROP TABLE cached_cells");
    run::<D>(url, "CREATE TABLE cached_cells (name INT)");
    let table = open(url).expect("the URL is well-formed");
    let said = block_on(table.check())
        .expect_err("it is another's")
        .to_string();
    assert!(said.contains("something else"), "{said}");
    let said = block_on(table.create())
        .expect_err("it is another's")
        .to_string();
    assert!(said.contains("something else"), "{said}");
}

/// A table of an older release is made anew, empty, by whoever asks for it and by nobody else.
fn an_older_table_is_made_anew<D: Dialect>(url: &str, open: Open<D>) {
    let creating = format!("{url}?create=true");
    let writer = open(&creating).expect("the URL is well-formed");
    block_on(writer.check()).expect("it is made");
    for asks_by_url in [false, true] {
        run::<D>(url, "DROP TABLE cached_cells");
        run::<D>(url, &schema_of(&writer, VERSION - 1));
        // It looked at the version before.
        block_on(writer.write("k", &cell(Token::random(), 50), MINUTE)).expect("it is there");
        let table = open(url).expect("the URL is well-formed");
        let said = block_on(table.check())
            .expect_err("it is older")
            .to_string();
        let says = ["an older release", "create=true"];
        assert!(says.iter().all(|says| said.contains(says)), "{said}");
        assert_ne!(block_on(writer.read(&["k"])).expect("it is there"), [None]);
        let made = match asks_by_url {
            true => block_on(open(&creating).expect("the URL is well-formed").check()),
            false => block_on(table.create()),
        };
        made.expect("it is made anew");
        assert_eq!(block_on(table.read(&["k"])).expect("it is there"), [None]);
    }
}

/// The statement that makes the table as if this release were that one.
fn schema_of<D: Dialect>(table: &Sql<D>, version: i64) -> String {
    let (schema, stated) = (table.schema(), format!("schema {VERSION}"));
    assert!(schema.contains(&stated), "{schema}");
    schema.replace(&stated, &format!("schema {version}"))
}

/// Expired rows go in the background, and nothing else does.
fn culling_takes_what_is_expired<D: Dialect>(url: &str, open: Open<D>) {
    let table = open(&format!("{url}?create=true")).expect("the URL is well-formed");
    let short = Some(Duration::from_millis(1));
    for number in 0..450 {
        let ttl = if number % 10 == 0 { MINUTE } else { short };
        let (key, value) = (format!("k{number}"), cell(Token::random(), 50));
        block_on(table.write(&key, &value, ttl)).expect("it answers");
    }
    goes(&table, "k449");
    let rows = || {
        let counted = block_on(table.0.drive(|inner| async move {
            let count =
                Statement::asks("SELECT NULL, NULL, COUNT(*) FROM cached_cells WHERE name > '!'");
            inner.ask(Lane::Read, &count, &[]).await
        }));
        counted.expect("it answers").rows[0].number
    };
    // Nobody asks for it.
    until("what is expired is gone", || rows() <= Some(45));
    assert_eq!(rows(), Some(45));
}

use crate::backend::sql::dialect::Statement;
use crate::backend::sql::inner::Lane;

macro_rules! on_each {
    ($($test:ident)*) => {
        mod sqlite {
            use super::*;
            $(#[test]
            fn $test() {
                let directory = Directory::new();
                let file = directory.path().join("app.db");
                std::fs::write(&file, "").expect("the directory is writable");
                super::$test::<sqlx::Sqlite>(&format!("sqlite://{}", file.display()), backend::sqlite);
            })*
        }
        mod postgres {
            use super::*;
            $(#[test]
            fn $test() {
                let url = Server::postgres().new_database();
                super::$test::<sqlx::Postgres>(&url, backend::postgres);
            })*
        }
        mod mysql {
            use super::*;
            $(#[test]
            fn $test() {
                let url = Server::mariadb().new_database();
                super::$test::<sqlx::MySql>(&url, backend::mysql);
            })*
        }
    };
}

on_each! {
    a_missing_table_is_an_error_that_says_what_to_do
    two_make_it_at_once
    tables_are_told_apart
    another_version_is_told
    an_older_table_is_made_anew
    culling_takes_what_is_expired
}

#[test]
fn a_schema_of_ones_own_can_hold_the_table() {
    let url = Server::postgres().new_database();
    run::<sqlx::Postgres>(&url, "CREATE SCHEMA cache");
    let table = backend::postgres(&format!("{url}?table=cache.cells")).expect("it is a name");
    block_on(table.create()).expect("it is made");
    block_on(table.write("k", &cell(Token::random(), 50), MINUTE)).expect("it is there");
    assert!(block_on(table.read(&["k"])).expect("it answers")[0].is_some());
}

#[test]
fn a_table_that_was_made_a_logged_one_is_refused() {
    let url = Server::postgres().new_database();
    let table = backend::postgres(&url).expect("it is well-formed");
    block_on(table.create()).expect("it is made");
    run::<sqlx::Postgres>(&url, "ALTER TABLE cached_cells SET LOGGED");
    let table = backend::postgres(&url).expect("it is well-formed");
    for fault in [block_on(table.check()), block_on(table.create())] {
        let said = fault.expect_err("it is logged").to_string();
        assert!(said.contains("SET UNLOGGED"), "{said}");
    }
    run::<sqlx::Postgres>(&url, "ALTER TABLE cached_cells SET UNLOGGED");
    block_on(table.check()).expect("it is what it should be");
}
