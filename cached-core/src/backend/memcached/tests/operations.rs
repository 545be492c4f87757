//! What is particular to memcached about the operations of the port.

use super::server::said;
use std::time::Duration;

use super::server::{Server, url};
use super::support::{TTL, cell, memcached, memcached_at, read, until, wait, write};
use crate::backend::port::{Acquired, Backend, Put};
use crate::cell::Cell;
use crate::error::ErrorKind;

#[test]
fn a_fill_of_a_fresh_lease_needs_no_read() {
    let server = Server::start();
    let memcached = memcached(&server);
    let ((token, lease), (_, value)) = (cell("lease"), cell("value"));
    assert_eq!(
        wait(memcached.acquire("k", &lease, TTL)).expect("it answers"),
        Acquired::Granted
    );
    let reads = server.stat("cmd_get");
    assert!(wait(memcached.fill("k", token, &value, TTL)).expect("it answers"));
    assert_eq!(server.stat("cmd_get"), reads);
    assert_eq!(read(&memcached, "k"), Some(value));
}

/// What was read, found in the way or put in the place of another has a number that is known.
#[test]
fn what_was_seen_is_replaced_without_another_read() {
    let server = Server::start();
    let memcached = memcached(&server);
    let cells = ["0", "1", "2", "3", "4"].map(cell);
    write(&memcached, "k", &cells[0].1);
    let fill = |old: usize, new: usize| {
        let reads = server.stat("cmd_get");
        let filled = memcached.fill("k", cells[old].0, &cells[new].1, TTL);
        let filled = wait(filled).expect("it answers");
        (filled, server.stat("cmd_get") - reads)
    };
    assert_eq!(fill(0, 1), (true, 1), "a write tells no number");
    assert_eq!(fill(1, 2), (true, 0));
    write(&memcached, "k", &cells[0].1);
    assert_eq!(read(&memcached, "k").as_ref(), Some(&cells[0].1));
    assert_eq!(fill(0, 1), (true, 0));
    write(&memcached, "k", &cells[2].1);
    let found = wait(memcached.acquire("k", &cells[4].1, TTL));
    assert_eq!(
        found.expect("it answers"),
        Acquired::Found(cells[2].1.clone())
    );
    assert_eq!(fill(2, 3), (true, 0));
    // A number that is outdated fills nothing.
    assert_eq!(read(&memcached, "k").as_ref(), Some(&cells[3].1));
    write(&memcached, "k", &cells[0].1);
    assert_eq!(fill(3, 4), (false, 1));
    assert_eq!(read(&memcached, "k").as_ref(), Some(&cells[0].1));
}

#[test]
fn of_many_fills_one_that_is_too_large_takes_nothing_from_the_others() {
    let server = Server::with(&["-I", "1m"]);
    let memcached = memcached(&server);
    let (keys, leases) = (["a", "b", "c"], ["1", "2", "3"].map(cell));
    let values = ["small", &"x".repeat(3_000_000), "small"].map(|text| cell(text).1);
    for (key, (_, lease)) in keys.iter().zip(&leases) {
        let granted = wait(memcached.acquire(key, lease, TTL)).expect("it answers");
        assert_eq!(granted, Acquired::Granted);
    }
    let puts = keys.iter().zip(&values).map(|(key, cell)| Put {
        key,
        cell,
        ttl: TTL,
    });
    let fills = leases.iter().map(|(token, _)| *token).zip(puts);
    let fills: Vec<_> = fills.collect();
    let filled = wait(memcached.fill_many(&fills)).expect("each has an outcome");
    let filled = filled
        .into_iter()
        .map(|filled| filled.map_err(|error| error.kind()));
    let expected = [Ok(true), Err(ErrorKind::TooLarge), Ok(true)];
    assert!(filled.eq(expected));
    let there = keys.map(|key| read(&memcached, key).is_some());
    assert_eq!(there, [true, false, true]);
}

/// CAS numbers begin again at 1: a fill that trusts one of before lands on another's lease.
#[test]
fn a_lease_of_before_a_restart_fills_nothing() {
    let mut server = Server::start();
    said(format_args!("{}", server.about()));
    let (here, there) = (memcached(&server), memcached(&server));
    let ((old, lease), (_, next), (_, value)) = (cell("lease"), cell("next"), cell("value"));
    let granted = wait(here.acquire("k", &lease, TTL)).expect("it answers");
    assert_eq!(granted, Acquired::Granted);
    server.restart();
    said(format_args!("{}", server.about()));
    until("the other has a lease in the new server", || {
        matches!(wait(there.acquire("k", &next, TTL)), Ok(Acquired::Granted))
    });
    assert!(server.say("mg k c").contains("c1"), "the number of before");
    let mut filled = wait(here.fill("k", old, &value, TTL));
    until("it is connected again", || {
        if filled.is_err() {
            filled = wait(here.fill("k", old, &value, TTL));
        }
        filled.is_ok()
    });
    assert!(
        !filled.expect("it answers"),
        "its lease died with the server"
    );
    assert_eq!(read(&there, "k"), Some(next));
}

