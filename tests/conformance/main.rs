//! The conformance suite on every backend of the library, on servers that it starts: a row for each,
//! with what passed, what failed, and what the backend cannot do. `cargo xtask conformance` runs it.

mod backends;
#[path = "../../cached-core/src/backend/sql/tests/server.rs"]
mod databases;
#[path = "../../cached-core/src/backend/sql/tests/directory.rs"]
mod directory;
#[path = "../../cached-core/src/backend/redis/tests/fleet.rs"]
mod fleet;
mod json;
#[path = "../../cached-core/src/backend/memcached/tests/server.rs"]
mod memcached;
#[path = "../../cached-core/src/backend/redis/tests/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use cached_core::testing::conformance::{self, Report};

use backends::BACKENDS;

/// What the command line asks for.
#[derive(Default)]
struct Wanted {
    backend: Option<String>,
    json: Option<String>,
}

fn main() -> ExitCode {
    match wanted(std::env::args().skip(1)).and_then(|wanted| run(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("conformance: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn wanted(mut words: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    while let Some(word) = words.next() {
        let place = match word.as_str() {
            "--backend" => &mut wanted.backend,
            "--json" => &mut wanted.json,
            other => {
                return Err(format!(
                    "`{other}`? There are --backend NAME and --json FILE"
                ));
            }
        };
        let value = words.next();
        *place = Some(value.ok_or_else(|| format!("{word} needs a value"))?);
    }
    Ok(wanted)
}

/// Whether nothing failed.
fn run(wanted: &Wanted) -> Result<bool, String> {
    let chosen = |name: &str| wanted.backend.as_deref().is_none_or(|only| only == name);
    let chosen: Vec<_> = BACKENDS.iter().filter(|(name, _)| chosen(name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = BACKENDS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no such backend; there are {}", names.join(", ")));
    }
    let mut reports = Vec::new();
    for (name, open) in chosen {
        eprintln!("{name} ..");
        let begun = Instant::now();
        let report = conformance::report(&open());
        reports.push((*name, report, begun.elapsed().as_secs_f64()));
    }
    println!("{}", table(&reports));
    if let Some(file) = &wanted.json {
        let text = json::of(&reports);
        std::fs::write(file, text).map_err(|fault| format!("{file}: {fault}"))?;
    }
    Ok(reports
        .iter()
        .all(|(_, report, _)| report.failed.is_empty()))
}

type Row = (&'static str, Report, f64);

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<16} {:>6} {:>6} {:>11} {:>7}  {}\n",
        "backend", "passed", "failed", "unsupported", "seconds", "what it cannot do"
    );
    for (name, report, seconds) in rows {
        let (passed, failed) = (report.passed.len(), report.failed.len());
        let unsupported = report.unsupported.len();
        let lacks = lacks(report);
        text += &format!(
            "{name:<16} {passed:>6} {failed:>6} {unsupported:>11} {seconds:>7.1}  {lacks}\n"
        );
    }
    for (name, report, _) in rows
        .iter()
        .filter(|(_, report, _)| !report.failed.is_empty())
    {
        text += &format!("\n{name}: {report}\n");
    }
    text
}

/// The capabilities that are missing, each with the number of behaviours that need it.
fn lacks(report: &Report) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for (_, capability) in &report.unsupported {
        *counts.entry(capability).or_default() += 1;
    }
    let shown = counts.iter().map(|(name, count)| format!("{name} {count}"));
    shown.collect::<Vec<_>>().join(", ")
}
