//! A slice of chaos: processes that read and write hot keys while they and their server are
//! stopped and killed. Nobody may see less than what was there when its call began.

use std::fmt;
use std::time::{Duration, Instant};

use cached_core::{Delivery, Outcome, cached};

use super::database::Database;
use super::server::Server;
use super::worker::{self, Worker, database, say};
use crate::support::comes_async;

const HOT: u64 = 8;
const WORKERS: usize = 4;
const SECONDS: u64 = 18;

#[cached(key = "chaos:<id>", ttl = 60, lock = "500ms", skip(pause))]
async fn value(id: u64, pause: Duration) -> u64 {
    let version = database().version(id);
    // Some take longer than the lease.
    tokio::time::sleep(pause).await;
    version
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) reads: u64,
    pub(super) hits: u64,
    joined: u64,
    stored: u64,
    refused: u64,
    writes: u64,
    pub(super) acknowledged: u64,
    pub(super) stale: u64,
}

/// A worker's part: two readers of hot keys, each of which writes now and then.
pub(super) async fn work(seed: u64, seconds: u64) {
    let until = Instant::now() + Duration::from_secs(seconds);
    let readers =
        [seed * 2 + 1, seed * 2 + 2].map(|seed| tokio::spawn(read_and_write(seed, until)));
    for reader in readers {
        reader.await.expect("no reader panics");
    }
    say("over");
}

async fn read_and_write(seed: u64, until: Instant) {
    let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut tally = Tally::default();
    let mut said = Instant::now();
    while Instant::now() < until {
        let id = draw.below(HOT);
        if draw.below(100) < 8 {
            write(id, &mut tally).await;
        } else {
            read(id, &mut draw, &mut tally).await;
        }
        // A worker that is killed has told most of what it did.
        if said.elapsed() > Duration::from_millis(100) {
            say(&std::mem::take(&mut tally).to_string());
            said = Instant::now();
        }
    }
    say(&tally.to_string());
}

async fn write(id: u64, tally: &mut Tally) {
    let version = database().bump(id);
    tally.writes += 1;
    let entry = value::entry(id);
    if entry.invalidate().await == Delivery::Acknowledged {
        tally.acknowledged += 1;
        database().raise_floor(id, version);
    }
}

async fn read(id: u64, draw: &mut Draw, tally: &mut Tally) {
    let floor = database().floor(id);
    let pause = match draw.below(20) {
        // Beyond the lease.
        0 => Duration::from_millis(700),
        _ => Duration::from_millis(draw.below(15)),
    };
    let faults_before = faults();
    let (version, outcome) = value::traced(id, pause).await;
    tally.reads += 1;
    match outcome {
        Outcome::Hit => tally.hits += 1,
        Outcome::Joined => tally.joined += 1,
        Outcome::Stored => tally.stored += 1,
        Outcome::Refused => tally.refused += 1,
        _ => {}
    }
    if version < floor && !(is_tiered() && comes_to(id, floor).await) {
        tally.stale += 1;
        let cut_off = match outcome {
            Outcome::Joined if faults() > faults_before => CUT_OFF,
            _ => "",
        };
        say(&format!(
            "stale {id}: {version} of at least {floor}, {outcome:?}{cut_off}"
        ));
    }
}

/// Whether this process keeps values in memory in front of the server.
fn is_tiered() -> bool {
    worker::url().contains("l1=")
}

/// Whether a process that keeps values hears of the change: within a message as a rule, and of the
/// loss of its connection within seconds; and some, as the process may be stopped meanwhile.
async fn comes_to(id: u64, floor: u64) -> bool {
    let is_there = async || value::traced(id, Duration::ZERO).await.0 >= floor;
    comes_async(Duration::from_secs(8), is_there).await
}

/// What ends the report of a value that a caller shared while its process did not reach the server:
/// of such a process the README promises freshness for its own invalidations only.
const CUT_OFF: &str = ", without the server";

/// How often the server did not answer this process.
fn faults() -> u64 {
    let stats = cached_core::stats();
    let readers = stats.functions().iter();
    readers.map(cached_core::FunctionStats::faults).sum()
}

/// Those reports of old values that nothing excuses.
pub(super) fn inexcusable(reports: &[String]) -> Vec<&String> {
    let stale = reports.iter().filter(|line| line.starts_with("stale"));
    let (shared, stale): (Vec<_>, Vec<_>) = stale.partition(|line| line.ends_with(CUT_OFF));
    println!("shared without a server: {shared:?}");
    stale
}

