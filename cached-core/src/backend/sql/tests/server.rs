//! Database servers of a test's own: started on free ports of the loopback, in directories of their
//! own, as a user without rights, gone when the test is. Depends on the standard library only, so
//! that any test crate can include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[path = "start.rs"]
mod start;
#[path = "../../tests/started.rs"]
#[allow(clippy::duplicate_mod)] // it stands on its own feet wherever it is included
mod started;

use start::{initialise, new_directory, program, spawn, version};
use started::{comes, on_a_free_port, signal};
#[allow(unused_imports)] // likewise
pub use started::{free_port, said, until};

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    MariaDb,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    directory: PathBuf,
    port: u16,
    options: Vec<String>,
    /// Ends the server when this process has ended, however it did: statics are never dropped.
    guard: Option<Guard>,
}

/// A process that ends the server as soon as this one has ended: their pipe closes then.
#[derive(Debug)]
struct Guard {
    shell: Child,
    pipe: ChildStdin,
}

impl Server {
    /// The PostgreSQL that all tests of this process share.
    pub fn postgres() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Kind::Postgres))
    }

    /// The MariaDB that all tests of this process share.
    pub fn mariadb() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Kind::MariaDb))
    }

    /// A new one.
    pub fn start(kind: Kind) -> Self {
        let options = Vec::new();
        let directory = new_directory();
        initialise(kind, &directory);
        let (child, port) = on_a_free_port(&format!("{kind:?} in {directory:?}"), |port| {
            spawn(kind, &directory, port, &options)
        });
        let server = Self {
            kind,
            guard: Some(Guard::of(&child, &directory)),
            child,
            directory,
            port,
            options,
        };
        said(format_args!("{}", server.described()));
        server
    }

    /// What it is, for whoever reads what a test printed.
    pub fn described(&self) -> String {
        format!(
            "pid {}, port {}, {}",
            self.pid(),
            self.port,
            version(self.kind)
        )
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a new database in it.
    pub fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("db{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.say(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database in it.
    pub fn url(&self, database: &str) -> String {
        let scheme = match self.kind {
            Kind::Postgres => "postgres",
            Kind::MariaDb => "mysql",
        };
        format!(
            "{scheme}://tester:secret@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Runs a statement by the server's own client; what it printed.
    pub fn say(&self, statement: &str) -> String {
        let port = self.port.to_string();
        let mut client = match self.kind {
            Kind::Postgres => {
                let mut client = Command::new(program("psql"));
                client.args([
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "tester",
                    "-d",
                    "postgres",
                    "-p",
                    &port,
                ]);
                client
                    .env("PGPASSWORD", "secret")
                    .args(["-qAt", "-c", statement]);
                client
            }
            Kind::MariaDb => {
                let mut client = Command::new(program("mariadb"));
                client.args([
                    "--no-defaults",
                    "-h",
                    "127.0.0.1",
                    "-u",
                    "tester",
                    "-psecret",
                ]);
                client.args(["-P", &port, "-N", "-B", "-e", statement]);
                client
            }
        };
        let said = client
            .output()
            .expect("the client is installed with its server");
        let fault = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{statement}: {fault}");
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as `kill -9` does: PostgreSQL with all of its processes.
    pub fn kill(&mut self) {
        if self.kind == Kind::Postgres {
            // Its children notice when their parent has gone, some of them late.
            let _ = signal("-QUIT", self.pid());
            comes(Duration::from_secs(5), || self.has_ended());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.guard = None;
    }

    /// Starts it anew on its old port, after a [`kill`](Self::kill).
    pub fn restart(&mut self) {
        self.kill();
        let started =
            (0..50).find_map(|_| spawn(self.kind, &self.directory, self.port, &self.options));
        self.child = started.expect("the port was free until the server was killed");
        self.guard = Some(Guard::of(&self.child, &self.directory));
        said(format_args!("{}", self.described()));
    }

    /// The same as another server to whoever asks: with this option.
    pub fn restart_with(&mut self, option: &str) {
        self.options.push(option.to_owned());
        self.restart();
    }

    /// Stops its processes: they keep their connections and answer nothing.
    pub fn stop(&self) {
        self.signal_all("-STOP");
    }

    /// Lets them go on after a [`stop`](Self::stop).
    pub fn go_on(&self) {
        self.signal_all("-CONT");
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }

    fn signal_all(&self, name: &str) {
        assert!(signal(name, self.pid()), "kill {name} {}", self.pid());
        for child in children(self.pid()) {
            // A process that has just ended is none to stop.
            let _ = signal(name, child);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The processes that this one has started.
fn children(of: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    list.split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

impl Guard {
    fn of(server: &Child, directory: &Path) -> Self {
        let script = "cat > /dev/null; kill -QUIT $0; sleep 1; kill -KILL $0; rm -rf \"$1\"";
        let mut shell = Command::new("sh")
            .args(["-c", script, &server.id().to_string()])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let pipe = shell.stdin.take().expect("it was asked for");
        Self { shell, pipe }
    }
}

/// Ends the guard before the pipe closes: the server is ended already.
impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
