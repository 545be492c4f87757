//! Sentinels that have not heard of a failover, beside one that has, while the old primary is back
//! as one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::oracle::Oracle;
use super::proxy::{Proxy, Weather};
use super::server::Server;
use super::support::*;
use crate::backend::port::Backend;
use crate::backend::redis::Redis;
use crate::error::ErrorKind;

/// The primary of before and the one of now.
struct Scene {
    old: Server,
    new: Server,
}

impl Scene {
    fn start() -> Self {
        Self {
            old: Server::start(),
            new: Server::start(),
        }
    }

    /// One that has not heard of the failover.
    fn lagging(&self) -> Oracle {
        Oracle::naming(self.old.port(), 1)
    }

    /// One that has.
    fn informed(&self) -> Oracle {
        Oracle::naming(self.new.port(), 2)
    }

    /// Nothing was written to the old one.
    #[track_caller]
    fn is_kept(&self, key: &str) {
        assert_eq!(self.new.say(&["EXISTS", key]), "1");
        assert_eq!(self.old.say(&["DBSIZE"]), "0", "it is no primary any more");
    }

    /// Ends the connections to the new one.
    fn cut(&self, redis: &Redis) {
        let before = redis.generation();
        self.new.say(&["CLIENT", "KILL", "TYPE", "normal"]);
        until("the connection is lost", || {
            within(Duration::from_millis(50), redis.check()).is_none_or(|check| check.is_err())
                || redis.generation() > before
        });
    }
}

fn watched_by(sentinels: &[&Oracle]) -> Redis {
    let places: Vec<String> = sentinels.iter().map(|sentinel| sentinel.at()).collect();
    redis_at(&format!("redis+sentinel://{}/mymaster", places.join(",")))
}

#[track_caller]
fn recovers(redis: &Redis) {
    until("there is a primary", || {
        within(Duration::from_millis(500), redis.check()).is_some_and(|check| check.is_ok())
    });
}

#[test]
fn the_first_answer_is_not_followed_before_most_have_come() {
    let scene = Scene::start();
    let (lagging, informed) = (scene.lagging(), scene.informed());
    informed.is_late(Duration::from_millis(900));
    let redis = watched_by(&[&lagging, &informed]);
    write(&redis, "k", &cell("v").1);
    scene.is_kept("k");
}

#[test]
fn what_was_heard_once_is_not_forgotten() {
    let scene = Scene::start();
    let (lagging, mut informed) = (scene.lagging(), scene.informed());
    let redis = watched_by(&[&lagging, &informed]);
    write(&redis, "k", &cell("v").1);
    informed.goes();
    scene.cut(&redis);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let fault = fault(&redis);
        assert_eq!(fault.kind(), ErrorKind::Unavailable, "{fault}");
    }
    scene.is_kept("k");
    informed.come();
    recovers(&redis);
    assert!(read(&redis, "k").is_some(), "of the same reign");
    write(&redis, "l", &cell("v").1);
    scene.is_kept("l");
}

#[test]
fn sentinels_that_were_all_set_up_anew_are_followed() {
    let scene = Scene::start();
    let (lagging, informed) = (scene.lagging(), scene.informed());
    let redis = watched_by(&[&lagging, &informed]);
    write(&redis, "k", &cell("v").1);
    for sentinel in [&lagging, &informed] {
        sentinel.names(scene.old.port(), 0);
    }
    scene.cut(&redis);
    recovers(&redis);
    write(&redis, "k", &cell("v").1);
    assert_eq!(scene.old.say(&["EXISTS", "k"]), "1");
}

#[test]
fn who_comes_late_and_knows_better_is_heard() {
    let scene = Scene::start();
    let (lagging, another, informed) = (scene.lagging(), scene.lagging(), scene.informed());
    informed.is_late(Duration::from_millis(900));
    let redis = watched_by(&[&lagging, &another, &informed]);
    until("the new one is used", || {
        let key = "k";
        let (_, cell) = cell("v");
        // Between the two there is none.
        let _ = within(PATIENCE, redis.write(key, &cell, TTL));
        scene.new.say(&["EXISTS", key]) == "1"
    });
    lagging.tells();
    recovers(&redis);
    until("the new one is still used", || {
        let (_, cell) = cell("v");
        let written = within(PATIENCE, redis.write("l", &cell, TTL));
        written.is_some_and(|written| written.is_ok())
    });
    assert_eq!(scene.new.say(&["EXISTS", "l"]), "1");
}

/// The failover comes between the word of the sentinel and the first question to the server.
#[test]
fn what_changes_while_the_server_is_greeted_is_heard() {
    let scene = Scene::start();
    let network = Proxy::to(scene.old.port());
    network.set(Weather::Slow(Duration::from_millis(300)));
    let sentinel = Oracle::naming(network.port(), 1);
    let redis = watched_by(&[&sentinel]);
    let writing = {
        let redis = redis.clone();
        thread::spawn(move || {
            until("it is written", || {
                let (_, cell) = cell("v");
                within(PATIENCE, redis.write("k", &cell, TTL)).is_some_and(|done| done.is_ok())
            });
        })
    };
    until("the server is greeted", || {
        scene.old.say(&["CLIENT", "LIST"]).contains("resp=3")
    });
    sentinel.names(scene.new.port(), 2);
    sentinel.tells();
    writing.join().expect("it does not panic");
    // A question that is sent now comes after whatever is on its way through the slow network.
    let mut later = TcpStream::connect(("127.0.0.1", network.port())).expect("the proxy listens");
    later.write_all(b"PING\r\n").expect("it is taken");
    later.read_exact(&mut [0; 7]).expect("it is answered");
    scene.is_kept("k");
}

#[test]
fn who_says_that_it_is_a_replica_is_not_used() {
    let scene = Scene::start();
    let port = scene.new.port().to_string();
    scene.old.say(&["REPLICAOF", "127.0.0.1", &port]);
    let lagging = scene.lagging();
    let fault = fault(&watched_by(&[&lagging]));
    assert_eq!(fault.kind(), ErrorKind::Unavailable);
    assert!(fault.to_string().contains("replica"), "{fault}");
}

#[test]
fn a_primary_that_was_demoted_is_as_good_as_gone() {
    let scene = Scene::start();
    let lagging = scene.lagging();
    let redis = watched_by(&[&lagging]);
    write(&redis, "k", &cell("v").1);
    scene
        .old
        .say(&["REPLICAOF", "127.0.0.1", &scene.new.port().to_string()]);
    let refused = wait(redis.write("k", &cell("w").1, TTL)).expect_err("it is a replica");
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
}
