//! The report on a Redis that other processes use too.

#[path = "../../../cached-core/src/backend/redis/tests/server.rs"]
mod server;

use std::process::{Command, Output};

use server::Server;

/// Runs the blog; what it printed.
#[track_caller]
fn report(url: &str) -> String {
    let mut blog = Command::new(env!("CARGO_BIN_EXE_blog"));
    let run = blog.env("CACHE_URL", url).output();
    let Output {
        status,
        stdout,
        stderr,
    } = run.expect("it starts");
    let text = String::from_utf8_lossy(&stdout).into_owned();
    assert!(
        status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    text
}

#[track_caller]
fn says(report: &str, line: &str) {
    let found = report.lines().any(|known| known.trim() == line);
    assert!(found, "no line `{line}` in:\n{report}");
}

#[test]
fn two_processes_share_entries_and_see_each_others_invalidations() {
    let server = Server::start();
    let url = format!("{}/1", server.url());
    // A second time on the same server: what the first run left there is of another database.
    for _ in 0..2 {
        let report = report(&url);
        says(&report, "Cache: redis");
        says(&report, "200 answers, 1 database query");
        says(
            &report,
            "it reads a post that this one read   Hit \"Post 12\"",
        );
        says(
            &report,
            "renamed here; it reads               Stored \"Renamed here\"",
        );
        says(
            &report,
            "renamed there; this one reads        \"Renamed there\"",
        );
        says(
            &report,
            "the slow reader came back with \"Post 10\", its fill: Refused",
        );
    }
}

#[test]
fn without_the_server_the_report_is_told_all_the_same() {
    let mut server = Server::start();
    let url = format!("{}/1", server.url());
    server.kill();
    let mut blog = Command::new(env!("CARGO_BIN_EXE_blog"));
    let run = blog.env("CACHE_URL", url).output().expect("it starts");
    let (text, errors) = (
        String::from_utf8_lossy(&run.stdout).into_owned(),
        String::from_utf8_lossy(&run.stderr).into_owned(),
    );
    says(&text, "after   \"A better title\"");
    assert!(errors.contains("cached: redis at 127.0.0.1:"), "{errors}");
    // It ends with what it could not deliver, and says so.
    assert!(!run.status.success());
    assert!(errors.contains("not delivered yet"), "{errors}");
}
