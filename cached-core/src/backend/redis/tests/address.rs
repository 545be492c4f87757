//! URLs of a Redis.

use super::server::Server;
use super::support::{cell, redis_at, wait};
use crate::backend::port::Backend;
use crate::backend::redis::Address;
use crate::error::ErrorKind;

#[track_caller]
fn shown(url: &str) -> String {
    Address::parse(url)
        .expect("the URL is well-formed")
        .to_string()
}

#[track_caller]
fn refused(url: &str) -> String {
    let fault = Address::parse(url).expect_err("the URL is malformed");
    assert_eq!(fault.kind(), ErrorKind::Url);
    let text = format!("{fault} {fault:?}");
    assert!(!text.contains("secret"), "{text}");
    text
}

#[test]
fn every_part_has_a_default() {
    assert_eq!(shown("redis://db.local"), "redis://db.local:6379/0");
    assert_eq!(shown("redis://db.local:7000/3"), "redis://db.local:7000/3");
    assert_eq!(shown("redis://db.local/?db=4"), "redis://db.local:6379/4");
    assert_eq!(shown("redis://[::1]:7000"), "redis://[::1]:7000/0");
    assert_eq!(shown("redis://[::1]"), "redis://[::1]:6379/0");
    assert_eq!(
        shown("unix:///run/a%20b.sock?db=2"),
        "unix:///run/a b.sock?db=2"
    );
    assert_eq!(
        shown("redis+unix://:secret@/run/r.sock"),
        "unix://:***@/run/r.sock?db=0"
    );
}

#[test]
fn passwords_are_decoded_and_never_shown() {
    let url = "redis://me%40home:secret%2F%25@h/1";
    let address = Address::parse(url).expect("the URL is well-formed");
    let settings = address.clients()[0].get_connection_info().redis_settings();
    assert_eq!(settings.username(), Some("me@home"));
    assert_eq!(settings.password(), Some("secret/%"));
    assert_eq!(
        format!("{address:?}"),
        "Address(redis://me@home:***@h:6379/1)"
    );
    assert_eq!(
        shown("redis://h?user=me&password=secret"),
        "redis://me:***@h:6379/0"
    );
    assert_eq!(shown("redis://:secret@h"), "redis://:***@h:6379/0");
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    for (url, hint) in [
        ("localhost:6379", "no `://`"),
        ("redis://", "names no host"),
        ("redis://:secret@", "names no host"),
        ("redis://user:secret", "number from 1 to 65535"),
        ("redis://h:99999", "number from 1 to 65535"),
        ("redis://h/first", "the database is a number"),
        ("redis://h/-1", "the database is a number"),
        ("redis://h/1?db=1", "in it twice"),
        ("redis://:secret@a,b:6380", "`redis+cluster://host:6379"),
        ("redis://:secret@[::1", "in brackets"),
        ("redis://:secret@::1", "in brackets"),
        ("redis://h:secret:6379", "`redis://:password@host`"),
        ("redis://:sec/secret@h", "percent-encoded"),
        ("redis://:sec?secret@h", "percent-encoded"),
        ("redis://:sec@secret@h", "percent-encoded"),
        ("redis://:sec#secret@h", "`%23`"),
        ("redis://:secret%zz@h", "`%25`"),
        ("redis://:secret%ff@h", "`%25`"),
        ("redis://h?pasword=secret", "did you mean `password`"),
        ("redis://h?dbs=1", "did you mean `db`"),
        ("redis://h?timeout=1", "`db`, `user`, `password`"),
        ("unix://run/r.sock", "whole path"),
        ("unix:///", "whole path"),
        ("http://h", "known are `redis://`"),
    ] {
        let said = refused(url);
        assert!(said.contains(hint), "{url}: {said}");
    }
}

#[cfg(not(feature = "redis-tls"))]
#[test]
fn tls_names_its_feature() {
    assert!(refused("rediss://:secret@h").contains("`redis-tls`"));
}

#[test]
fn sockets_and_databases_are_reached() {
    let server = Server::with(&["--unixsocket", "redis.sock"]);
    let path = server.directory().join("redis.sock").display().to_string();
    let second = redis_at(&format!("unix://{path}?db=2"));
    wait(second.write("k", &cell("v").1, None)).expect("the server takes it");
    assert_eq!(server.say(&["DBSIZE"]), "0");
    let third = redis_at(&format!("{}/2", server.url()));
    let cells = wait(third.read(&["k"])).expect("the server answers");
    assert!(cells[0].is_some(), "the same database by another way");
}

#[test]
fn clusters_and_sentinels_are_named_by_several_places() {
    assert_eq!(
        shown("redis+cluster://a,b:7000,[::1]:7001"),
        "redis+cluster://a:6379,b:7000,[::1]:7001"
    );
    assert_eq!(
        shown("redis+cluster://me:secret@a/0"),
        "redis+cluster://me:***@a:6379"
    );
    assert_eq!(
        shown("redis+sentinel://:secret@a,b:26380/mymaster/2?sentinel_password=secret"),
        "redis+sentinel://:***@a:26379,b:26380/mymaster/2"
    );
    assert_eq!(
        shown("redis+sentinel://a/my%2Fmaster?db=1"),
        "redis+sentinel://a:26379/my/master/1"
    );
}

#[test]
fn sentinels_and_what_they_watch_have_users_of_their_own() {
    let url = "redis+sentinel://me:mine@a,b/m/3?sentinel_user=they&sentinel_password=their%2Fs";
    let address = Address::parse(url).expect("the URL is well-formed");
    for client in address.clients() {
        let login = client.get_connection_info().redis_settings();
        assert_eq!(login.username(), Some("they"));
        assert_eq!(login.password(), Some("their/s"));
        assert_eq!(login.db(), 0);
    }
    let watched = address.watched().expect("sentinels watch something");
    let login = watched.model.get_connection_info().redis_settings();
    assert_eq!((watched.name.as_str(), login.db()), ("m", 3));
    assert_eq!(login.username(), Some("me"));
    assert_eq!(login.password(), Some("mine"));
}

#[test]
fn what_is_wrong_with_several_places_is_said_without_passwords() {
    assert!(refused("redis+cluster://:secret@a/1").contains("one database"));
    assert!(refused("redis+cluster://:secret@a,").contains("names no host"));
    assert!(refused("redis+cluster://:secret@a,b:port").contains("the port"));
    assert!(refused("redis+cluster://:secret@a?sentinel_user=x").contains("no option"));
    assert!(refused("redis+sentinel://:secret@a").contains("the name of what they watch"));
    assert!(refused("redis+sentinel://:secret@a/m/x").contains("the database"));
    assert!(
        refused("redis+sentinel://:secret@a/m?sentinel_pasword=secret").contains("did you mean")
    );
    assert!(refused("redis+clustr://:secret@a").contains("known are"));
    let secret = "redis+sentinel://a/m?sentinel_password=se%cret";
    assert!(refused(secret).contains("two hex digits"));
}
