//! Installs what the tests need beyond the Rust toolchain. Nothing here is
//! needed to build or use the crates.

use std::path::Path;

use crate::run::{Outcome, cargo, program};

/// Programs from the distribution: the name of the program and of its package.
const PACKAGES: &[(&str, &str)] = &[
    ("valgrind", "valgrind"),
    ("redis-server", "redis-server"),
    ("memcached", "memcached"),
    ("postgres", "postgresql"),
    ("mariadbd", "mariadb-server-core"),
    ("mariadb", "mariadb-client-core"),
];

/// Programs that Debian keeps out of the path.
const PLACES: &[&str] = &["/usr/sbin", "/usr/lib/postgresql"];

/// Components of the Rust toolchain, by the cargo command they bring.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// The first step of `cargo xtask test`.
pub(crate) fn install() -> Outcome {
    let components: Vec<_> = COMPONENTS
        .iter()
        .filter(|(command, _)| !has_command(command))
        .collect();
    if !components.is_empty() {
        let names = components.iter().map(|(_, name)| *name);
        program("rustup")
            .args(["component", "add"])
            .args(names)
            .run()?;
    }
    let packages: Vec<&str> = PACKAGES
        .iter()
        .filter(|(name, _)| !has_program(name))
        .map(|(_, package)| *package)
        .collect();
    if packages.is_empty() {
        Ok(())
    } else {
        install_packages(&packages)
    }
}

/// Whether a program is there.
pub(crate) fn has_program(name: &str) -> bool {
    program(name).args(["--version"]).works()
        || PLACES
            .iter()
            .any(|place| is_below(Path::new(place), name, 2))
}

/// Whether the program is in this directory, or so many below it.
fn is_below(place: &Path, name: &str, depth: u32) -> bool {
    let below = || std::fs::read_dir(place).into_iter().flatten().flatten();
    place.join(name).is_file()
        || depth > 0 && below().any(|inner| is_below(&inner.path(), name, depth - 1))
}

/// Whether `cargo <name>` is there.
pub(crate) fn has_command(name: &str) -> bool {
    cargo(name).args(["--version"]).works()
}

fn install_packages(packages: &[&str]) -> Outcome {
    let list = packages.join(" ");
    if !cfg!(target_os = "linux") {
        eprintln!("note: {list} missing; what needs it is left out on this system");
        return Ok(());
    }
    let by_hand = format!("{list} missing; install it, for example: sudo apt-get install {list}");
    let prefix = privilege()
        .filter(|_| has_program("apt-get"))
        .ok_or(&by_hand)?;
    // A stale or partly unreachable package list often still has the package.
    let _ = apt(prefix).args(["update"]).run();
    if packages.contains(&"postgresql") {
        without_cluster(prefix)?;
    }
    let install = apt(prefix)
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages);
    install.run().map_err(|fault| format!("{fault}\n{by_hand}"))
}

/// Keeps Debian from starting a server of its own when PostgreSQL is installed.
fn without_cluster(prefix: &[&str]) -> Outcome {
    let common = [
        "install",
        "-y",
        "--no-install-recommends",
        "postgresql-common",
    ];
    apt(prefix).args(common).run()?;
    let mut sed = prefix.iter().chain(&["sed"]);
    let first = sed.next().expect("the chain ends with sed");
    let switch = "s/^#\\?create_main_cluster.*/create_main_cluster = false/";
    program(first)
        .args(sed)
        .args(["-i", switch, "/etc/postgresql-common/createcluster.conf"])
        .run()
}

fn apt(prefix: &[&str]) -> crate::run::Process {
    let mut words = prefix.iter().chain(&["apt-get"]);
    let first = words.next().expect("the chain ends with apt-get");
    program(first).args(words)
}

/// How to become root: nothing to do, `sudo` without a question, or not at all.
fn privilege() -> Option<&'static [&'static str]> {
    if program("id")
        .args(["-u"])
        .stdout()
        .is_ok_and(|id| id.trim() == "0")
    {
        Some(&[])
    } else if program("sudo").args(["-n", "true"]).works() {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}
