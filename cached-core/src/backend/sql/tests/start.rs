//! Where the programs of servers are, and how they are started.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Kind;
use super::started::{self, answers};

/// The user that servers run as where the tests run as root, which servers refuse.
const NOBODY: u32 = 65534;

pub(super) fn new_directory() -> PathBuf {
    let directory = started::new_directory("server");
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
pub(super) fn program(name: &str) -> PathBuf {
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
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .env("TMPDIR", directory);
    command
        .stdout(log.try_clone().expect("a file can be shared"))
        .stderr(log);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

pub(super) fn initialise(kind: Kind, directory: &Path) {
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
pub(super) fn spawn(kind: Kind, directory: &Path, port: u16, options: &[String]) -> Option<Child> {
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
    let child = command
        .args(options)
        .spawn()
        .expect("the program was found");
    answers(child, Duration::from_secs(60), || is_up(port))
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

pub(super) fn version(kind: Kind) -> String {
    let name = match kind {
        Kind::Postgres => "postgres",
        Kind::MariaDb => "mariadbd",
    };
    let said = Command::new(program(name)).arg("--version").output();
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    said.unwrap_or_default()
}
