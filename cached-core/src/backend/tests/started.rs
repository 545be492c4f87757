//! Programs that tests start for themselves, on free ports of the loopback and in directories of
//! their own, and waiting for them. Depends on the standard library only, so that any test crate can
//! include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Says which servers a test had, in the record of a run that passes too: the test runner keeps only
/// what is printed by macros.
pub fn said(what: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// A port of the loopback that nobody listens on.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
        let port = listener.local_addr().expect("it is bound").port();
        // A node of a Redis cluster takes the port 10,000 above too.
        if port < 55_000 {
            return port;
        }
    }
}

/// What starts on a port that was free: another process may take it between the look and the start.
#[track_caller]
pub fn on_a_free_port<T>(what: &str, mut start: impl FnMut(u16) -> Option<T>) -> (T, u16) {
    let mut ports = (0..20).map(|_| free_port());
    let started = ports.find_map(|port| Some((start(port)?, port)));
    started.unwrap_or_else(|| panic!("{what} did not start on any of 20 ports"))
}

/// The program once it is up, or none if it ended first, or is not up by then.
pub fn answers(mut child: Child, by: Duration, is_up: impl Fn() -> bool) -> Option<Child> {
    let mut has_ended = false;
    let comes_up = comes(by, || {
        has_ended = child.try_wait().is_ok_and(|ended| ended.is_some());
        has_ended || is_up()
    });
    if comes_up && !has_ended {
        return Some(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Longer than an election takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Waits for what another process, or a thread in the background, is to bring about.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(comes(PATIENCE, holds), "in vain: {what}");
}

/// Looks until it holds; false if it does not in this time.
pub fn comes(within: Duration, mut holds: impl FnMut() -> bool) -> bool {
    holds()
        || pauses(within).any(|pause| {
            std::thread::sleep(pause);
            holds()
        })
}

/// The pauses between looks, short ones first.
pub fn pauses(within: Duration) -> impl Iterator<Item = Duration> {
    let end = Instant::now() + within;
    let millis = [1, 2, 4, 8].into_iter().chain(std::iter::repeat(16));
    let pauses = millis.map(Duration::from_millis);
    pauses.take_while(move |_| Instant::now() < end)
}

/// An empty directory for one test.
pub fn new_directory(of: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("cached-{of}-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).expect("the directory for temporary files is writable");
    directory
}

/// Sends a signal, such as `-STOP`; whether there was somebody to take it.
pub fn signal(signal: &str, process: u32) -> bool {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    sent.is_ok_and(|status| status.success())
}
