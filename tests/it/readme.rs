//! The README is true: its quick start, its other snippets and its commands for `cargo add` build a
//! crate outside of this workspace, and that prints what the README says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const README: &str = include_str!("../../README.md");
const PRELUDE: &str = include_str!("readme/prelude.rs");

/// The fenced blocks of a language, in order.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let inside = text.split(fence.as_str()).skip(1);
    inside
        .filter_map(|rest| Some(rest.split_once("\n```")?.0))
        .collect()
}

fn quick_start() -> &'static str {
    let (_, section) = README
        .split_once("## Quick start\n")
        .expect("the README has a quick start");
    section.split("\n## ").next().unwrap_or(section)
}

/// `cargo add a --features b,c` as lines of a manifest; versions come from the lock file.
fn dependencies(commands: &str) -> String {
    let dependency = |command: &str| {
        let words: Vec<_> = command.split_whitespace().collect();
        match words[..] {
            ["cargo", "add", "--path", path] => {
                assert!(path.ends_with("/cached-core"), "{path}");
                format!(
                    "cached-core = {{ path = {:?} }}\n",
                    workspace().join("cached-core")
                )
            }
            ["cargo", "add", name, "--features", features] => {
                let features: Vec<_> = features.split(',').collect();
                format!("{name} = {{ version = \"*\", features = {features:?} }}\n")
            }
            _ => panic!("this test does not know how to read `{command}`"),
        }
    };
    commands.lines().map(dependency).collect()
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A crate of its own below the target folder, with the versions of this workspace, so that
/// nothing has to be downloaded again.
fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let commands = blocks(quick_start(), "sh").concat();
    let manifest = format!(
        "[package]\nname = \"readme\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{}\n\
         [dev-dependencies]\ncached-core = {{ path = {:?}, features = [\"redis\", \"testing\"] }}\n\
         serde = {{ version = \"*\", features = [\"derive\"] }}\n",
        dependencies(&commands),
        workspace().join("cached-core"),
    );
    // Examples of a README that has changed since.
    let _ = fs::remove_dir_all(folder.join("examples"));
    write(&folder, "Cargo.toml", &manifest);
    let lock = fs::read_to_string(workspace().join("Cargo.lock"));
    write(
        &folder,
        "Cargo.lock",
        &lock.expect("the workspace is locked"),
    );
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    let parent = file.parent().expect("a file in a folder");
    fs::create_dir_all(parent).expect("the target folder is writable");
    fs::write(file, text).expect("the target folder is writable");
}

/// Runs cargo in the scratch crate and returns what it prints.
fn cargo(folder: &Path, words: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(words.split(' '))
        .args(["--quiet", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .expect("cargo runs this test, so it can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {words} in {}:\n{errors}",
        folder.display()
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Puts a snippet where its names mean something: into a function, below the prelude.
fn wrapped(snippet: &str) -> String {
    format!(
        "{PRELUDE}\nasync fn snippet(db: Db) -> Result<(), DbError> {{\n{snippet}\nOk(())\n}}\n"
    )
}

#[test]
fn the_readme_builds_and_runs() {
    let (program, printed) = match (
        &blocks(quick_start(), "rust")[..],
        &blocks(quick_start(), "text")[..],
    ) {
        ([program], [printed]) => (*program, *printed),
        _ => panic!("the quick start is one program and what it prints"),
    };
    assert!(program.lines().count() <= 25, "a quick start is short");
    let folder = scratch();
    write(&folder, "src/main.rs", program);
    assert_eq!(cargo(&folder, "run").trim(), printed);

    let snippets = blocks(README, "rust")
        .into_iter()
        .filter(|block| *block != program);
    for (index, snippet) in snippets.enumerate() {
        write(
            &folder,
            &format!("examples/snippet_{index}.rs"),
            &wrapped(snippet),
        );
    }
    cargo(&folder, "build --examples");
}

#[test]
fn every_option_is_in_the_table() {
    let folder = workspace().join("cached-macros/src/options");
    for file in fs::read_dir(folder).expect("the options have a folder") {
        let text = fs::read_to_string(file.expect("a readable folder").path()).expect("a source");
        let names = text.lines().filter_map(|line| {
            let name = line.trim().strip_prefix("const NAME: &'static str = \"")?;
            name.strip_suffix("\";")
        });
        for name in names {
            let spelt = format!("`{name}");
            assert!(
                README.contains(&spelt),
                "the README does not tell of `{name}`"
            );
        }
    }
}
