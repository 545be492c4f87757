//! The connection's life: killed, stopped and restarted servers, broken networks, dropped futures.

use std::time::{Duration, Instant};

use super::proxy::{Proxy, Weather};
use super::server::Server;
use super::support::*;
use crate::backend::port::{Acquired, Backend};
use crate::backend::redis::Redis;
use crate::error::ErrorKind;

/// Waits until an operation succeeds again, as the engine would: with a deadline for each.
#[track_caller]
fn recovered(redis: &Redis) -> Duration {
    let began = Instant::now();
    until("the server is used again", || {
        within(Duration::from_millis(100), redis.check()).is_some_and(|check| check.is_ok())
    });
    began.elapsed()
}

/// Waits until operations fail, and fail at once.
#[track_caller]
fn noticed(redis: &Redis) {
    until("the loss is noticed", || {
        let read = within(Duration::from_millis(100), redis.read(&["a"]));
        read.is_some_and(|read| read.is_err_and(|e| e.kind() == ErrorKind::Unavailable))
    });
}

#[test]
fn a_killed_server_fails_fast_and_is_used_again() {
    let mut server = Server::start();
    let redis = redis(&server);
    write(&redis, "k", &cell("v").1);
    server.kill();
    let began = Instant::now();
    assert_eq!(fault(&redis).kind(), ErrorKind::Unavailable);
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
    noticed(&redis);
    assert!(!redis.connected());
    server.restart();
    let took = recovered(&redis);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(redis.generation(), 2);
    assert_eq!(read(&redis, "k"), None);
}

#[test]
fn a_restart_brings_nothing_back() {
    let mut server = Server::with(&["--dbfilename", "dump.rdb"]);
    let redis = redis(&server);
    let (lease, leased) = cell("lease");
    write(&redis, "value", &cell("old").1);
    acquire(&redis, "leased", &leased);
    assert_eq!(server.say(&["SAVE"]), "OK");
    wait(redis.invalidate(&["value"])).expect("the server answers");
    server.restart();
    recovered(&redis);
    assert_eq!(server.say(&["DBSIZE"]), "2", "the snapshot was loaded");
    assert_eq!(read(&redis, "value"), None);
    assert!(!fill(&redis, "leased", lease, &cell("v").1), "an old lease");
    assert_eq!(acquire(&redis, "leased", &leased), Acquired::Granted);
}

#[test]
fn operations_in_flight_fail_with_their_connection() {
    let server = Server::start();
    let redis = redis(&server);
    wait(redis.check()).expect("the server answers");
    let link = wait(redis.servers().first()).expect("it is connected");
    let asked = || link.pulse().counts().0;
    server.stop();
    let before = asked();
    let waiting = {
        let redis = redis.clone();
        std::thread::spawn(move || fault(&redis))
    };
    until("it is asked", || asked() > before);
    let began = Instant::now();
    drop(server);
    let fault = waiting.join().expect("the operation ends");
    assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_stopped_server_is_given_up_and_used_again() {
    let server = Server::start();
    let redis = redis(&server);
    write(&redis, "k", &cell("v").1);
    server.stop();
    let began = Instant::now();
    assert_eq!(fault(&redis).kind(), ErrorKind::Unavailable);
    let took = began.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_millis(2500)).contains(&took),
        "{took:?}"
    );
    server.go_on();
    let took = recovered(&redis);
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(read(&redis, "k").is_some(), "the same run");
}

#[test]
fn a_stopped_server_is_noticed_by_an_idle_process() {
    let server = Server::start();
    let redis = redis(&server);
    wait(redis.check()).expect("the server answers");
    let pings = server.calls("ping");
    until("it was looked after", || server.calls("ping") > pings);
    assert_eq!(redis.generation(), 1, "an idle connection stays");
    server.stop();
    let began = Instant::now();
    until("the connection is given up", || !redis.connected());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_blackhole_is_noticed_though_every_operation_was_dropped() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    let redis = redis_at(&proxy.url());
    wait(redis.check()).expect("the server answers");
    proxy.set(Weather::Blackhole);
    let began = Instant::now();
    until("the connection is given up", || {
        // As the engine's deadline does it.
        let _ = within(Duration::from_millis(20), redis.read(&["a"]));
        !redis.connected()
    });
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    proxy.set(Weather::Fair);
    recovered(&redis);
}

