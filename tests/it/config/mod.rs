//! Caches as a deployment describes them, by a file and the environment.
//!
//! The environment belongs to the whole process, so each scenario runs in a child of its own: this
//! test binary again, in a folder that holds the scenario's `cached.toml`.

mod files;
#[cfg(feature = "servers")]
mod kinds;
mod secrets;

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use cached_core::{Cache, Config, ErrorKind, Outcome, cached, install, stats};

use crate::support::{fails, memory};

const SCENARIO: &str = "CACHED_TEST_CONFIG_SCENARIO";

#[cached(key = "c:plain:<id>")]
fn plain(id: u64) -> u64 {
    id
}

#[cached(key = "c:session:<id>", cache = "sessions")]
fn session(id: u64) -> u64 {
    id
}

const FILE: &str = r#"
[defaults]
ttl = "5m"
[caches.default]
url = "memory://?capacity=10"
[caches.sessions]
url = "memory://"
[caches.sessions.policy."c:session:<id>"]
off = true
[caches.default.policy."c:plian:<id>"]
ttl = "30s"
[caches.default.policy."c:session:{id}"]
ttl = "30s"
[defaults.policy."c:plain:<id>"]
ttl = "30s"
"#;

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cached-config-{}-{next}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        Self(folder)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("it can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn child() {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        let mut scenarios = SCENARIOS.iter();
        let (_, run) = scenarios
            .find(|(name, _)| *name == scenario)
            .expect("a known scenario");
        run();
    }
}

const SCENARIOS: &[(&str, fn())] = &[
    ("first use", first_use),
    ("named first", named_first),
    ("install", install_scenario),
    ("own", own_caches),
    ("uncached", uncached),
    #[cfg(feature = "servers")]
    ("kinds", kinds::use_all),
    ("dummy", || {
        assert_eq!(plain::traced(1).1, Outcome::NotStored);
    }),
    ("refused", || {
        fails(Cache::from_env(), ErrorKind::Config, "`require_shared`");
        let url = Cache::at("memory://").map(|_| ());
        fails(url, ErrorKind::Config, "`redis://host:6379`");
        memory();
        uncached();
    }),
];

/// Runs a scenario; what it wrote to stderr.
#[track_caller]
fn run(scenario: &str, file: Option<&str>, variables: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    if let Some(file) = file {
        folder.write("cached.toml", file);
    }
    let mut command = Command::new(std::env::current_exe().expect("the path of this test binary"));
    command
        .args(["--exact", "config::child", "--nocapture"])
        .current_dir(&folder.0)
        .env_remove("CACHE_URL")
        .env(SCENARIO, scenario)
        .envs(variables.iter().copied());
    let output = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{scenario}: {}\n{stdout}\n{stderr}",
        output.status
    );
    stderr
}

fn outcomes() -> [Outcome; 2] {
    [plain::traced(1).1, plain::traced(1).1]
}

fn first_use() {
    assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
    assert_eq!(session::traced(1).1, Outcome::Uncached, "by its policy");
    assert_eq!(Cache::named("sessions").expect("described").len(), 0);
    assert_eq!(Cache::named("default").expect("the unnamed one").len(), 1);
    fails(install(memory()), ErrorKind::AlreadyInstalled, "`replace`");
}

fn named_first() {
    assert_eq!(session::traced(1).1, Outcome::Uncached, "by its policy");
    let unknown = Cache::named("session").map(|_| ());
    fails(unknown, ErrorKind::UnknownCache, "installed are `sessions`");
    install(memory()).expect("nobody used the unnamed one");
}

fn install_scenario() {
    let config = Config::load().expect("well-formed");
    assert_eq!(config.names().collect::<Vec<_>>(), ["default", "sessions"]);
    let note = config.notes().concat();
    assert!(note.contains("did you mean `c:plain:<id>`?"), "{note}");
    let builder = config.builder("sesions").map(|_| ());
    fails(builder, ErrorKind::UnknownCache, "`[caches.sesions]`");
    let sessions = config.builder("sessions").expect("described").build();
    assert_eq!(sessions.expect("valid").name(), Some("sessions"));
    config.clone().install().expect("nothing ran before");
    assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
    assert_eq!(session::traced(1).1, Outcome::Uncached, "by its policy");
    fails(config.install(), ErrorKind::AlreadyInstalled, "`replace`");
}

