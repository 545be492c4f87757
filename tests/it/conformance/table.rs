//! The program behind `cargo xtask conformance`, in this process: what it takes, and its JSON, as a
//! parser that is not ours reads it.

use cached_core::testing::conformance::Report;
use sqlx::SqlitePool;

use super::json;
use super::program::{self, Row};
use crate::databases::Directory;

fn run(words: &[&str]) -> Result<bool, String> {
    program::run(words.iter().map(|&word| word.to_owned()))
}

#[test]
fn wrong_arguments_say_what_there_is() {
    assert_eq!(run(&["--help"]), Ok(true));
    for (words, said) in [
        (&["--jsn"][..], "`--jsn`? There are --backend NAME"),
        (&["--backend", "memory", "--json"], "--json needs a value"),
        (&["--backend", "rdis"], "no such backend; there are memory,"),
        (&["--backend", ""], "redis+sentinel+l1"),
    ] {
        let fault = run(words).expect_err("it examines nothing");
        assert!(fault.contains(said), "{words:?}: {fault}");
    }
    let nowhere = run(&["--backend", "memory", "--json", "/nowhere/report.json"]);
    let fault = nowhere.expect_err("there is no such folder");
    assert!(fault.starts_with("/nowhere/report.json: "), "{fault}");
}

/// What is at a path of the JSON, as text.
async fn at(text: &str, path: &str) -> Option<String> {
    let pool = SqlitePool::connect("sqlite::memory:").await;
    let read = sqlx::query_scalar("SELECT CAST(json_extract(?, ?) AS TEXT)");
    let read = read.bind(text.to_owned()).bind(path.to_owned());
    let found = read.fetch_one(&pool.expect("it is in this process")).await;
    found.expect("it is JSON")
}

#[tokio::test]
async fn a_row_of_the_table_is_an_object() {
    let directory = Directory::new();
    let file = directory.path().join("report.json");
    let path = file.to_str().expect("Unicode").to_owned();
    let words = ["--json", &path, "--backend", "memory"].map(str::to_owned);
    let ended = tokio::task::spawn_blocking(|| program::run(words.into_iter()));
    assert_eq!(ended.await.expect("no panic"), Ok(true), "nothing fails");
    let text = std::fs::read_to_string(file).expect("it was written");
    for (path, expected) in [
        ("$[0].backend", Some("memory")),
        ("$[0].failed", Some("[]")),
        ("$[0].passed[0]", Some("caches::what_is_set_is_got")),
        ("$[0].unsupported[0].capability", Some("cells")),
        ("$[1]", None),
    ] {
        assert_eq!(at(&text, path).await.as_deref(), expected, "{path}");
    }
    let by = at(&text, "$[0].servers").await.unwrap_or_default();
    assert!(by.contains(&std::process::id().to_string()), "{by}");
}

#[tokio::test]
async fn whatever_a_failure_says_is_a_text() {
    let said = "`a\\b` is \"c\"\n\tnot \u{1}\u{7f} größe";
    let mut report = Report::default();
    report
        .failed
        .push(("races::set_overtakes", said.to_owned()));
    let row = Row {
        name: "redis",
        by: String::new(),
        report,
        seconds: 1.25,
    };
    let text = json::of(&[row]);
    assert_eq!(
        at(&text, "$[0].failed[0].message").await.as_deref(),
        Some(said)
    );
    assert_eq!(at(&text, "$[0].passed").await.as_deref(), Some("[]"));
}
