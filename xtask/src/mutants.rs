//! Mutation tests: does a test fail when the code that keeps a promise is changed?

use crate::run::{Outcome, cargo, root};
use crate::setup::has_command;

/// The code whose every change has to be noticed: files, or folders as a whole.
const PLACES: &[&str] = &[
    // The fence (no value overtakes an invalidation), the flights and the guards.
    "cached-core/src/engine",
    "cached-core/src/backend/memory/mod.rs",
    "cached-core/src/tag",
    // Keys cannot collide.
    "cached-core/src/key/mod.rs",
    "cached-core/src/key/part.rs",
    "cached-core/src/key/writer.rs",
];

/// Runs cargo-mutants on [`PLACES`], or with `--file` and `--re` on what they name.
pub(crate) fn run(words: &[String]) -> Outcome {
    if !has_command("mutants") {
        cargo("install --locked cargo-mutants").run()?;
    }
    let globs = PLACES
        .iter()
        .map(|place| glob(place))
        .collect::<Outcome<Vec<_>>>()?;
    let chosen = words.iter().any(|word| word == "--file" || word == "-f");
    let files = globs
        .iter()
        .filter(|_| !chosen)
        .flat_map(|glob| ["--file", glob]);
    // The promises are tested from outside the crate as well; the compile-fail
    // programs cannot notice a change of the engine and take the longest.
    cargo("mutants --package cached-core --test-package cached-core,cached-workspace")
        .args(["--all-features", "--minimum-test-timeout=60"])
        .args(files)
        .args(words)
        .args(["--", "--lib", "--tests", "--", "--skip=ui::"])
        .run()
}

/// What cargo-mutants matches files by.
fn glob(place: &str) -> Outcome<String> {
    let path = root().join(place);
    match (path.is_dir(), path.is_file()) {
        (true, _) => Ok(format!("{place}/**/*.rs")),
        (_, true) => Ok(place.to_owned()),
        _ => Err(format!(
            "PLACES in xtask/src/mutants.rs names {place}, which is not there"
        )),
    }
}