fn own_caches() {
    let own = Cache::memory().name("sessions").build().expect("valid");
    install(own).expect("the first");
    let both = Config::load().expect("well-formed").install();
    fails(both, ErrorKind::AlreadyInstalled, "named `sessions`");
    assert_eq!(session::traced(1).1, Outcome::Stored, "the program's own");
    assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit], "none or all");
    assert_eq!(session::traced(1).1, Outcome::Hit);
}

fn uncached() {
    assert_eq!(outcomes(), [Outcome::Uncached; 2]);
    assert_eq!(session::traced(1).1, Outcome::Uncached);
    assert!(Config::load().is_err() && Cache::current().is_err());
    let stats = stats().to_string();
    assert!(stats.contains("plain"), "{stats}");
}

/// The reports that hold a text.
fn reports<'s>(stderr: &'s str, part: &str) -> Vec<&'s str> {
    let reports = stderr.lines().filter(|line| line.starts_with("cached: "));
    reports.filter(|line| line.contains(part)).collect()
}

#[test]
fn first_use_takes_the_file_and_notes_what_fits_no_function() {
    let stderr = run("first use", Some(FILE), &[]);
    let notes = reports(&stderr, "no function");
    assert_eq!(notes.len(), 1, "{stderr}");
    assert!(notes[0].contains("cached.toml:"), "{stderr}");
    let elsewhere = reports(&stderr, "in another cache; write it for `caches.sessions`");
    assert_eq!(elsewhere.len(), 1, "{stderr}");
    assert_eq!(reports(&stderr, "").len(), 2, "{stderr}");
    assert!(
        notes[0].contains("did you mean `c:plain:<id>`?"),
        "{stderr}"
    );
}

#[test]
fn a_named_cache_of_the_file_makes_no_unnamed_one() {
    run("named first", Some(FILE), &[]);
}

#[test]
fn all_caches_are_installed_or_none() {
    run("install", Some(FILE), &[]);
    run("own", Some(FILE), &[]);
}

#[test]
fn a_malformed_file_is_reported_once_and_functions_run_uncached() {
    let stderr = run("uncached", Some("[caches.default]\ncapcity = 3\n"), &[]);
    let all = reports(&stderr, "cached.toml:2:1: ");
    assert_eq!(all.len(), 1, "{stderr}");
    assert!(all[0].contains("did you mean `capacity`?") && all[0].contains("uncached"));
    // Not as if somebody had forgotten to install it.
    let named = reports(&stderr, "no cache named `sessions`");
    assert_eq!(named.len(), 1, "{stderr}");
    assert!(named[0].contains("is malformed"), "{stderr}");
}

#[test]
fn variables_choose_the_file_and_amend_it() {
    let folder = Folder::new();
    let path = folder.write("elsewhere.toml", FILE);
    let path = path.to_str().expect("Unicode");
    run("first use", None, &[("CACHED_CONFIG", path)]);
    run("first use", Some("broken"), &[("CACHED_CONFIG", path)]);
    run("dummy", Some(FILE), &[("CACHE_URL", "dummy://")]);
    run(
        "dummy",
        Some(FILE),
        &[("CACHED_CACHES_DEFAULT_URL", "dummy://")],
    );
    run("dummy", None, &[("CACHED_CACHES_DEFAULT_URL", "dummy://")]);
    let stderr = run("uncached", None, &[("CACHED_CONFIG", "nowhere.toml")]);
    let all = reports(&stderr, "nowhere.toml: there is no such file");
    assert_eq!(all.len(), 1, "{stderr}");
    let stderr = run("uncached", Some(FILE), &[("CACHED_DEFAULT_TLL", "5m")]);
    let all = reports(&stderr, "did you mean `CACHED_DEFAULT_TTL`?");
    assert_eq!(all.len(), 1, "{stderr}");
    run("uncached", Some(FILE), &[("CACHED_CONFIG", "")]);
}

#[test]
fn what_has_to_be_shared_is_refused_in_memory() {
    let stderr = run("refused", None, &[("CACHED_REQUIRE_SHARED", "true")]);
    assert_eq!(reports(&stderr, "`require_shared`").len(), 1, "{stderr}");
    let shared = "[defaults]\nrequire_shared = true\n";
    run("uncached", Some(shared), &[]);
    run(
        "uncached",
        Some(FILE),
        &[("CACHED_REQUIRE_SHARED", "maybe")],
    );
    let built = Cache::memory().require_shared().build();
    fails(built, ErrorKind::Config, "`redis://host:6379`");
    let built = Cache::dummy().require_shared().build();
    fails(built, ErrorKind::Config, "`CACHE_URL`");
}