#[test]
fn a_slow_network_is_no_loss() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    let redis = redis_at(&proxy.url());
    wait(redis.check()).expect("the server answers");
    proxy.set(Weather::Slow(Duration::from_millis(150)));
    for _ in 0..6 {
        assert_eq!(read(&redis, "a"), None);
    }
    assert_eq!(redis.generation(), 1);
}

#[test]
fn replies_cut_anywhere_are_never_taken_for_others() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    let (direct, redis) = (redis(&server), redis_at(&proxy.url()));
    for number in 0..8 {
        write(&direct, &format!("k{number}"), &cell(&number.to_string()).1);
    }
    for cut in (0..400).step_by(23) {
        recovered(&redis);
        proxy.set(Weather::CutAfter(cut));
        for number in 0..8 {
            let key = format!("k{number}");
            if let Ok(found) = wait(redis.read(&[&key])) {
                assert_eq!(found[0], read(&direct, &key));
            }
        }
        proxy.set(Weather::Fair);
    }
    proxy.set(Weather::Reset);
    noticed(&redis);
    proxy.set(Weather::Fair);
    recovered(&redis);
}

#[test]
fn dropped_operations_desynchronise_nothing() {
    let server = Server::start();
    let redis = redis(&server);
    let values: Vec<_> = (0..10)
        .map(|number| cell(&format!("value {number}")).1)
        .collect();
    for (number, value) in values.iter().enumerate() {
        write(&redis, &format!("k{number}"), value);
    }
    let (token, lease) = cell("lease");
    for round in 0..200 {
        let (dropped, asked) = (format!("k{}", round % 10), (round + 3) % 10);
        match round % 4 {
            0 => drop(poll_once(redis.read(&[&dropped]))),
            1 => drop(poll_once(redis.read(&[&dropped, "absent"]))),
            2 => drop(poll_once(redis.acquire(&dropped, &lease, TTL))),
            _ => drop(poll_once(redis.fill(&dropped, token, &lease, TTL))),
        }
        assert_eq!(
            read(&redis, &format!("k{asked}")).as_ref(),
            Some(&values[asked])
        );
    }
    assert_eq!(redis.generation(), 1, "no connection was lost");
}

#[test]
fn killed_connections_come_back_without_a_storm() {
    let server = Server::start();
    let redis = redis(&server);
    wait(redis.check()).expect("the server answers");
    let end = Instant::now() + Duration::from_millis(600);
    while Instant::now() < end {
        server.say(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        let _ = within(Duration::from_millis(5), redis.read(&["a"]));
    }
    // Each came back after a pause that doubles: 25–50 ms, 50–100 ms, …
    assert!(redis.generation() < 12, "{}", redis.generation());
    recovered(&redis);
}

#[test]
fn raw_connections_are_apart_and_replaced() {
    let mut server = Server::start();
    let redis = redis(&server);
    let raw = || wait(redis.raw()).expect("the server is there");
    let own = |mut raw: redis::aio::MultiplexedConnection| {
        wait(async move {
            redis::cmd("CLIENT")
                .arg("ID")
                .query_async::<i64>(&mut raw)
                .await
        })
    };
    let first = own(raw()).expect("it is connected");
    assert_eq!(own(raw()).expect("it is connected"), first, "one for all");
    assert_eq!(redis.generation(), 0, "the cache's own was not needed");
    let mut other = raw();
    let select = async { redis::cmd("SELECT").arg(5).exec_async(&mut other).await };
    wait(select).expect("there are sixteen databases");
    write(&redis, "k", &cell("v").1);
    assert_eq!(
        server.say(&["DBSIZE"]),
        "1",
        "the cache stays in its database"
    );
    server.restart();
    until("the loss is noticed", || {
        wait(redis.raw()).is_ok_and(|again| own(again).is_ok())
    });
}

#[test]
fn the_last_handle_closes_the_connection() {
    let server = Server::start();
    let redis = redis(&server);
    wait(redis.check()).expect("the server answers");
    let clients = || server.say(&["CLIENT", "LIST"]).lines().count();
    assert_eq!(clients(), 2, "the cache's and the one that asks");
    let clone = redis.clone();
    drop(redis);
    wait(clone.check()).expect("a clone keeps it");
    drop(clone);
    until("the connection is closed", || clients() == 1);
}
