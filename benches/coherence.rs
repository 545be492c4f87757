//! How long another process goes on serving what was invalidated: `cargo xtask bench coherence`.
//!
//! Two processes and a Redis server, all on this machine. The *reader* keeps what it reads in
//! memory ([`l1_watched`](cached_core::Builder::l1_watched)) and reads one key without a pause; the
//! *writer* changes the number behind it (a Redis key outside of the cache), invalidates, and takes
//! the time when that has returned. The reader takes the time after each read. What is shown is how
//! long after the writer's time the last old number was returned, 0 if none was: by the one clock
//! that both share. A round begins when the reader has served the present number from memory fifty
//! times. The number of rounds can be given: `cargo bench --bench coherence -- 100`.
//!
//! The reader is this program once more. What its future gives at the first poll came from memory:
//! whatever asks the server waits for it.

use std::future::{Future, poll_fn};
use std::io::{BufRead, BufReader, Write};
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cached_core::{Cache, Delivery, cached};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

#[path = "../cached-core/src/backend/redis/tests/server.rs"]
mod server;

const ROUNDS: u64 = 10_000;
/// Reads from memory before the next round.
const WARM: u64 = 50;
/// Reads after which the reader lets others have its core: there may be two for three processes.
const TURN: u64 = 64;
/// The number behind the cached functions.
const SOURCE: &str = "outside:number";

static CONNECTION: OnceLock<MultiplexedConnection> = OnceLock::new();

async fn source() -> u64 {
    let mut connection = CONNECTION.get().expect("connected first").clone();
    connection.get(SOURCE).await.expect("the server answers")
}

#[cached(key = "number", ttl = "1h")]
async fn number() -> u64 {
    source().await
}

#[cached(key = "tagged", ttl = "1h", tags("numbers"))]
async fn tagged() -> u64 {
    source().await
}

/// How the writer invalidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Key,
    Tag,
    Clear,
}

const HOWS: [How; 3] = [How::Key, How::Tag, How::Clear];

async fn invalidate(how: How, cache: &Cache) {
    let delivery = match how {
        How::Key => Ok(number::entry().invalidate().await),
        How::Tag => cache.invalidate_tag("numbers").await,
        How::Clear => cache.clear().await,
    };
    assert_eq!(delivery.ok(), Some(Delivery::Acknowledged));
}

/// Nanoseconds of the clock that both processes read.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.expect("after 1970").as_nanos()).expect("before 2554")
}

async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("a valid URL");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("the server answers")
}

/// What the reader tells of a round: a line of numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    number: u64,
    /// When a smaller number was returned for the last time.
    last_old: u64,
    /// Reads from memory since the last line.
    near: u64,
}

impl Told {
    fn tell(self) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} {} {}", self.number, self.last_old, self.near).expect("the writer reads");
        out.flush().expect("the writer reads");
    }

    fn heard(line: &str) -> Self {
        let numbers: Vec<u64> = line.split(' ').flat_map(str::parse).collect();
        let [number, last_old, near] = numbers[..] else {
            panic!("not a line of the reader: {line:?}");
        };
        Self {
            number,
            last_old,
            near,
        }
    }
}

/// A value, and whether it came from memory.
async fn watched(read: impl Future<Output = u64>) -> (u64, bool) {
    let mut read = pin!(read);
    let mut near = true;
    poll_fn(|cx| match read.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready((value, near)),
        Poll::Pending => {
            near = false;
            Poll::Pending
        }
    })
    .await
}

/// Reads until the writer is gone.
async fn reader(how: &str, url: &str) {
    std::thread::spawn(|| {
        // It says nothing; its end of the pipe is closed with it.
        let _ = std::io::stdin().lines().count();
        std::process::exit(0);
    });
    let cache = Cache::at(url).map(|cache| cache.l1_watched().build());
    cached_core::install(cache.flatten().expect("a valid URL")).expect("the first");
    let _ = CONNECTION.set(connect(url).await);
    let (mut told, mut before, mut warm) = (Told::default(), 0, 0);
    for turn in 1_u64.. {
        let (value, near) = match how {
            "Tag" => watched(tagged()).await,
            _ => watched(number()).await,
        };
        let read_at = now();
        if value > told.number {
            (told.number, told.last_old, warm) = (value, before, 0);
        } else if value < told.number {
            assert!(warm < WARM, "{value} came back long after {}", told.number);
            told.last_old = read_at;
        }
        before = read_at;
        told.near += u64::from(near);
        warm += u64::from(near && value == told.number);
        if near && warm == WARM {
            told.tell();
            told.near = 0;
        }
        if turn % TURN == 0 {
            std::thread::yield_now();
            tokio::task::yield_now().await;
        }
    }
}

/// The other process, gone with its handle.
struct Reader {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Reader {
    fn start(how: How, url: &str) -> Self {
        let program = std::env::current_exe().expect("it runs");
        let mut child = Command::new(program)
            .args(["reader", &format!("{how:?}"), url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started");
        let stdout = child.stdout.take().expect("it is piped");
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// Waits until the number is served from memory.
    fn serves(&mut self, number: u64) -> Told {
        let lines = self.lines.by_ref().map(|line| line.expect("text"));
        let mut told = lines.map(|line| Told::heard(&line));
        let told = told.find(|told| told.number == number);
        told.expect("the reader goes on until this ends")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn set_source(number: u64) {
    let mut connection = CONNECTION.get().expect("connected first").clone();
    let () = connection
        .set(SOURCE, number)
        .await
        .expect("the server answers");
}

async fn measure(how: How, rounds: u64, url: &str, cache: &Cache) {
    set_source(1).await;
    invalidate(how, cache).await;
    let mut reader = Reader::start(how, url);
    reader.serves(1);
    let (mut near, mut stale, begun) = (0, Vec::new(), Instant::now());
    for number in 2..rounds + 2 {
        set_source(number).await;
        invalidate(how, cache).await;
        let returned = now();
        let told = reader.serves(number);
        near += told.near;
        stale.push(told.last_old.saturating_sub(returned));
    }
    report(how, stale, near, begun.elapsed());
}

fn report(how: How, mut stale: Vec<u64>, near: u64, took: Duration) {
    stale.sort_unstable();
    let rounds = stale.len();
    let at = |share: f64| stale[((rounds - 1) as f64 * share) as usize] as f64 / 1e3;
    let none = stale.iter().filter(|nanos| **nanos == 0).count();
    println!(
        "{:<6} {rounds:>6} rounds   last stale read after p50 {:.1} µs   p99 {:.1} µs   \
         max {:.1} µs   none in {:.1} %   {:.2} M reads/s from memory",
        format!("{how:?}"),
        at(0.5),
        at(0.99),
        at(1.0),
        100.0 * none as f64 / rounds as f64,
        near as f64 / took.as_secs_f64() / 1e6,
    );
}

async fn writer(rounds: u64) {
    let server = server::Server::start();
    let url = server.url();
    let cache = Cache::connect(&url).await.expect("a valid URL");
    cached_core::install(cache.clone()).expect("the first");
    let _ = CONNECTION.set(connect(&url).await);
    for how in HOWS {
        let rounds = if how == How::Key { rounds } else { rounds / 5 };
        measure(how, rounds, &url, &cache).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["reader", how, url] => reader(how, url).await,
        _ => {
            let rounds = words.iter().find_map(|word| word.parse().ok());
            writer(rounds.unwrap_or(ROUNDS)).await;
        }
    }
}
