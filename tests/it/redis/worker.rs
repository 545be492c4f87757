//! A process that calls cached functions as it is told: this test binary again, running
//! [`child`]. Orders come by its stdin, reports go by its stdout.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use cached_core::{Cache, cached, install};
use tokio::sync::watch;

use super::chaos;
use super::database::Database;

const URL: &str = "CACHED_TEST_WORKER_URL";
const DATABASE: &str = "CACHED_TEST_WORKER_DATABASE";
/// What a report begins with, among what the test harness prints.
const MARK: &str = ">> ";

static VERSIONS: OnceLock<Database> = OnceLock::new();
static HELD: LazyLock<watch::Sender<bool>> = LazyLock::new(watch::Sender::default);

pub(crate) fn database() -> &'static Database {
    VERSIONS.get().expect("a worker has one")
}

#[cached(key = "worker:plain:<id>", ttl = 60, tags("worker-tag:<id>"))]
pub(crate) async fn plain(id: u64) -> u64 {
    compute(id).await
}

#[cached(key = "worker:locked:<id>", ttl = 60, lock = "1s", wait = "20s")]
async fn locked(id: u64) -> u64 {
    compute(id).await
}

/// Reads the version, and returns it when it may.
async fn compute(id: u64) -> u64 {
    let version = database().version(id);
    say(&format!("computing {id} {version}"));
    let mut held = HELD.subscribe();
    held.wait_for(|held| !held).await.expect("a static lives");
    version
}

/// Where the cache of this worker is.
pub(crate) fn url() -> String {
    std::env::var(URL).expect("a worker has one")
}

pub(crate) fn say(report: &str) {
    // In one piece: the harness writes to the same pipe.
    let line = format!("\n{MARK}{report}\n");
    let mut out = std::io::stdout().lock();
    // Whoever started it may be gone.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

#[test]
fn child() {
    let (Ok(url), Ok(versions)) = (std::env::var(URL), std::env::var(DATABASE)) else {
        return;
    };
    let opened = VERSIONS.set(Database::at(Path::new(&versions)));
    opened.expect("nobody else opens one");
    let cache = Cache::at(&url).and_then(cached_core::Builder::build);
    install(cache.expect("a valid URL")).expect("the first");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system has threads");
    say("ready");
    for line in std::io::stdin().lines() {
        let Ok(line) = line else { return };
        match line.as_str() {
            // At once: the order after it relies on it.
            "hold" => drop(HELD.send_replace(true)),
            "open" => drop(HELD.send_replace(false)),
            _ => {
                let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                runtime.spawn(obey(words));
            }
        }
    }
}

async fn obey(words: Vec<String>) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().expect("a number");
    match words[..] {
        ["call", function, id] => {
            let id = number(id);
            let (value, outcome) = match function {
                "plain" => plain::traced(id).await,
                _ => locked::traced(id).await,
            };
            say(&format!("done {function} {id} {value} {outcome:?}"));
        }
        ["invalidate", how, id] => {
            let delivery = invalidate(how, number(id)).await;
            say(&format!("invalidated {how} {id} {delivery:?}"));
        }
        ["chaos", seed, seconds] => chaos::work(number(seed), number(seconds)).await,
        _ => say(&format!("what? {words:?}")),
    }
}

async fn invalidate(how: &str, id: u64) -> cached_core::Delivery {
    let cache = Cache::current().expect("it is installed");
    match how {
        "key" => plain::entry(id).invalidate().await,
        "tag" => cache
            .invalidate_tag(format!("worker-tag:{id}"))
            .await
            .expect("a valid tag"),
        "all" => plain::invalidate_all().await,
        _ => cache.clear().await.expect("it can be cleared"),
    }
}

/// The parent's end of a worker. Killed when it is dropped.
pub(crate) struct Worker {
    child: Child,
    orders: ChildStdin,
    reports: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Worker {
    /// A worker that has begun.
    pub(crate) fn start(url: &str, versions: &Database) -> Self {
        let mut command =
            Command::new(std::env::current_exe().expect("the path of this test binary"));
        command
            .args(["--exact", "redis::worker::child", "--nocapture"])
            .arg("--test-threads=1")
            .env(URL, url)
            .env(DATABASE, versions.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (orders, out) = (child.stdin.take(), child.stdout.take());
        let reports = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let heard = Arc::clone(&reports);
        let out = out.expect("it is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(report) = line.strip_prefix(MARK) {
                    let mut reports = heard.0.lock().expect("no panic under this lock");
                    reports.push(report.to_owned());
                    heard.1.notify_all();
                }
            }
        });
        let worker = Self {
            child,
            orders: orders.expect("it is piped"),
            reports,
        };
        worker.reports("ready");
        worker
    }

    pub(crate) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("it listens");
    }

    /// Calls a function, which ends so.
    #[track_caller]
    pub(crate) fn calls(&mut self, call: &str, end: &str) {
        self.tell(&format!("call {call}"));
        self.reports(&format!("done {call} {end}"));
    }

    /// Calls a function, whose body goes on when it is told to `open`.
    #[track_caller]
    pub(crate) fn computes(&mut self, function: &str, id: u64) {
        self.tell("hold");
        self.tell(&format!("call {function} {id}"));
        self.reports(&format!("computing {id} 0"));
    }

    #[track_caller]
    pub(crate) fn invalidates(&mut self, how: &str, id: u64) {
        self.tell(&format!("invalidate {how} {id}"));
        self.reports(&format!("invalidated {how} {id} Acknowledged"));
    }

    /// The first report that begins so, now or later.
    #[track_caller]
    pub(crate) fn reports(&self, begin: &str) -> String {
        let found = self.reports_within(begin, Duration::from_secs(30));
        found.unwrap_or_else(|| panic!("no report `{begin}`; {:?}", self.all()))
    }

    pub(crate) fn reports_within(&self, begin: &str, time: Duration) -> Option<String> {
        let find = |reports: &[String]| {
            let found = reports.iter().find(|report| report.starts_with(begin));
            found.cloned()
        };
        let reports = self.reports.0.lock().expect("no panic under this lock");
        let waited = self
            .reports
            .1
            .wait_timeout_while(reports, time, |reports| find(reports).is_none());
        let (reports, _) = waited.expect("no panic under this lock");
        find(&reports)
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.reports
            .0
            .lock()
            .expect("no panic under this lock")
            .clone()
    }

    /// How many reports begin so.
    pub(crate) fn count(&self, begin: &str) -> usize {
        let all = self.all();
        all.iter()
            .filter(|report| report.starts_with(begin))
            .count()
    }

    /// Forgets what was reported so far.
    pub(crate) fn forget(&self) {
        self.reports
            .0
            .lock()
            .expect("no panic under this lock")
            .clear();
    }

    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}
