//! Database servers of a test's own: started on free ports of the loopback, in directories of their
//! own, as a user without rights, gone when the test is. Depends on the standard library only, so
//! that any test crate can include it with `#[path]`.

#![allow(dead_code, unreachable_pub)] // whoever includes it uses what it needs

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

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
    /// Ends the server when this process has ended, however it did: statics are never dropped.
    guard: Option<Guard>,
}

/// A process that ends the server as soon as this one has ended: their pipe closes then.
#[derive(Debug)]
struct Guard {
    shell: Child,
    pipe: ChildStdin,
}

/// The user that servers run as where the tests run as root, which servers refuse.
const NOBODY: u32 = 65534;

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
        let directory = new_directory();
        initialise(kind, &directory);
        // Another process may take the port between the look and the start.
        for _ in 0..20 {
            let port = free_port();
            if let Some(child) = spawn(kind, &directory, port) {
                let guard = Some(Guard::of(&child, &directory));
                println!("{kind:?} {} is process {}", version(kind), child.id());
                return Self {
                    kind,
                    child,
                    directory,
                    port,
                    guard,
                };
            }
        }
        panic!(
            "{}",
            fs::read_to_string(directory.join("log")).unwrap_or_default()
        );
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
            let _ = self.signal("-QUIT");
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(5) && !self.has_ended() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.guard = None;
    }

    /// Starts it anew on its old port, after a [`kill`](Self::kill).
    pub fn restart(&mut self) {
        self.kill();
        let started = (0..50).find_map(|_| spawn(self.kind, &self.directory, self.port));
        self.child = started.expect("the port was free until the server was killed");
        self.guard = Some(Guard::of(&self.child, &self.directory));
        println!(
            "{:?} {} is process {}",
            self.kind,
            version(self.kind),
            self.pid()
        );
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

    fn signal(&self, signal: &str) -> bool {
        signal_to(signal, self.pid())
    }

    fn signal_all(&self, signal: &str) {
        assert!(self.signal(signal), "kill {signal} {}", self.pid());
        for child in children(self.pid()) {
            // A process that has just ended is none to stop.
            let _ = signal_to(signal, child);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port of the loopback that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

fn signal_to(signal: &str, process: u32) -> bool {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    sent.is_ok_and(|status| status.success())
}

/// The processes that this one has started.
fn children(of: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    list.split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

fn new_directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("cached-server-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir_all(&directory).expect("the directory for temporary files is writable");
    if is_root() {
        let owned = std::os::unix::fs::chown(&directory, Some(NOBODY), Some(NOBODY));
        owned.expect("root may give directories away");
    }
    directory
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A program in the path, or where Debian puts it.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.extend(["/usr/sbin", "/usr/local/bin", "/usr/bin"].map(PathBuf::from));
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    let found = places
        .iter()
        .map(|place| place.join(name))
        .find(|file| file.exists());
    found.unwrap_or_else(|| {
        panic!(
            "these tests start servers of their own, and `{name}` is not installed; install it: \
             `apt-get install postgresql mariadb-server-core mariadb-client-core`"
        )
    })
}

/// A command that runs as a user whom servers accept.
fn command(name: &str, directory: &Path) -> Command {
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(directory.join("log"));
    let log = log.expect("the directory is writable");
    let mut command = Command::new(program(name));
    command.current_dir(directory).stdin(Stdio::null());
    command
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn initialise(kind: Kind, directory: &Path) {
    let data = directory.join("data");
    let mut command = match kind {
        Kind::Postgres => {
            fs::write(directory.join("password"), "secret").expect("the directory is writable");
            let mut command = command("initdb", directory);
            command.args([
                "-U",
                "tester",
                "-A",
                "md5",
                "-E",
                "UTF8",
                "--no-sync",
                "--pwfile",
            ]);
            command.arg(directory.join("password")).arg("-D").arg(&data);
            command
        }
        Kind::MariaDb => {
            let mut command = command("mariadb-install-db", directory);
            command.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
            command.args(["--skip-test-db", "--innodb-log-file-size=8M"]);
            command.arg(format!("--datadir={}", data.display()));
            command
        }
    };
    let status = command.status().expect("the program was found");
    let log = || fs::read_to_string(directory.join("log")).unwrap_or_default();
    assert!(status.success(), "{}", log());
}

/// A server that listens, or none if it ended first.
fn spawn(kind: Kind, directory: &Path, port: u16) -> Option<Child> {
    let data = directory.join("data");
    let mut command = match kind {
        Kind::Postgres => {
            let mut command = command("postgres", directory);
            command
                .arg("-D")
                .arg(&data)
                .args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
            for setting in [
                "unix_socket_directories=",
                "fsync=off",
                "max_connections=400",
            ] {
                command.args(["-c", setting]);
            }
            command
        }
        Kind::MariaDb => {
            let users = "CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY 'secret';\n\
                         GRANT ALL ON *.* TO tester@'%' WITH GRANT OPTION;\n";
            fs::write(directory.join("users.sql"), users).expect("the directory is writable");
            let mut command = command("mariadbd", directory);
            command.args([
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
            ]);
            command.args([
                "--innodb-flush-log-at-trx-commit=2",
                "--max-connections=400",
            ]);
            command.args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M"]);
            command.arg(format!("--port={port}"));
            command.arg(format!("--datadir={}", data.display()));
            command.arg(format!("--socket={}", directory.join("socket").display()));
            command.arg(format!(
                "--init-file={}",
                directory.join("users.sql").display()
            ));
            command
        }
    };
    let child = command.spawn().expect("the program was found");
    answers(child, port)
}

fn answers(mut child: Child, port: u16) -> Option<Child> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return None;
        }
        if is_up(port) {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Whether the server there takes users: PostgreSQL answers to a start of TLS, MariaDB greets.
fn is_up(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let _ = connection.set_read_timeout(Some(Duration::from_millis(500)));
    let asked = std::io::Write::write_all(&mut connection, &[0, 0, 0, 8, 4, 210, 22, 47]);
    let mut first = [0];
    asked.is_ok() && connection.read(&mut first).is_ok_and(|read| read == 1)
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

fn version(kind: Kind) -> String {
    let name = match kind {
        Kind::Postgres => "postgres",
        Kind::MariaDb => "mariadbd",
    };
    let said = Command::new(program(name)).arg("--version").output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    said.unwrap_or_default()
}
