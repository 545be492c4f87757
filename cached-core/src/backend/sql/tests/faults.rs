//! Servers that are killed, stopped, wrong or strict.

use std::time::Instant;

use super::server::{Kind, Server, free_port, until};
use super::*;
use crate::backend;
use crate::error::{Error, ErrorKind};

/// Tries until it works, and says how long that took.
fn until_it_works<T>(mut operation: impl FnMut() -> Result<T, Error>) -> Duration {
    let began = Instant::now();
    until("it works", || match operation() {
        Ok(_) => true,
        Err(fault) => {
            println!("{fault}");
            false
        }
    });
    began.elapsed()
}

/// Writes fifty keys, and invalidates those that are even.
fn write_and_invalidate(table: &impl Backend) {
    for number in 0..50 {
        let key = format!("k{number}");
        block_on(table.write(&key, &cell(Token::random(), 100), MINUTE)).expect("it answers");
        if number % 2 == 0 {
            block_on(table.invalidate(&[&key])).expect("it answers");
        }
    }
}

#[test]
fn a_postgres_that_crashed_has_forgotten_everything() {
    let mut server = Server::start(Kind::Postgres);
    let url = format!("{}?create=true", server.new_database());
    let table = backend::postgres(&url).expect("the URL is well-formed");
    write_and_invalidate(&table);
    let token = lease(&table, "leased");
    server.kill();
    let fault = block_on(table.read(&["k1"])).expect_err("it is dead");
    println!("{fault}");
    assert_eq!(fault.kind(), ErrorKind::Unavailable);
    server.restart();
    until_it_works(|| block_on(table.read(&["k1"])));
    for number in 0..50 {
        let read = block_on(table.read(&[&format!("k{number}")])).expect("it answers");
        assert_eq!(
            read,
            [None],
            "a table that is not logged is empty after a crash"
        );
    }
    let late = cell(Token::random(), 100);
    assert!(!block_on(table.fill("leased", token, &late, MINUTE)).expect("it answers"));
    lease(&table, "leased");
}

#[test]
fn a_mariadb_that_was_killed_keeps_what_it_acknowledged() {
    let mut server = Server::start(Kind::MariaDb);
    let url = format!("{}?create=true", server.new_database());
    let table = backend::mysql(&url).expect("the URL is well-formed");
    write_and_invalidate(&table);
    server.kill();
    let fault = block_on(table.read(&["k1"])).expect_err("it is dead");
    assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
    server.restart();
    until_it_works(|| block_on(table.read(&["k1"])));
    for number in 0..50 {
        let read = block_on(table.read(&[&format!("k{number}")])).expect("it answers");
        assert_eq!(read[0].is_some(), number % 2 == 1, "k{number}");
    }
}

#[test]
fn a_stopped_server_costs_what_it_may_and_no_connection_is_mixed_up() {
    for kind in [Kind::Postgres, Kind::MariaDb] {
        match kind {
            Kind::Postgres => stopped(kind, backend::postgres),
            Kind::MariaDb => stopped(kind, backend::mysql),
        }
    }
}

fn stopped<B: Backend + Clone>(kind: Kind, open: fn(&str) -> Result<B, Error>) {
    let server = Server::start(kind);
    let url = format!("{}?create=true&connections=3", server.new_database());
    let table = open(&url).expect("the URL is well-formed");
    for number in 0..20_u8 {
        let written = Cell::from_bytes(vec![number; 50]);
        block_on(table.write(&format!("k{number}"), &written, MINUTE)).expect("it answers");
    }
    server.stop();
    let stopped = Instant::now();
    // Callers give up early, as the engine does.
    for number in 0..20 {
        let key = format!("k{number}");
        let read = give_up_after(Duration::from_millis(20), table.read(&[&key]));
        assert!(read.is_none_or(|read| read.is_err()));
    }
    let waited = block_on(table.read(&["k1"])).expect_err("it is stopped");
    println!("{kind:?}: {waited}, after {:?}", stopped.elapsed());
    assert!(stopped.elapsed() < Duration::from_secs(12));
    assert!(matches!(
        waited.kind(),
        ErrorKind::Timeout | ErrorKind::Unavailable
    ));
    server.go_on();
    until_it_works(|| block_on(table.read(&["k1"])));
    for number in 0..20_u8 {
        let read = block_on(table.read(&[&format!("k{number}")])).expect("it answers");
        assert_eq!(read, [Some(Cell::from_bytes(vec![number; 50]))]);
    }
}

/// What the future answers within this time.
fn give_up_after<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let runtime = backend::runtime::handle().expect("the OS has threads");
    runtime.block_on(async { tokio::time::timeout(limit, future).await.ok() })
}

