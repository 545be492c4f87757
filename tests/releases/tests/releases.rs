//! Programs of different releases, and of different profiles, on one server.

#[path = "../../../cached-core/src/backend/redis/tests/server.rs"]
mod server;

use std::path::Path;
use std::process::{Command, Output};

use server::Server;

const OLD: &str = env!("CARGO_BIN_EXE_old");
const NEW: &str = env!("CARGO_BIN_EXE_new");

/// Runs one release; the lines it said.
#[track_caller]
fn run(program: impl AsRef<Path>, server: &Server) -> Vec<String> {
    let mut program = Command::new(program.as_ref());
    let run = program.env("CACHE_URL", server.url()).output();
    let Output {
        status,
        stdout,
        stderr,
    } = run.expect("it starts");
    assert!(
        status.success(),
        "{status}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    let said = String::from_utf8_lossy(&stdout).into_owned();
    said.lines().map(str::to_owned).collect()
}

const NAMES: &str = "[\"user 1\"]";

#[test]
fn a_release_reads_what_the_other_wrote_only_where_the_type_is_the_same() {
    let server = Server::start();
    let old = "User { id: 1, can_write: true, is_admin: false }";
    let new = "User { id: 1, is_admin: false, can_write: true }";
    let (stored, hit) = (format!("Stored {NAMES}"), format!("Hit {NAMES}"));
    assert_eq!(run(OLD, &server), [format!("Stored {old}"), stored]);
    assert_eq!(run(OLD, &server), [format!("Hit {old}"), hit.clone()]);
    assert_eq!(run(NEW, &server), [format!("Stored {new}"), hit.clone()]);
    assert_eq!(run(NEW, &server), [format!("Hit {new}"), hit.clone()]);
    assert_eq!(run(OLD, &server), [format!("Stored {old}"), hit]);
}

/// Where a panic ends the process, types are not probed.
#[test]
fn a_program_whose_panics_abort_writes_and_reads_by_names() {
    let server = Server::start();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "releases", "--bin", "old"])
        .args(["--profile", "abort"])
        .status()
        .expect("cargo runs this test, so it can be run");
    assert!(built.success());
    // Beside this test's own profile, in whatever target folder that is.
    let profiles = Path::new(OLD).parent().and_then(Path::parent);
    let aborting = profiles.expect("target/debug").join("abort/old");
    assert_eq!(run(&aborting, &server)[0].split(' ').next(), Some("Stored"));
    assert_eq!(run(&aborting, &server)[0].split(' ').next(), Some("Hit"));
    let other = run(OLD, &server);
    assert!(
        other[0].starts_with("Stored"),
        "what was written without a fingerprint is no hit: {other:?}"
    );
}
