//! What the program does with its arguments: the table and its JSON.

use std::collections::BTreeMap;
use std::time::Instant;

use cached_core::testing::conformance::{self, Report};

use super::backends::tiers::{self, L1};
use super::backends::{Opened, in_process, memory, servers};
use super::json;

type Opens = fn() -> Opened;

/// All of them, by the names of the table. Behind `+l1` the cache keeps what it reads in memory.
const BACKENDS: &[(&str, Opens)] = &[
    ("memory", memory),
    ("in-process", in_process),
    ("redis", || servers::redis(L1::Off)),
    ("redis+cluster", || servers::redis_cluster(L1::Off)),
    ("redis+sentinel", || servers::redis_sentinel(L1::Off)),
    ("memcached", || servers::memcached(2, L1::Off)),
    ("sqlite", || servers::sqlite(L1::Off)),
    ("postgres", || servers::postgres(L1::Off)),
    ("mysql", || servers::mysql(L1::Off)),
    ("file", || servers::file(L1::Off)),
    ("in-process+l1", tiers::in_process),
    ("redis+l1", || servers::redis(L1::Watched)),
    ("redis+cluster+l1", || servers::redis_cluster(L1::Watched)),
    ("redis+sentinel+l1", || servers::redis_sentinel(L1::Watched)),
    ("memcached+l1", || servers::memcached(2, L1::Aged)),
    ("sqlite+l1", || servers::sqlite(L1::Aged)),
    ("postgres+l1", || servers::postgres(L1::Aged)),
    ("mysql+l1", || servers::mysql(L1::Aged)),
    ("file+l1", || servers::file(L1::Aged)),
];

/// What the command line can ask for.
const USAGE: &str = "There are --backend NAME, for one row, and --json FILE, for all names";

/// What it asks for.
#[derive(Default)]
struct Wanted {
    help: bool,
    backend: Option<String>,
    json: Option<String>,
}

fn wanted(mut words: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    while let Some(word) = words.next() {
        let place = match word.as_str() {
            "--backend" => &mut wanted.backend,
            "--json" => &mut wanted.json,
            "--help" | "-h" => {
                wanted.help = true;
                continue;
            }
            other => return Err(format!("`{other}`? {USAGE}")),
        };
        let value = words.next();
        *place = Some(value.ok_or_else(|| format!("{word} needs a value"))?);
    }
    Ok(wanted)
}

/// Whether nothing failed of what these words ask for.
pub(crate) fn run(words: impl Iterator<Item = String>) -> Result<bool, String> {
    let wanted = wanted(words)?;
    let names = || {
        let names: Vec<&str> = BACKENDS.iter().map(|(name, _)| *name).collect();
        format!("there are {}", names.join(", "))
    };
    if wanted.help {
        println!("{USAGE}; as a NAME {}", names());
        return Ok(true);
    }
    let chosen = |name: &str| wanted.backend.as_deref().is_none_or(|only| only == name);
    let chosen: Vec<_> = BACKENDS.iter().filter(|(name, _)| chosen(name)).collect();
    if chosen.is_empty() {
        return Err(format!("no such backend; {}", names()));
    }
    let rows: Vec<Row> = chosen
        .into_iter()
        .map(|(name, open)| Row::of(name, *open))
        .collect();
    println!("{}", table(&rows));
    if let Some(file) = &wanted.json {
        let text = json::of(&rows);
        std::fs::write(file, text).map_err(|fault| format!("{file}: {fault}"))?;
    }
    Ok(rows.iter().all(|row| row.report.failed.is_empty()))
}

/// What became of one backend.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Which servers served it.
    pub(crate) by: String,
    pub(crate) report: Report,
    pub(crate) seconds: f64,
}

impl Row {
    fn of(name: &'static str, open: Opens) -> Self {
        let begun = Instant::now();
        let Opened { subject, by } = open();
        eprintln!("{name}: {by} ..");
        let report = conformance::report(&subject);
        let seconds = begun.elapsed().as_secs_f64();
        Self {
            name,
            by,
            report,
            seconds,
        }
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<18} {:>6} {:>6} {:>11} {:>7}  {}\n",
        "backend", "passed", "failed", "unsupported", "seconds", "what it cannot do"
    );
    for Row {
        name,
        report,
        seconds,
        ..
    } in rows
    {
        let (passed, failed) = (report.passed.len(), report.failed.len());
        let unsupported = report.unsupported.len();
        let lacks = lacks(report);
        text += &format!(
            "{name:<18} {passed:>6} {failed:>6} {unsupported:>11} {seconds:>7.1}  {lacks}\n"
        );
    }
    text += "\n";
    for Row { name, by, .. } in rows {
        text += &format!("{name:<18} on {by}\n");
    }
    for Row { name, report, .. } in rows.iter().filter(|row| !row.report.failed.is_empty()) {
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