#[test]
fn keys_have_their_servers_whatever_the_order_of_the_list() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let [a, b, c] = &servers;
    let (one, other) = (
        memcached_at(&url(&[a, b, c])),
        memcached_at(&url(&[c, a, b])),
    );
    let keys: Vec<String> = (0..300).map(|key| format!("key:{key}")).collect();
    for key in &keys {
        write(&one, key, &cell(key).1);
    }
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    let cells = wait(other.read(&all)).expect("they answer");
    for (key, cell) in keys.iter().zip(cells) {
        let bytes = cell.map(Cell::into_bytes).unwrap_or_default();
        assert!(bytes.ends_with(key.as_bytes()), "{key} is where it was put");
    }
    for server in &servers {
        assert!(server.stat("curr_items") > 30, "each has its share");
    }
    assert_eq!(wait(other.invalidate(&all)).expect("they answer"), 300);
}

#[test]
fn hostile_keys_are_refused_and_nothing_is_sent() {
    let server = Server::start();
    let memcached = memcached(&server);
    write(&memcached, "there", &cell("there").1);
    let (token, value) = cell("value");
    let long = "k".repeat(251);
    for key in [
        "a 0 0 1\r\nX\r\nset pwned 0 0 1",
        "a\r\nflush_all",
        "a\nflush_all",
        "a b",
        "",
        "\0",
        "ü",
        &long,
    ] {
        let kinds = [
            wait(memcached.read(&[key])).map(drop),
            wait(memcached.read(&["there", key])).map(drop),
            wait(memcached.acquire(key, &value, TTL)).map(drop),
            wait(memcached.fill(key, token, &value, TTL)).map(drop),
            wait(memcached.renew(key, token, Duration::from_secs(9))).map(drop),
            wait(memcached.release(key, token)).map(drop),
            wait(memcached.write(key, &value, TTL)),
            wait(memcached.invalidate(&[key])).map(drop),
        ]
        .map(|outcome| outcome.map_err(|error| error.kind()));
        assert!(
            kinds.iter().all(|kind| *kind == Err(ErrorKind::Key)),
            "{key:?}"
        );
    }
    assert!(read(&memcached, "there").is_some(), "nobody flushed");
    assert_eq!(server.stat("curr_items"), 1);
    assert_eq!(server.stat("cmd_flush"), 0);
}

#[test]
fn a_cell_over_the_limit_of_the_server_is_refused_and_leaves_no_older_one() {
    let server = Server::with(&["-I", "1m"]);
    let memcached = memcached(&server);
    let bare = "x".repeat(1024 * 1024 - 30);
    // One is over the limit by itself, the other with its key and what the server adds.
    for text in ["x".repeat(3_000_000), bare] {
        let (_, large) = cell(&text);
        write(&memcached, "k", &cell("old").1);
        let error = wait(memcached.write("k", &large, TTL)).expect_err("it is too large");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        let said = error.to_string();
        let bytes = large.as_bytes().len().to_string();
        assert!(
            said.contains("1048576") && said.contains("-I") && said.contains(&bytes),
            "{said}"
        );
        assert_eq!(read(&memcached, "k"), None, "the older one is outdated");
        let (token, lease) = cell("lease");
        let granted = wait(memcached.acquire("k", &lease, TTL)).expect("it answers");
        assert_eq!(granted, Acquired::Granted);
        let error = wait(memcached.fill("k", token, &large, TTL)).expect_err("it is too large");
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        assert_eq!(read(&memcached, "k"), None, "nobody will fill this lease");
    }
    write(&memcached, "k", &cell(&"x".repeat(900_000)).1);
    assert!(read(&memcached, "k").is_some(), "the connection is in step");
}

#[test]
fn a_time_to_live_beyond_thirty_days_is_no_moment_of_1970() {
    let server = Server::start();
    let memcached = memcached(&server);
    let (token, value) = cell("value");
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let left = || {
        let line = server.say("mg k t");
        let seconds = line
            .split('t')
            .next_back()
            .and_then(|left| left.parse().ok());
        seconds.map(Duration::from_secs).expect("it has an end")
    };
    wait(memcached.write("k", &value, Some(days(400)))).expect("it answers");
    assert!(left() > days(399) && left() < days(401));
    assert!(wait(memcached.renew("k", token, days(31))).expect("it answers"));
    assert!(left() > days(30) && left() < days(32));
    wait(memcached.write("k", &value, Some(days(36_500)))).expect("it answers");
    assert_eq!(server.say("mg k t"), "HD t-1", "for ever");
}

#[test]
fn clocks_of_two_handles_agree() {
    let server = Server::start();
    for _ in 0..5 {
        let (one, other) = (memcached(&server), memcached(&server));
        let here = wait(one.now()).expect("it answers");
        let there = wait(other.now()).expect("it answers");
        // To a few milliseconds, but for a machine that is busy when they are set.
        assert!(here.abs_diff(there) < 1000, "{here} {there}");
        let again = wait(one.now()).expect("it answers");
        assert!(
            again >= here && again.abs_diff(there) < 1000,
            "{there} {again}"
        );
    }
}

#[test]
fn a_full_server_says_so_and_keeps_its_connection() {
    let server = Server::with(&["-m", "2", "-M", "-I", "1m"]);
    let memcached = memcached(&server);
    let text = "x".repeat(500_000);
    let full = (0..100).find_map(|key| {
        let written = wait(memcached.write(&format!("k{key}"), &cell(&text).1, TTL));
        written.err()
    });
    let full = full.expect("it has room for a few of them");
    assert_eq!(full.kind(), ErrorKind::Full, "{full}");
    assert!(read(&memcached, "k0").is_some(), "it still reads");
}
