//! The project's own commands. `cargo xtask` lists them; `cargo xtask test` is
//! everything that has to pass, on a developer's machine and in CI alike.
//!
//! The crate has no dependencies: it is the first thing a fresh clone compiles.

mod examples;
mod hit;
mod mutants;
mod run;
#[path = "../../cached-core/src/backend/redis/tests/server.rs"]
mod server;
mod setup;

use std::process::ExitCode;
use std::time::Instant;

use run::{Outcome, cargo};

/// What `cargo xtask test` does, in this order; the first failure ends it.
const STEPS: &[(&str, Action)] = &[
    ("tools", Action::Call(setup::install)),
    ("format", Action::Cargo("fmt --all --check")),
    (
        "clippy, all features",
        Action::Cargo("clippy --workspace --all-targets --all-features -- -D warnings"),
    ),
    (
        "clippy, no features",
        Action::Cargo("clippy --workspace --all-targets --no-default-features -- -D warnings"),
    ),
    // In the whole workspace the other members switch the default features on again.
    (
        "clippy, cached-core without features",
        Action::Cargo("clippy -p cached-core --all-targets --no-default-features -- -D warnings"),
    ),
    ("clippy, each feature alone", Action::Call(each_feature)),
    (
        "docs",
        Action::Docs("doc --workspace --no-deps --all-features"),
    ),
    (
        "unit, integration, UI and doc tests",
        Action::Cargo("test --workspace --all-features"),
    ),
    // No test run builds this program: it would run on every backend.
    (
        "the conformance table",
        Action::Cargo("test --workspace --all-features --test conformance -- --backend memory"),
    ),
    (
        "tests, cached-core without features",
        Action::Cargo("test -p cached-core --no-default-features --lib --tests"),
    ),
    (
        "models of the engine",
        Action::Model(
            "test -p cached-core --features remote --lib --target-dir target/model model::",
        ),
    ),
    ("numbered examples", Action::Call(examples::run_all)),
    ("the blog", Action::Cargo("run -p blog")),
    ("instructions per hit", Action::Call(hit::check)),
];

/// The commands, as `cargo xtask` prints them.
const USAGE: &str = "\
Usage: cargo xtask <command>

  test              all checks and tests; installs what they need
  bench [name ..]   the benchmarks in benches/ (all of them, or those named)
  hit               instructions and allocations per cache hit, by valgrind
  conformance [--backend NAME] [--json FILE]
                    the conformance suite on every backend, and with memory in front of it
                    (`redis+l1`): passed, failed, unsupported, and on which servers; fails
                    if anything does
  mutants [arg ..]  cargo-mutants on the code that keeps the promises
  expand <example>  one example with its macros expanded";

/// One step of [`STEPS`].
enum Action {
    /// `cargo` with these words.
    Cargo(&'static str),
    /// The same, with every rustdoc warning an error.
    Docs(&'static str),
    /// The same, with shuttle in place of the standard library's locks.
    Model(&'static str),
    /// A function of this crate.
    Call(fn() -> Outcome),
}

impl Action {
    fn perform(&self) -> Outcome {
        match self {
            Action::Cargo(words) => cargo(words).run(),
            Action::Docs(words) => cargo(words).env("RUSTDOCFLAGS", "-D warnings").run(),
            Action::Model(words) => cargo(words).env("RUSTFLAGS", "--cfg shuttle").run(),
            Action::Call(function) => function(),
        }
    }
}

/// A user asks for one backend: what another feature brings along must not be needed by it.
fn each_feature() -> Outcome {
    const FEATURES: [&str; 8] = [
        "config",
        "remote",
        "redis",
        "memcached",
        "sqlite",
        "postgres",
        "mysql",
        "file",
    ];
    FEATURES.iter().try_for_each(|feature| {
        let words = "clippy -p cached-core --lib --no-default-features --features";
        cargo(words).args([*feature, "--", "-D", "warnings"]).run()
    })
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match words.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", &[][..]),
    };
    match dispatch(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Outcome {
    match command {
        "test" => test(),
        "bench" => examples::bench(rest),
        "hit" => hit::check(),
        "conformance" => conformance(rest),
        "mutants" => mutants::run(rest),
        "expand" => examples::expand(rest),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no command `{other}`\n{USAGE}")),
    }
}

/// Runs the suite on every backend: by the workspace's own program, since it needs the library.
fn conformance(rest: &[String]) -> Outcome {
    cargo("test --quiet -p cached-workspace --features servers --test conformance --")
        .args(rest)
        .run()
}

/// Runs [`STEPS`] and says at the end how long each took.
fn test() -> Outcome {
    let mut times = Vec::new();
    for (index, (name, action)) in STEPS.iter().enumerate() {
        let title = format!("[{}/{}] {name}", index + 1, STEPS.len());
        eprintln!("\n=== {title}");
        let start = Instant::now();
        action
            .perform()
            .map_err(|fault| format!("failed at {title}: {fault}"))?;
        times.push((name, start.elapsed().as_secs_f32()));
    }
    eprintln!("\n=== all {} steps passed", STEPS.len());
    for (name, seconds) in times {
        eprintln!("{seconds:>8.1} s  {name}");
    }
    Ok(())
}