#[test]
fn who_is_not_there_or_refuses_says_so() {
    let kinds = |url: &str| {
        let postgres = backend::postgres(&format!("postgres://{url}"));
        let mysql = backend::mysql(&format!("mysql://{url}"));
        let postgres = block_on(postgres.expect("the URL is well-formed").check());
        let mysql = block_on(mysql.expect("the URL is well-formed").check());
        [
            postgres.expect_err("it is wrong"),
            mysql.expect_err("it is wrong"),
        ]
    };
    for fault in kinds(&format!("tester:secret@127.0.0.1:{}/db", free_port())) {
        assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
        assert!(fault.to_string().contains("nothing listens"), "{fault}");
    }
    let (postgres, mariadb) = (Server::postgres(), Server::mariadb());
    for (port, kind) in [(postgres.port(), 0), (mariadb.port(), 1)] {
        let fault = &kinds(&format!("tester:wrong@127.0.0.1:{port}/db"))[kind];
        assert_eq!(fault.kind(), ErrorKind::Denied, "{fault}");
        assert!(!fault.to_string().contains("wrong"), "{fault}");
        let fault = &kinds(&format!("tester:secret@127.0.0.1:{port}/nowhere"))[kind];
        assert_eq!(fault.kind(), ErrorKind::Config, "{fault}");
    }
}

#[test]
fn a_user_without_rights_is_told_which_to_ask_for() {
    let server = Server::postgres();
    let url = server.new_database();
    server.say("CREATE ROLE poor LOGIN PASSWORD 'secret'");
    block_on(backend::postgres(&url).expect("it is well-formed").create()).expect("it is made");
    let poor = url.replace("tester:", "poor:");
    let poor = backend::postgres(&poor).expect("it is well-formed");
    let fault = block_on(poor.read(&["k"])).expect_err("nothing is granted");
    assert_eq!(fault.kind(), ErrorKind::Denied, "{fault}");
    assert!(
        fault.to_string().contains("grant the user SELECT"),
        "{fault}"
    );
}

#[test]
fn a_packet_over_the_servers_limit_is_a_value_that_is_too_large() {
    let server = Server::mariadb();
    let url = format!("{}?create=true", server.new_database());
    let table = backend::mysql(&url).expect("the URL is well-formed");
    // The server's default is 16 MiB.
    let large = cell(Token::random(), 20 << 20);
    let fault = block_on(table.write("k", &large, MINUTE)).expect_err("it is too large");
    println!("{fault}");
    assert_eq!(fault.kind(), ErrorKind::TooLarge, "{fault}");
    block_on(table.write("k", &cell(Token::random(), 10 << 20), MINUTE)).expect("it is not");
}

/// Those who write the same rows in different orders do not stop each other for good.
#[test]
fn many_at_once_end_without_an_error() {
    let urls = [
        format!("{}?create=true", Server::postgres().new_database()),
        format!("{}?create=true", Server::mariadb().new_database()),
    ];
    crowd(backend::postgres(&urls[0]).expect("it is well-formed"));
    crowd(backend::mysql(&urls[1]).expect("it is well-formed"));
}

fn crowd(table: impl Backend + Clone) {
    let keys: Vec<String> = (0..12).map(|number| format!("k{number}")).collect();
    let threads: Vec<_> = (0..8_usize)
        .map(|thread| {
            let (table, keys) = (table.clone(), keys.clone());
            std::thread::spawn(move || {
                for round in 0..60 {
                    let turned = keys
                        .iter()
                        .cycle()
                        .skip(thread * 5 + round)
                        .take(keys.len());
                    let mut names: Vec<&str> = turned.map(String::as_str).collect();
                    if thread % 2 == 0 {
                        names.reverse();
                    }
                    block_on(table.invalidate(&names)).expect("it ends");
                    let token = Token::random();
                    let (lease, short) = (cell(token, 60), Some(Duration::from_millis(2)));
                    block_on(table.acquire(names[0], &lease, short)).expect("it ends");
                    let value = cell(Token::random(), 60);
                    block_on(table.fill(names[0], token, &value, MINUTE)).expect("it ends");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("it ends");
    }
}

/// A replica that took over may lack the last invalidations, and a copy of its data stands for one.
#[test]
fn what_another_mariadb_wrote_is_forgotten() {
    let server = Server::mariadb();
    let url = format!("{}?create=true", server.new_database());
    let table = backend::mysql(&url).expect("the URL is well-formed");
    block_on(table.write("k", &cell(Token::random(), 100), MINUTE)).expect("it answers");
    let database = url.rsplit_once('/').map_or("", |(_, rest)| rest);
    let database = database.split_once('?').map_or("", |(name, _)| name);
    server.say(&format!(
        "UPDATE {database}.cached_cells SET cell = 'another' WHERE name = ' origin'"
    ));
    let again = backend::mysql(&url).expect("the URL is well-formed");
    assert_eq!(block_on(again.read(&["k"])).expect("it answers"), [None]);
}

/// The same by a handle that knew the server before.
#[test]
fn a_server_that_another_took_the_place_of_is_noticed() {
    let mut server = Server::start(Kind::MariaDb);
    let url = format!("{}?create=true", server.new_database());
    let table = backend::mysql(&url).expect("the URL is well-formed");
    block_on(table.write("k", &cell(Token::random(), 100), MINUTE)).expect("it answers");
    let token = lease(&table, "leased");
    server.restart();
    until_it_works(|| block_on(table.check()));
    assert!(
        block_on(table.read(&["k"])).expect("it answers")[0].is_some(),
        "it is the same"
    );
    server.restart_with("--server-id=7");
    until_it_works(|| block_on(table.check()));
    assert_eq!(block_on(table.read(&["k"])).expect("it answers"), [None]);
    let late = cell(Token::random(), 100);
    assert!(!block_on(table.fill("leased", token, &late, MINUTE)).expect("it answers"));
}
