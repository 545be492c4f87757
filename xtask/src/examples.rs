//! Examples and benchmarks, found by their files so that a new one is not forgotten.

use crate::run::{Outcome, cargo, root};
use crate::server::Server;

/// Runs every numbered example, as its first line tells users to.
pub(crate) fn run_all() -> Outcome {
    let numbered = names("examples", |name| {
        name.starts_with(|c: char| c.is_ascii_digit())
    })?;
    if numbered.is_empty() {
        return Err("examples/ holds no numbered example".into());
    }
    let server = Server::start();
    numbered.iter().try_for_each(|name| {
        let example = cargo("run --example").args([name]);
        // All others bring the cache they use.
        if name.contains("redis") {
            example.env("CACHE_URL", &server.url()).run()
        } else {
            example.run()
        }
    })
}

/// Runs the benchmarks named, or all.
pub(crate) fn bench(wanted: &[String]) -> Outcome {
    let all = names("benches", |_| true)?;
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        return Err(format!(
            "no benchmark `{unknown}`; there are: {}",
            all.join(", ")
        ));
    }
    let chosen = if wanted.is_empty() { &all[..] } else { wanted };
    chosen
        .iter()
        .try_for_each(|name| cargo("bench --bench").args([name]).run())
}

/// Prints one example as the compiler sees it after expansion.
pub(crate) fn expand(words: &[String]) -> Outcome {
    let [name] = words else {
        return Err("usage: cargo xtask expand <example>, such as 01_hello".into());
    };
    // The compiler prints expansions under a flag that stable toolchains hide; a target
    // folder of its own keeps the variable from rebuilding everything else.
    cargo("rustc --profile=check --target-dir=target/expand --example")
        .args([name.as_str(), "--", "-Zunpretty=expanded"])
        .env("RUSTC_BOOTSTRAP", "1")
        .run()
}

/// The names of a folder's Rust files that are wanted, sorted.
fn names(folder: &str, wanted: fn(&str) -> bool) -> Outcome<Vec<String>> {
    let entries = std::fs::read_dir(root().join(folder)).map_err(|e| format!("{folder}: {e}"))?;
    let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".rs").map(str::to_owned))
        .collect();
    names.retain(|name| wanted(name));
    names.sort();
    Ok(names)
}