/// Numbers by xorshift; the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            reads,
            hits,
            joined,
            stored,
            refused,
            writes,
            acknowledged,
            stale,
        } = self;
        write!(
            f,
            "tally {reads} {hits} {joined} {stored} {refused} {writes} {acknowledged} {stale}"
        )
    }
}

impl Tally {
    /// The sum of what workers reported.
    pub(super) fn of(reports: &[String]) -> Self {
        let mut tally = Self::default();
        let tallies = reports.iter().filter(|report| report.starts_with("tally"));
        tallies.for_each(|report| tally.add(report));
        tally
    }

    fn add(&mut self, report: &str) {
        let numbers = report.split(' ').skip(1);
        let numbers: Vec<u64> = numbers.filter_map(|word| word.parse().ok()).collect();
        let fields = [
            &mut self.reads,
            &mut self.hits,
            &mut self.joined,
            &mut self.stored,
            &mut self.refused,
            &mut self.writes,
            &mut self.acknowledged,
            &mut self.stale,
        ];
        for (field, number) in fields.into_iter().zip(numbers) {
            *field += number;
        }
    }
}

/// What the parent does to its workers and their server.
struct Trouble {
    url: String,
    restart: Box<dyn FnMut()>,
    versions: Database,
    workers: Vec<Worker>,
    past: Vec<String>,
    begun: Instant,
}

impl Trouble {
    fn new(url: String, restart: impl FnMut() + 'static) -> Self {
        Self {
            versions: Database::new(),
            url,
            restart: Box::new(restart),
            workers: Vec::new(),
            past: Vec::new(),
            begun: Instant::now(),
        }
    }

    fn hire(&mut self, seed: u64) {
        let mut worker = Worker::start(&self.url, &self.versions);
        let left = SECONDS.saturating_sub(self.begun.elapsed().as_secs());
        worker.tell(&format!("chaos {seed} {left}"));
        self.workers.push(worker);
    }

    fn kill_one(&mut self, at: usize, seed: u64) {
        let mut worker = self.workers.remove(at);
        worker.kill();
        self.past.extend(worker.all());
        self.hire(seed);
    }

    fn stop_one(&self, at: usize, time: Duration) {
        self.workers[at].stop();
        // Leases end meanwhile, or do not.
        std::thread::sleep(time);
        self.workers[at].go_on();
    }
}

#[test]
fn nobody_sees_less_than_what_was_acknowledged_before() {
    // It saves after a second with a change.
    let mut server = Server::with(&["--save", "1 1"]);
    let url = format!("{}/?lease=500", server.url());
    nobody_sees_less(url, move || server.restart());
}

/// On the cache at this URL, whose server can be killed and started again.
pub(crate) fn nobody_sees_less(url: String, restart: impl FnMut() + 'static) {
    let mut trouble = Trouble::new(url, restart);
    (0..WORKERS as u64).for_each(|seed| trouble.hire(seed));
    let mut draw = Draw(0x2545_F491_4F6C_DD1D);
    let (mut kills, mut stops, mut restarts) = (0, 0, 0);
    while trouble.begun.elapsed() < Duration::from_secs(SECONDS - 1) {
        // Nobody waits for trouble: it comes some time.
        std::thread::sleep(Duration::from_millis(200 + draw.below(300)));
        let at = draw.below(WORKERS as u64) as usize;
        let passed = trouble.begun.elapsed().as_secs();
        if passed > (restarts + 1) * SECONDS / 3 {
            restarts += 1;
            (trouble.restart)();
        } else if draw.below(2) == 0 {
            kills += 1;
            trouble.kill_one(at, 100 + kills);
        } else {
            stops += 1;
            trouble.stop_one(at, Duration::from_millis(100 + draw.below(700)));
        }
    }
    for worker in &trouble.workers {
        worker.reports("over");
        trouble.past.extend(worker.all());
    }
    let tally = Tally::of(&trouble.past);
    println!("{tally:?}; {kills} kills, {stops} stops, {restarts} restarts of the server");
    let stale = inexcusable(&trouble.past);
    assert!(stale.is_empty(), "{stale:#?}");
    assert!(
        restarts == 2 && tally.hits > 500 && tally.acknowledged > 50,
        "{tally:?}"
    );
}

#[test]
fn nobody_keeps_less_than_what_was_acknowledged_before() {
    let mut server = Server::with(&["--save", "1 1"]);
    let url = format!("{}/?lease=500&l1=true", server.url());
    nobody_sees_less(url, move || server.restart());
}
