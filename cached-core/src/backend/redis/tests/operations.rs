//! Each operation of the port, on a server that works.

use std::time::{Duration, SystemTime};

use super::proxy::{Proxy, Weather};
use super::server::Server;
use super::support::*;
use crate::backend::port::{Acquired, Backend};
use crate::backend::redis::commands::millis;
use crate::backend::redis::server::Dialect;
use crate::backend::redis::{Address, Redis};
use crate::cell::{Cell, Token};

#[test]
fn cells_are_read_in_the_order_of_their_keys() {
    let server = Server::start();
    let redis = redis(&server);
    let ((_, a), (_, c)) = (cell("a"), cell("c"));
    write(&redis, "a", &a);
    write(&redis, "c", &c);
    assert_eq!(read(&redis, "a"), Some(a.clone()));
    assert_eq!(read(&redis, "b"), None);
    let cells = wait(redis.read(&["c", "b", "a"])).expect("the server answers");
    assert_eq!(cells, [Some(c), None, Some(a)]);
    assert_eq!(wait(redis.read(&[])).expect("nothing is asked"), []);
}

#[test]
fn the_whole_protocol_by_every_spelling() {
    let server = Server::start();
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    // A server that does not know a spelling says so, and is asked by the one before.
    for dialect in [Dialect::IfEq, Dialect::SetGet, Dialect::Lua] {
        let redis = Redis::build(&address, runtime(), Some(dialect));
        server.say(&["FLUSHALL"]);
        protocol(&redis);
    }
}

/// The first fill of a lease needs no script where the server compares for itself. One that does
/// not is asked in vain once.
#[test]
fn a_lease_is_filled_without_a_script_where_that_is_possible() {
    let server = Server::start();
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let redis = Redis::build(&address, runtime(), Some(Dialect::IfEq));
    let fill_new = |key: &str| {
        let ((lease, leased), (_, value)) = (cell("l"), cell("v"));
        assert_eq!(acquire(&redis, key, &leased), Acquired::Granted);
        assert!(fill(&redis, key, lease, &value));
        assert_eq!(read(&redis, key), Some(value));
    };
    fill_new("a");
    let link = wait(redis.servers().first()).expect("it is connected");
    let compares = link.speaks(Dialect::IfEq);
    assert_eq!(compares, server.calls("evalsha") == 0);
    let before = (server.calls("set"), server.calls("evalsha"));
    fill_new("b");
    let after = (server.calls("set"), server.calls("evalsha"));
    // A script's own `SET` counts as well.
    let expected = if compares { (2, 0) } else { (2, 1) };
    assert_eq!((after.0 - before.0, after.1 - before.1), expected);

    // What the process wrote last under its token is what stands there.
    let (token, _) = cell("");
    let [first, second] = ["1", "2"].map(|text| {
        let mut bytes = Cell::begin(b'l', token, 1);
        bytes.extend_from_slice(text.as_bytes());
        Cell::from_bytes(bytes)
    });
    assert_eq!(acquire(&redis, "c", &first), Acquired::Granted);
    assert!(fill(&redis, "c", token, &second));
    assert!(fill(&redis, "c", token, &cell("v").1));
    // Whatever has the token may be replaced, also where this process remembers other bytes.
    assert_eq!(acquire(&redis, "e", &first), Acquired::Granted);
    write(&redis, "e", &second);
    assert!(fill(&redis, "e", token, &cell("v").1));
    // Nothing is there any more, and nothing is put there.
    assert_eq!(acquire(&redis, "d", &first), Acquired::Granted);
    assert_eq!(wait(redis.invalidate(&["d"])).expect("it answers"), 1);
    assert!(!fill(&redis, "d", token, &cell("v").1));
    assert_eq!(read(&redis, "d"), None);
}

/// Absent, leased, filled, read, replaced; each condition once met and once not.
fn protocol(redis: &Redis) {
    let ((lease, leased), (value, valued), (other, another)) = (cell("l"), cell("v"), cell("o"));
    assert_eq!(acquire(redis, "k", &leased), Acquired::Granted);
    assert_eq!(
        acquire(redis, "k", &another),
        Acquired::Found(leased.clone())
    );
    assert!(!fill(redis, "k", other, &valued), "another's token");
    assert_eq!(read(redis, "k"), Some(leased));
    assert!(fill(redis, "k", lease, &valued));
    assert!(!fill(redis, "k", lease, &another), "the token is spent");
    assert_eq!(
        acquire(redis, "k", &another),
        Acquired::Found(valued.clone())
    );
    let renew = |token| wait(redis.renew("k", token, Duration::from_secs(90)));
    assert!(!renew(other).expect("the server answers"));
    assert!(renew(value).expect("the server answers"));
    let release = |token| wait(redis.release("k", token)).expect("the server answers");
    assert!(!release(other));
    assert_eq!(read(redis, "k"), Some(valued));
    assert!(release(value));
    assert!(!release(value));
    assert_eq!(read(redis, "k"), None);
}

#[test]
fn invalidation_refuses_the_fill_under_way() {
    let server = Server::start();
    let redis = redis(&server);
    let ((lease, leased), (later, again), (_, value)) = (cell("1"), cell("2"), cell("v"));
    acquire(&redis, "k", &leased);
    let removed = wait(redis.invalidate(&["k", "absent"])).expect("the server answers");
    assert_eq!(removed, 1);
    assert!(!fill(&redis, "k", lease, &value), "the lease is gone");
    assert_eq!(acquire(&redis, "k", &again), Acquired::Granted);
    assert!(!fill(&redis, "k", lease, &value), "the lease is another's");
    assert!(fill(&redis, "k", later, &value));
    assert_eq!(wait(redis.invalidate(&[])).expect("nothing is asked"), 0);
}

