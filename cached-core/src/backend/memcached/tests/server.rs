//! A `memcached` of a test's own: started on a free port of the loopback, killed when dropped.
//! Depends on the standard library only, so that any test crate can include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[path = "../../tests/started.rs"]
#[allow(clippy::duplicate_mod)] // it stands on its own feet wherever it is included
mod started;

use started::{answers, on_a_free_port, signal};
#[allow(unused_imports)] // likewise
pub use started::{free_port, said, until};

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// A server that takes items of 16 MiB.
    pub fn start() -> Self {
        Self::with(&["-m", "256", "-I", "16m"])
    }

    /// A server with these options, such as `["-m", "8"]`.
    pub fn with(options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let (child, port) = on_a_free_port("memcached", |port| spawn(port, &options));
        Self {
            child,
            port,
            options,
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL that reaches it.
    pub fn url(&self) -> String {
        url(&[self])
    }

    /// Its process and version, for whoever reads what a test prints.
    pub fn about(&self) -> String {
        let version = self.say("version");
        format!("memcached pid {} {version}", self.child.id())
    }

    /// Kills it, as `kill -9` does. Dropping does so as well.
    pub fn kill(&mut self) {
        // It may be dead already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it anew on its old port, empty.
    pub fn restart(&mut self) {
        self.kill();
        let started = (0..50).find_map(|_| spawn(self.port, &self.options));
        self.child = started.expect("the port was free until the server was killed");
    }

    /// Stops its process: it keeps its connections and answers nothing.
    pub fn stop(&self) {
        self.signal("-STOP");
        // Its threads stop one after the other, and one that still runs would answer.
        let tasks = format!("/proc/{}/task", self.child.id());
        let runs = |task: &std::path::Path| {
            let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            !stat
                .rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('T'))
        };
        until("all of them have stopped", || {
            let tasks = std::fs::read_dir(&tasks).into_iter().flatten().flatten();
            !tasks.into_iter().any(|task| runs(&task.path()))
        });
    }

    /// Lets it go on after a [`stop`](Self::stop).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// A command on a connection of its own; the first line of the answer.
    pub fn say(&self, command: &str) -> String {
        let mut connection = self.connect();
        let line = format!("{command}\r\n");
        connection.write_all(line.as_bytes()).expect("it listens");
        let mut answer = String::new();
        let read = BufReader::new(connection).read_line(&mut answer);
        read.expect("it answers");
        answer.trim_end().to_owned()
    }

    /// One of its statistics, such as `cmd_get`.
    pub fn stat(&self, name: &str) -> u64 {
        let mut connection = self.connect();
        let asked = connection.write_all(b"stats\r\nquit\r\n");
        asked.expect("it listens");
        let mut all = String::new();
        connection.read_to_string(&mut all).expect("it answers");
        let begin = format!("STAT {name} ");
        let line = all.lines().find_map(|line| line.strip_prefix(&begin));
        let number = line.and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no statistic `{name}`"))
    }

    /// A plain connection to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens")
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id();
        assert!(signal(name, pid), "kill {name} {pid}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The URL of several servers.
pub fn url(servers: &[&Server]) -> String {
    let hosts = servers
        .iter()
        .map(|server| format!("127.0.0.1:{}", server.port));
    let hosts: Vec<String> = hosts.collect();
    format!("memcached://{}", hosts.join(","))
}

/// A server that answers, or none if it ended first.
fn spawn(port: u16, options: &[String]) -> Option<Child> {
    let mut command = Command::new("memcached");
    command
        .args(["-l", "127.0.0.1", "-U", "0", "-p", &port.to_string()])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let root = Command::new("id").arg("-u").output();
    if root.is_ok_and(|id| id.stdout.starts_with(b"0\n")) {
        command.args(["-u", "nobody"]);
    }
    let child = command.spawn().unwrap_or_else(|fault| {
        panic!(
            "these tests start servers of their own, and `memcached` cannot be run ({fault}); \
             install it: `apt-get install memcached`, `brew install memcached`"
        )
    });
    answers(child, Duration::from_secs(10), || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    })
}
