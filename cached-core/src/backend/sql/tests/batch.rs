//! Many cells at once, and names.

use super::directory::Directory;
use super::server::Server;
use super::*;
use crate::backend;
use crate::backend::port::Put;

fn put<'a>(key: &'a str, cell: &'a Cell) -> Put<'a> {
    let ttl = MINUTE;
    Put { key, cell, ttl }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("k{number}")).collect()
}

/// What is written at once is there, the last of those under one key.
fn writes(store: &impl Backend) {
    let names = names(150);
    let cells: Vec<Cell> = names.iter().map(|_| cell(Token::random(), 300)).collect();
    let mut puts: Vec<Put<'_>> = names
        .iter()
        .zip(&cells)
        .map(|(name, cell)| put(name, cell))
        .collect();
    let (last, foreign) = (
        cell(Token::random(), 40),
        Cell::from_bytes(b"foreign".to_vec()),
    );
    puts.push(put("k7", &last));
    puts.push(put("foreign", &foreign));
    block_on(store.write_many(&puts)).expect("it answers");
    block_on(store.write_many(&[])).expect("nothing is to be done");
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = block_on(store.read(&keys)).expect("it answers");
    for (at, found) in found.into_iter().enumerate() {
        let written = if at == 7 { &last } else { &cells[at] };
        assert_eq!(found.as_ref(), Some(written), "k{at}");
    }
    assert_eq!(
        block_on(store.read(&["foreign"])).expect("it answers"),
        [Some(foreign)]
    );
}

/// Each gets its own answer, in order; one that is asked for twice is granted once.
fn leases(store: &impl Backend) {
    let there = cell(Token::random(), 100);
    let foreign = Cell::from_bytes(b"foreign".to_vec());
    block_on(store.write("there", &there, MINUTE)).expect("it answers");
    block_on(store.write("foreign", &foreign, MINUTE)).expect("it answers");
    let gone = Some(Duration::from_millis(1));
    block_on(store.write("expired", &there, gone)).expect("it answers");
    goes(store, "expired");
    let cells: Vec<Cell> = (0..6).map(|_| cell(Token::random(), 60)).collect();
    let keys = ["b", "there", "expired", "a", "b", "foreign"];
    let puts: Vec<Put<'_>> = keys
        .iter()
        .zip(&cells)
        .map(|(key, cell)| put(key, cell))
        .collect();
    let acquired = block_on(store.acquire_many(&puts)).expect("it answers");
    let expected = [
        Acquired::Granted,
        Acquired::Found(there),
        Acquired::Granted,
        Acquired::Granted,
        Acquired::Found(cells[0].clone()),
        Acquired::Found(foreign),
    ];
    assert_eq!(acquired, expected);
}

/// Those that still stand are filled, and it is said which.
fn fills(store: &impl Backend) {
    let names = names(40);
    let tokens: Vec<Token> = names.iter().map(|name| lease(store, name)).collect();
    let lost: Vec<&str> = names.iter().step_by(3).map(String::as_str).collect();
    block_on(store.invalidate(&lost)).expect("it answers");
    let values: Vec<Cell> = names.iter().map(|_| cell(Token::random(), 500)).collect();
    let fills: Vec<(Token, Put<'_>)> = (0..40)
        .map(|at| (tokens[at], put(&names[at], &values[at])))
        .collect();
    let filled = block_on(store.fill_many(&fills)).expect("it answers");
    for (at, filled) in filled.iter().enumerate() {
        let found = block_on(store.read(&[&names[at]])).expect("it answers");
        let expected = (at % 3 != 0).then(|| values[at].clone());
        let filled = *filled.as_ref().expect("it is small");
        assert_eq!((filled, &found[0]), (at % 3 != 0, &expected), "k{at}");
    }
    let again = block_on(store.fill_many(&fills)).expect("it answers");
    let again = again.into_iter().map(|filled| filled.expect("it is small"));
    assert!(
        !again.into_iter().any(|filled| filled),
        "a token is used up"
    );
}

/// Page by page, of what is there.
fn lists(store: &impl Backend) {
    let value = cell(Token::random(), 30);
    let names: Vec<String> = (0..1203)
        .map(|number| format!("app:%_{number:04}"))
        .collect();
    let puts: Vec<Put<'_>> = names.iter().map(|name| put(name, &value)).collect();
    block_on(store.write_many(&puts)).expect("it answers");
    for other in ["app", "app;x", "APP:%_0001", "zoo", "app:X_0001"] {
        block_on(store.write(other, &value, MINUTE)).expect("it answers");
    }
    let short = Some(Duration::from_millis(1));
    block_on(store.write("app:%_expired", &value, short)).expect("it answers");
    goes(store, "app:%_expired");
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(store.scan("app:%_", after.as_deref())).expect("it answers");
        listed.extend(page.names);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, names);
    let all = block_on(store.scan("", None)).expect("it answers");
    assert!(all.names.iter().all(|name| !name.contains(' ')));
    assert!(store.capabilities().scans);
}

macro_rules! on_each {
    ($($test:ident)*) => {
        mod file {
            $(#[test]
            fn $test() {
                let directory = super::Directory::new();
                let url = format!("file://{}/cache", directory.path().display());
                super::$test(&super::backend::file(&url).expect("it is well-formed"));
            })*
        }
        mod sqlite {
            $(#[test]
            fn $test() {
                let directory = super::Directory::new();
                let url = format!("sqlite://{}/c.db?create=true", directory.path().display());
                super::$test(&super::backend::sqlite(&url).expect("it is well-formed"));
            })*
        }
        mod postgres {
            $(#[test]
            fn $test() {
                let url = format!("{}?create=true", super::Server::postgres().new_database());
                super::$test(&super::backend::postgres(&url).expect("it is well-formed"));
            })*
        }
        mod mysql {
            $(#[test]
            fn $test() {
                let url = format!("{}?create=true", super::Server::mariadb().new_database());
                super::$test(&super::backend::mysql(&url).expect("it is well-formed"));
            })*
        }
    };
}

on_each! {
    writes
    leases
    fills
    lists
}
