//! Bad input gets a typed error or one report whose text holds the fix. Nothing panics.
//!
//! What belongs to a whole process (the installed cache, CACHE_URL) is tried in a child process:
//! this test binary again, running [`child`] with a scenario's name in its environment.

use std::process::{Command, Output};
use std::time::Duration;

use cached_core::testing::isolated_blocking;
use cached_core::{Cache, Error, ErrorKind, Outcome, Ttl, cached, install, replace};

use crate::support::{Task, memory};

const SCENARIO: &str = "CACHED_TEST_SCENARIO";

#[cached(key = "b:answer")]
fn answer() -> u64 {
    42
}

#[cached(key = "b:named:<id>", cache = "sessions")]
fn named(id: u64) -> u64 {
    id
}

#[cached(key = "b:ttl:<id>", ttl = ttl, skip(ttl))]
fn with_ttl(id: u64, ttl: Ttl) -> u64 {
    let _ = ttl;
    id
}

#[cached(key = "<name>")]
fn by_name(name: &str) -> usize {
    name.len()
}

#[test]
fn child() {
    let Ok(scenario) = std::env::var(SCENARIO) else {
        return;
    };
    let (_, run) = SCENARIOS
        .iter()
        .find(|(name, _)| *name == scenario)
        .expect("a known scenario");
    run();
}

type Scenario = (&'static str, fn());

const SCENARIOS: &[Scenario] = &[
    ("first use installs", first_use_installs),
    ("install", install_scenario),
    ("named", named_scenario),
    ("malformed", malformed_scenario),
    ("dummy", || assert_eq!(outcomes(), [Outcome::NotStored; 2])),
    ("memory", || {
        assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit])
    }),
    ("ttl", bad_ttl_scenario),
    ("empty", empty_key_scenario),
];

fn outcomes() -> [Outcome; 2] {
    [answer::traced().1, answer::traced().1]
}

