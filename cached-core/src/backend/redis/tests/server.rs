//! A `redis-server` of a test's own: started on a free port of the loopback, in a directory of its
//! own, killed when dropped. Depends on the standard library only, so that any test crate can
//! include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[path = "../../tests/started.rs"]
#[allow(clippy::duplicate_mod)] // it stands on its own feet wherever it is included
mod started;

use started::{answers, new_directory, on_a_free_port, signal};
#[allow(unused_imports)] // likewise
pub use started::{free_port, said, until};

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    directory: PathBuf,
    port: u16,
    options: Vec<String>,
}

impl Server {
    /// A server that keeps nothing on disk.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with further options, such as `["--maxmemory", "3mb"]`.
    pub fn with(options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let directory = new_directory("redis");
        Self::in_directory(directory, options, |_, _| {})
    }

    /// A server in this directory, where something may be put first that it needs.
    fn in_directory(
        directory: PathBuf,
        options: Vec<String>,
        prepare: impl Fn(&Path, u16),
    ) -> Self {
        let (child, port) = on_a_free_port("redis-server", |port| {
            prepare(&directory, port);
            spawn(&directory, port, &options)
        });
        Self {
            child,
            directory,
            port,
            options,
        }
    }

    /// A sentinel that watches the server at a port as `mymaster`, with the agreement of so many.
    pub fn sentinel(watched: u16, quorum: u32) -> Self {
        let watch = format!(
            "sentinel monitor mymaster 127.0.0.1 {watched} {quorum}\n\
             sentinel down-after-milliseconds mymaster 600\n\
             sentinel failover-timeout mymaster 3000\n"
        );
        Self::in_directory(new_directory("redis"), Vec::new(), |directory, port| {
            // It writes what it learns into this file.
            let place = format!("port {port}\nbind 127.0.0.1\ndir {}\n", directory.display());
            std::fs::write(sentinel_file(directory), format!("{place}{watch}"))
                .expect("the directory is writable");
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One line of its `INFO`.
    pub fn info(&self, field: &str) -> String {
        let info = self.say(&["INFO"]);
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| *name == field);
        found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
    }

    /// What it is, for whoever reads what the test printed.
    pub fn described(&self) -> String {
        let (version, role) = (self.info("redis_version"), self.info("role"));
        format!(
            "pid {}, port {}, version {version}, {role}",
            self.pid(),
            self.port
        )
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL that reaches it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it runs and keeps its files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Kills it, as `kill -9` does. Dropping does so as well.
    pub fn kill(&mut self) {
        // It may be dead already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it anew on its old port, after a [`kill`](Self::kill).
    pub fn restart(&mut self) {
        self.kill();
        let started = (0..50).find_map(|_| spawn(&self.directory, self.port, &self.options));
        self.child = started.expect("the port was free until the server was killed");
    }

    /// Stops its process: it keeps its connections and answers nothing.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after a [`stop`](Self::stop).
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// One command on a connection of its own; the answer, its parts separated by spaces.
    pub fn say(&self, command: &[&str]) -> String {
        let mut connection = self.connect();
        // A stopped one answers nothing.
        let _ = connection.set_read_timeout(Some(Duration::from_secs(5)));
        send(&mut connection, command);
        receive(&mut BufReader::new(connection))
    }

    /// How often the server was sent this command, such as `mget`.
    pub fn calls(&self, command: &str) -> u64 {
        let stats = self.say(&["INFO", "commandstats"]);
        let (_, rest) = match stats.split_once(&format!("cmdstat_{command}:calls=")) {
            Some(found) => found,
            None => return 0,
        };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }

    /// A plain connection to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens")
    }

    fn signal(&self, name: &str) {
        assert!(signal(name, self.pid()), "kill {name} {}", self.pid());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn sentinel_file(directory: &Path) -> PathBuf {
    directory.join("sentinel.conf")
}

/// A server that answers, or none if it ended first.
fn spawn(directory: &Path, port: u16, options: &[String]) -> Option<Child> {
    let mut command = Command::new("redis-server");
    let file = sentinel_file(directory);
    if file.exists() {
        command.arg(file).arg("--sentinel");
    } else {
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", &directory.display().to_string()]);
    }
    let child = command
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = child.unwrap_or_else(|fault| {
        panic!(
            "these tests start servers of their own, and `redis-server` cannot be run ({fault}); \
             install it: `apt-get install redis-server`, `brew install redis`, `dnf install redis`"
        )
    });
    answers(child, Duration::from_secs(10), || is_up(port))
}

/// Whether the server there has loaded its data: until then it answers `-LOADING`.
fn is_up(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    send(&mut connection, &["PING"]);
    let mut answer = String::new();
    let read = BufReader::new(connection).read_line(&mut answer);
    read.is_ok() && !answer.is_empty() && !answer.starts_with("-LOADING")
}

fn send(connection: &mut TcpStream, command: &[&str]) {
    let mut bytes = format!("*{}\r\n", command.len());
    for part in command {
        bytes.push_str(&format!("${}\r\n{part}\r\n", part.len()));
    }
    // A server that is gone shows in the answer.
    let _ = connection.write_all(bytes.as_bytes());
}

/// One reply of RESP2, as text.
fn receive(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    let _ = from.read_line(&mut line);
    let line = line.trim_end();
    let Some((kind, rest)) = line.split_at_checked(1) else {
        return String::new();
    };
    let length = rest.parse::<i64>().unwrap_or_default();
    match kind {
        "$" => receive_bytes(from, length),
        "*" => {
            let parts: Vec<String> = (0..length).map(|_| receive(from)).collect();
            parts.join(" ")
        }
        "-" => line.to_owned(),
        _ => rest.to_owned(),
    }
}

fn receive_bytes(from: &mut impl BufRead, length: i64) -> String {
    let Ok(length) = usize::try_from(length) else {
        return "(nil)".to_owned();
    };
    let mut bytes = vec![0; length + 2];
    let _ = from.read_exact(&mut bytes);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}
