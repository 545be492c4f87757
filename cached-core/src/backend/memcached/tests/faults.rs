//! Servers that die, stop, cut their replies and are none.

use super::server::said;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::server::{Server, free_port, url};
use super::support::{TTL, cell, memcached, memcached_at, read, until, wait, write};
use crate::backend::memcached::Memcached;
use crate::backend::port::{Acquired, Backend};
use crate::backend::proxy::{Proxy, Weather};
use crate::cell::Cell;
use crate::error::{Error, ErrorKind};

const GREETING: &[u8] =
    b"VERSION 1.6.18\r\nMN\r\nSTAT time 1\r\nEND\r\nSTAT item_size_max 1048576\r\nEND\r\n";

/// What an operation says once the server cannot be used.
#[track_caller]
fn fault(memcached: &Memcached) -> Error {
    wait(memcached.read(&["a"])).expect_err("the server cannot be used")
}

/// Something that answers so.
fn fake(answer: impl Fn(&[u8]) -> &'static [u8] + Copy + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut asked = [0; 4096];
                while let Ok(length @ 1..) = client.read(&mut asked) {
                    if client.write_all(answer(&asked[..length])).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn nobody_there() {
    let memcached = memcached_at(&format!("memcached://127.0.0.1:{}", free_port()));
    let error = fault(&memcached);
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("nothing listens there"),
        "{error}"
    );
}

#[test]
fn what_is_no_memcached_is_named() {
    for (answer, kind) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            ErrorKind::Protocol,
        ),
        (b"-ERR unknown command\r\n", ErrorKind::Protocol),
        (b"\xff\x00\xff\x00\r\n", ErrorKind::Protocol),
        (
            b"VERSION 1.5.22\r\nERROR\r\nEND\r\nEND\r\n",
            ErrorKind::Protocol,
        ),
        (
            b"VERSION 1.6.9\r\nMN\r\nEND\r\nEND\r\n",
            ErrorKind::Protocol,
        ),
        (
            b"VERSION 1.6.18\r\nMN\r\nEND\r\nEND\r\n",
            ErrorKind::Protocol,
        ),
        (b"CLIENT_ERROR unauthenticated\r\n", ErrorKind::Denied),
    ] {
        let error = fault(&memcached_at(&format!(
            "memcached://127.0.0.1:{}",
            fake(move |_| answer)
        )));
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn replies_that_are_none_end_the_connection_and_give_no_value() {
    for answer in [
        &b"VA 5 c1 O77777\r\nother\r\n"[..],
        b"VA 5 c1 O0\r\ntoolonger\r\n",
        b"VA 99999999999999999999 O0\r\n",
        b"VA 5\r\nother\r\n",
        b"HD O0\r\n",
        b"NS O0\r\n",
        b"END\r\n",
        b"VALUE a 0 5\r\nother\r\nEND\r\n",
        b"\r\n\r\n\r\n",
        b"CLIENT_ERROR bad command line format\r\n",
        b"SERVER_ERROR lost\r\n",
    ] {
        let port = fake(move |asked| match asked.starts_with(b"version") {
            true => GREETING,
            false => answer,
        });
        let memcached = memcached_at(&format!("memcached://127.0.0.1:{port}"));
        let kind = fault(&memcached).kind();
        let text = String::from_utf8_lossy(answer);
        assert!(
            matches!(kind, ErrorKind::Protocol | ErrorKind::Unavailable),
            "{kind:?} for {text}"
        );
    }
}

#[test]
fn what_is_put_there_between_the_look_and_the_put_is_found() {
    let looks: &AtomicUsize = Box::leak(Box::default());
    let port = fake(move |asked| match asked {
        [b'v', ..] => GREETING,
        _ if looks.fetch_add(1, Ordering::SeqCst) == 0 => b"EN\r\nNS\r\n",
        _ => b"VA 5 c1\r\nother\r\nNS\r\n",
    });
    let memcached = memcached_at(&format!("memcached://127.0.0.1:{port}"));
    let found = wait(memcached.acquire("k", &cell("lease").1, TTL));
    let other = Cell::from_bytes(b"other".to_vec());
    assert_eq!(found.expect("it answers"), Acquired::Found(other));
    assert_eq!(looks.load(Ordering::SeqCst), 2);
}

#[test]
fn a_killed_server_fails_its_operations_and_comes_back_empty() {
    let mut server = Server::start();
    said(format_args!("{}", server.about()));
    let memcached = memcached(&server);
    write(&memcached, "a", &cell("value").1);
    let load: Vec<_> = (0..4)
        .map(|_| {
            let memcached = memcached.clone();
            std::thread::spawn(move || {
                let began = Instant::now();
                let mut failed = 0;
                while began.elapsed() < Duration::from_millis(500) {
                    failed += u32::from(wait(memcached.read(&["a", "b"])).is_err());
                }
                failed
            })
        })
        .collect();
    server.kill();
    for thread in load {
        let failed = thread.join().expect("no operation hangs or panics");
        assert!(failed > 0);
    }
    server.restart();
    said(format_args!("{}", server.about()));
    until("it is back", || wait(memcached.read(&["a"])).is_ok());
    assert_eq!(read(&memcached, "a"), None);
}

#[test]
fn a_stopped_server_is_given_up_and_taken_up_again() {
    let server = Server::start();
    said(format_args!("{}", server.about()));
    let memcached = memcached(&server);
    write(&memcached, "a", &cell("value").1);
    server.stop();
    let began = Instant::now();
    assert_eq!(fault(&memcached).kind(), ErrorKind::Unavailable);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    server.go_on();
    until("it is back", || wait(memcached.read(&["a"])).is_ok());
    assert!(read(&memcached, "a").is_some(), "it was only asleep");
}

#[test]
fn cut_replies_are_no_values() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    let memcached = memcached_at(&format!("memcached://127.0.0.1:{}", proxy.port()));
    let (_, value) = cell(&"value".repeat(20));
    for bytes in [0, 1, 3, 20, 60, 100, 125] {
        proxy.set(Weather::Fair);
        until("it is there", || {
            wait(memcached.write("a", &value, TTL)).is_ok()
        });
        proxy.set(Weather::CutAfter(bytes));
        assert_eq!(fault(&memcached).kind(), ErrorKind::Unavailable, "{bytes}");
    }
    proxy.set(Weather::Fair);
    until("it is there", || wait(memcached.read(&["a"])).is_ok());
    assert_eq!(read(&memcached, "a"), Some(value));
}