#[test]
fn one_of_many_acquires_is_granted() {
    let server = Server::start();
    let acquired: Vec<Acquired> = std::thread::scope(|scope| {
        let redis = redis(&server);
        let one = move || acquire(&redis, "k", &cell("l").1);
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(one.clone())).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|one| one.expect("no thread panics")).collect()
    });
    let granted = acquired.iter().filter(|one| **one == Acquired::Granted);
    assert_eq!(granted.count(), 1);
}

#[test]
fn lifetimes_are_whole_milliseconds_or_none() {
    assert_eq!(millis(Duration::ZERO), 1);
    assert_eq!(millis(Duration::from_nanos(1)), 1);
    assert_eq!(millis(Duration::from_micros(1001)), 2);
    assert_eq!(millis(Duration::from_secs(1)), 1000);
    let server = Server::start();
    let redis = redis(&server);
    let (token, one) = cell("1");
    for ttl in [None, Some(Duration::MAX), Some(Duration::ZERO)] {
        wait(redis.write("w", &one, ttl)).expect("the server takes it");
        wait(redis.fill("w", token, &one, ttl)).expect("the server takes it");
        wait(redis.acquire("a", &one, ttl)).expect("the server takes it");
    }
    wait(redis.write("k", &one, None)).expect("the server takes it");
    let key = server.say(&["KEYS", "k@*"]);
    assert_eq!(server.say(&["PTTL", &key]), "-1");
    wait(redis.renew("k", token, Duration::MAX)).expect("the server takes it");
    assert!(server.say(&["PTTL", &key]).len() > 9);
    wait(redis.renew("k", token, Duration::from_millis(20))).expect("the server takes it");
    until("the cell expires", || read(&redis, "k").is_none());
}

#[test]
fn the_servers_clock_is_read_and_goes_on() {
    let server = Server::start();
    let redis = redis(&server);
    let now = || wait(redis.now()).expect("the server tells");
    let here = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.expect("it is later than 1970").as_millis()
    };
    let first = now();
    assert!(here().abs_diff(u128::from(first)) < 1000);
    until("the clock goes on", || now() >= first + 30);
    assert!(now() < first + u64::try_from(PATIENCE.as_millis()).expect("it is short"));
}

#[test]
fn scripts_that_the_server_forgot_are_taught_again() {
    let server = Server::start();
    let redis = redis(&server);
    for text in ["first", "after a flush"] {
        let ((lease, leased), (token, value)) = (cell("l"), cell(text));
        acquire(&redis, "k", &leased);
        assert!(fill(&redis, "k", lease, &value));
        assert!(wait(redis.release("k", token)).expect("the server answers"));
        server.say(&["SCRIPT", "FLUSH"]);
    }
}

#[test]
fn a_server_that_only_claims_to_be_new_gets_scripts() {
    let server = Server::start();
    let proxy = Proxy::to(server.port());
    let redis = redis_at(&proxy.url());
    wait(redis.check()).expect("the server answers");
    proxy.set(Weather::Garble(b"\r\nNX\r\n", b"\r\nQX\r\n"));
    protocol(&redis);
    let stats = server.say(&["INFO", "commandstats"]);
    let set = stats.lines().find(|line| line.starts_with("cmdstat_set:"));
    let refused = set.is_some_and(|set| set.contains("failed_calls=1"));
    assert!(refused, "asked in vain once only: {stats}");
}

#[test]
fn bytes_of_others_are_cells_without_token() {
    let server = Server::start();
    let redis = redis(&server);
    write(&redis, "k", &cell("v").1);
    let key = server.say(&["KEYS", "k@*"]);
    server.say(&["SET", &key, "short"]);
    assert_eq!(read(&redis, "k"), Some(Cell::from_bytes(b"short".to_vec())));
    assert!(!fill(&redis, "k", Token::random(), &cell("v").1));
    server.say(&["DEL", &key]);
    server.say(&["LPUSH", &key, "1"]);
    let fault = wait(redis.read(&["k"])).expect_err("it is a list");
    assert_eq!(fault.kind(), crate::error::ErrorKind::Protocol);
    assert!(fault.to_string().contains("database of its own"), "{fault}");
    assert_eq!(wait(redis.invalidate(&["k"])).expect("a list goes too"), 1);
}

#[test]
fn longest_keys_and_large_cells_fit() {
    let server = Server::start();
    let redis = redis(&server);
    let (key, (_, large)) = ("k".repeat(240), cell(&"x".repeat(3_000_000)));
    write(&redis, &key, &large);
    assert_eq!(read(&redis, &key), Some(large));
    assert!(server.say(&["KEYS", "k*"]).len() <= 250);
}

#[test]
fn a_handle_says_where_it_stands() {
    let server = Server::start();
    let redis = redis(&server);
    assert_eq!((redis.connected(), redis.generation()), (false, 0));
    assert!(!redis.capabilities().pushes);
    wait(redis.check()).expect("the server answers");
    assert_eq!((redis.connected(), redis.generation()), (true, 1));
    assert!(redis.capabilities().pushes && redis.scoped());
    let shown = format!("{redis:?}");
    assert!(shown.contains(&server.port().to_string()), "{shown}");
}