/// Runs a scenario in a process of its own; what it wrote to stderr.
#[track_caller]
fn run(scenario: &str, cache_url: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("the path of this test binary"));
    command.args([
        "--exact",
        "bad_input::child",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env(SCENARIO, scenario).env_remove("CACHE_URL");
    if let Some(url) = cache_url {
        command.env("CACHE_URL", url);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    let stdout = String::from_utf8_lossy(&stdout);
    assert!(status.success(), "{scenario}: {status}\n{stdout}\n{stderr}");
    assert!(
        stdout.contains("1 passed"),
        "{scenario} did not run: {stdout}"
    );
    stderr
}

#[track_caller]
fn says_once(stderr: &str, parts: &[&str]) {
    let reports = stderr.lines().filter(|line| line.starts_with("cached: "));
    let lines: Vec<_> = reports.filter(|line| line.contains(parts[0])).collect();
    assert_eq!(
        lines.len(),
        1,
        "one report with `{}` in: {stderr}",
        parts[0]
    );
    for part in parts {
        assert!(
            lines[0].contains(part),
            "`{}` should say `{part}`",
            lines[0]
        );
    }
}

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, says: &str) {
    let error = result.expect_err("it should fail");
    assert_eq!(error.kind(), kind);
    assert!(
        error.to_string().contains(says),
        "`{error}` should say `{says}`"
    );
}

fn first_use_installs() {
    answer();
    fails(install(memory()), ErrorKind::AlreadyInstalled, "`replace`");
    let before = replace(memory()).expect("first use put one in place");
    assert_eq!(
        before.len(),
        1,
        "the entry stays in the cache it was stored in"
    );
    assert_eq!(
        answer::traced().1,
        Outcome::Stored,
        "the next call uses the new one"
    );
}

fn install_scenario() {
    let cache = memory();
    install(cache.clone()).expect("nothing ran before");
    assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
    assert_eq!(cache.len(), 1);
    assert_eq!(Cache::current().expect("one is installed").len(), 1);
    fails(
        install(memory()),
        ErrorKind::AlreadyInstalled,
        "call `install` before",
    );
    let other_thread = std::thread::spawn(|| answer::traced().1)
        .join()
        .expect("no panic");
    assert_eq!(other_thread, Outcome::Hit);
}

fn named_scenario() {
    fails(
        Cache::named("sessions"),
        ErrorKind::UnknownCache,
        ".name(\"sessions\")",
    );
    assert_eq!(
        (named::traced(1).1, named::traced(1).1),
        (Outcome::Uncached, Outcome::Uncached)
    );
    let sessions = || Cache::memory().name("sessions").build().expect("valid");
    install(sessions()).expect("nobody installed it");
    assert_eq!(
        (named::traced(1).1, named::traced(1).1),
        (Outcome::Stored, Outcome::Hit)
    );
    assert_eq!(Cache::named("sessions").expect("installed").len(), 1);
    fails(
        install(sessions()),
        ErrorKind::AlreadyInstalled,
        "named `sessions`",
    );
    fails(
        Cache::named("session"),
        ErrorKind::UnknownCache,
        "`sessions`",
    );
    assert_eq!(
        replace(sessions()).expect("the one before").name(),
        Some("sessions")
    );
    assert_eq!(named::traced(1).1, Outcome::Stored);
    assert_eq!(
        outcomes(),
        [Outcome::Stored, Outcome::Hit],
        "the unnamed one is another"
    );
}

fn malformed_scenario() {
    assert_eq!(
        outcomes(),
        [Outcome::Uncached; 2],
        "the function works all the same"
    );
    fails(Cache::from_env(), ErrorKind::Url, "memory");
    fails(Cache::current(), ErrorKind::Url, "memory");
    let replaced = replace(memory());
    assert!(replaced.is_none(), "there was none");
    assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
}

fn bad_ttl_scenario() {
    for ttl in [
        Ttl::from(-1i64),
        Ttl::from(u64::MAX),
        Ttl::from(Duration::MAX),
        Ttl::from(0u64),
    ] {
        for _ in 0..2 {
            assert_eq!(with_ttl::traced(1, ttl), (1, Outcome::NotStored), "{ttl}");
        }
    }
    assert_eq!(with_ttl::traced(1, Ttl::from(1u64)).1, Outcome::Stored);
}

fn empty_key_scenario() {
    assert_eq!(
        (by_name::traced("").1, by_name::traced("").1),
        (Outcome::Uncached, Outcome::Uncached)
    );
    assert_eq!(
        (by_name::traced("a").1, by_name::traced("a").1),
        (Outcome::Stored, Outcome::Hit)
    );
    assert_eq!(
        by_name::entry("").blocking().invalidate(),
        cached_core::Delivery::Nothing
    );
}

#[test]
fn install_after_first_use_is_an_error_and_replace_is_not() {
    run("first use installs", None);
    run("install", None);
}

#[test]
fn a_function_of_a_cache_nobody_installed_runs_uncached_and_says_so_once() {
    let stderr = run("named", None);
    says_once(
        &stderr,
        &[
            "no cache named `sessions`",
            "`named`",
            "bad_input.rs",
            "install",
        ],
    );
}

#[test]
fn a_malformed_cache_url_is_reported_once_with_the_fix() {
    let stderr = run("malformed", Some("memroy://"));
    says_once(
        &stderr,
        &[
            "did you mean `memory`",
            "memroy://",
            "CACHE_URL=memory://",
            "uncached",
        ],
    );
    let stderr = run("malformed", Some("memory"));
    says_once(&stderr, &["write `memory://`", "uncached"]);
    let stderr = run("malformed", Some("memory:///var/tmp?x"));
    says_once(&stderr, &["no host or path", "`memory://`"]);
}

#[test]
fn cache_url_chooses_the_cache() {
    run("dummy", Some("dummy://"));
    run("memory", Some("memory://?max_entries=5"));
    run("memory", Some(" memory:// "));
    run("memory", None);
}

#[test]
fn an_unusable_ttl_of_a_function_is_reported_once_and_nothing_is_stored() {
    says_once(
        &run("ttl", None),
        &["TTL", "`with_ttl`", "nothing is stored", "bad_input.rs"],
    );
}

#[test]
fn an_empty_key_of_a_function_is_reported_once() {
    says_once(&run("empty", None), &["empty", "`by_name`", "uncached"]);
}

#[test]
fn an_empty_key_is_an_error_of_every_operation() {
    let cache = memory();
    let c = cache.blocking();
    let says = "empty";
    fails(c.get::<i64>(""), ErrorKind::Key, says);
    fails(c.get_or("", 1i64), ErrorKind::Key, says);
    fails(
        c.get_or_set("", 60, || -> i64 { panic!("it must not run") }),
        ErrorKind::Key,
        says,
    );
    fails(c.set("", &1i64, 60), ErrorKind::Key, says);
    fails(c.add("", &1i64, 60), ErrorKind::Key, says);
    fails(c.delete(""), ErrorKind::Key, says);
    fails(c.invalidate(""), ErrorKind::Key, says);
    fails(c.invalidate_tag(""), ErrorKind::Key, says);
    fails(c.expire(""), ErrorKind::Key, says);
    fails(c.contains(""), ErrorKind::Key, says);
    fails(c.touch("", 60), ErrorKind::Key, says);
    fails(c.incr("", 1), ErrorKind::Key, says);
    fails(c.decr("", 1), ErrorKind::Key, says);
    fails(c.get_many::<i64>(["k", ""]), ErrorKind::Key, says);
    fails(c.set_many([("", &1i64)], 60), ErrorKind::Key, says);
    fails(c.delete_many([""]), ErrorKind::Key, says);
    fails(Task::new(cache.get::<i64>("")).ends(), ErrorKind::Key, says);
    let try_get_or_set = c.try_get_or_set("", 60, || Ok::<i64, Error>(1));
    fails(try_get_or_set, ErrorKind::Key, says);
}

#[test]
fn an_unusable_ttl_is_an_error_of_every_operation_that_takes_one() {
    let cache = memory();
    let c = cache.blocking();
    for ttl in [
        Ttl::from(-1i32),
        Ttl::from(i64::MIN),
        Ttl::from(u64::MAX),
        Ttl::from(Duration::MAX),
    ] {
        fails(c.set("k", &1i64, ttl), ErrorKind::Ttl, "Ttl::FOREVER");
        fails(c.add("k", &1i64, ttl), ErrorKind::Ttl, "Ttl::FOREVER");
        fails(c.touch("k", ttl), ErrorKind::Ttl, "Ttl::FOREVER");
        fails(
            c.set_many([("k", &1i64)], ttl),
            ErrorKind::Ttl,
            "Ttl::FOREVER",
        );
        let body = || -> i64 { panic!("it must not run") };
        fails(c.get_or_set("k", ttl, body), ErrorKind::Ttl, "Ttl::FOREVER");
        fails(
            Cache::memory().default_ttl(ttl).build(),
            ErrorKind::Ttl,
            "Ttl::FOREVER",
        );
    }
    assert!(cache.is_empty());
}

#[test]
fn the_builder_refuses_what_cannot_work() {
    fails(
        Cache::memory().max_entries(0).build(),
        ErrorKind::Config,
        "at least 1",
    );
    fails(
        Cache::memory().max_weight(0).build(),
        ErrorKind::Config,
        "at least 1",
    );
    fails(
        Cache::memory().default_ttl(0).build(),
        ErrorKind::Config,
        "at least 1",
    );
    fails(
        Cache::memory().default_ttl(Duration::ZERO).build(),
        ErrorKind::Config,
        "at least 1",
    );
    Cache::memory()
        .max_entries(1)
        .max_weight(1)
        .build()
        .expect("useless, but possible");
    Cache::memory()
        .max_entries(usize::MAX)
        .max_weight(u64::MAX)
        .build()
        .expect("no bound at all");
}

#[test]
fn urls_are_refused_with_the_nearest_word() {
    let connect = |url: &'static str| Task::new(Cache::connect(url)).ends();
    fails(connect("mem://"), ErrorKind::Url, "`memory`");
    fails(connect("dumy://"), ErrorKind::Url, "did you mean `dummy`");
    fails(connect(""), ErrorKind::Url, "memory://");
    fails(
        connect("memory://?max_entrys=3"),
        ErrorKind::Url,
        "did you mean `max_entries`",
    );
    fails(
        connect("memory://?max_entries"),
        ErrorKind::Url,
        "whole number",
    );
    fails(
        connect("memory://?max_entries=-1"),
        ErrorKind::Url,
        "whole number",
    );
    fails(
        connect("memory://?max_entries=0"),
        ErrorKind::Config,
        "at least 1",
    );
    fails(
        connect("memory://?default_ttl=18446744073709551615"),
        ErrorKind::Ttl,
        "too long",
    );
    let url = "memory://?max_entries=5&max_weight=10000&default_ttl=60&name=mine";
    assert_eq!(connect(url).expect("valid").name(), Some("mine"));
    let dummy = connect("dummy://").expect("valid");
    dummy.blocking().set("k", &1i64, 60).expect("valid");
    assert!(dummy.is_empty());
}

#[test]
fn values_that_cannot_be_measured_are_typed_errors_only_where_it_matters() {
    #[derive(Clone, serde::Deserialize)]
    struct Sealed;
    impl serde::Serialize for Sealed {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("as the test wants"))
        }
    }
    memory()
        .blocking()
        .set("k", &Sealed, 60)
        .expect("nobody measures it");
    let weighed = Cache::memory().max_weight(1 << 20).build().expect("valid");
    fails(
        weighed.blocking().set("k", &Sealed, 60),
        ErrorKind::Unencodable,
        "Serialize",
    );
    assert!(
        weighed.blocking().get_or_set("k", 60, || Sealed).is_ok(),
        "the caller gets its value"
    );
    assert!(weighed.is_empty());
    isolated_blocking(answer);
}