#[test]
fn dropped_operations_leave_the_connection_in_step() {
    let server = Server::start();
    let memcached = memcached(&server);
    for name in ["alice", "bob"] {
        write(&memcached, name, &cell(name).1);
    }
    wait(async {
        for _ in 0..200 {
            let dropped = memcached.read(&["alice"]);
            // Time for the question to leave, and none for the answer.
            let _ = tokio::time::timeout(Duration::from_micros(30), dropped).await;
            let cells = memcached.read(&["bob"]).await.expect("it answers");
            let bytes = cells[0].clone().expect("it is there").into_bytes();
            assert!(bytes.ends_with(b"bob"), "another's reply");
        }
    });
}

#[test]
fn one_dead_server_of_three_takes_its_keys_only() {
    let mut servers = [Server::start(), Server::start(), Server::start()];
    let memcached = memcached_at(&url(&[&servers[0], &servers[1], &servers[2]]));
    let keys: Vec<String> = (0..60).map(|key| format!("key:{key}")).collect();
    for key in &keys {
        write(&memcached, key, &cell(key).1);
    }
    let share = servers[1].stat("curr_items");
    said(format_args!("killing {}", servers[1].about()));
    servers[1].kill();
    let lost = keys
        .iter()
        .filter(|key| wait(memcached.read(&[key])).is_err());
    assert_eq!(lost.count() as u64, share, "the ring ejects nobody");
    assert!(wait(memcached.now()).is_ok(), "another one has a clock");
    let error = wait(memcached.check()).expect_err("one is missing");
    assert!(
        error.to_string().contains(&servers[1].port().to_string()),
        "{error}"
    );
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    wait(memcached.invalidate(&all)).expect_err("not all of it is done");
    let left: u64 = [&servers[0], &servers[2]]
        .map(|server| server.stat("curr_items"))
        .iter()
        .sum();
    assert_eq!(left, 0, "the others did their part");
}
