//! What belongs to a whole process: the installed cache, CACHE_URL, and reports that are made once.
//!
//! Each scenario runs in a child process: this test binary again, running [`child`] with the
//! scenario's name in its environment.

use std::process::{Command, Output};
use std::time::Duration;

use cached_core::testing::in_process;
use cached_core::{
    Cache, Delivery, ErrorKind, Outcome, Override, Ttl, cached, install, invalidate_blocking,
    replace,
};

use crate::support::{fails, memory};

const SCENARIO: &str = "CACHED_TEST_SCENARIO";

#[cached(key = "b:answer")]
fn answer() -> u64 {
    42
}

#[cached(key = "b:named:<id>", cache = "sessions")]
fn named(id: u64) -> u64 {
    id
}

#[cached_core::invalidates("b:named:<id>", cache = "sessions")]
fn rename(id: u64) {
    let _ = id;
}

#[cached_core::invalidates("b:named:<id>", cache = "elsewhere")]
fn rename_elsewhere(id: u64) {
    let _ = id;
}

#[cached(key = "b:ttl:<id>", ttl = ttl, skip(ttl))]
fn with_ttl(id: u64, ttl: Ttl) -> u64 {
    let _ = ttl;
    id
}

#[cached_core::invalidates("<name>")]
fn rename_it(name: &str) {
    let _ = name;
}

#[cached(key = "<name>")]
fn by_name(name: &str) -> usize {
    name.len()
}

#[cached(key = "b:pinned:<id>", in_process, skip(value))]
fn pinned(id: u64, value: u64) -> u64 {
    let _ = id;
    value
}

#[cached(key = "b:pinned:<id>", skip(value))]
fn shared(id: u64, value: u64) -> u64 {
    let _ = id;
    value
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
    ("zero ttl", || {
        with_ttl::traced(1, Ttl::from(0u64));
    }),
    ("good ttl", || {
        with_ttl::traced(1, Ttl::from(60u64));
    }),
    ("empty", empty_key_scenario),
    ("named by url", || {
        assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
        assert_eq!(Cache::named("sessions").expect("by its name").len(), 1);
    }),
    ("first with a policy", || {
        let cache = Cache::memory().policy("b:answer", Override::new().off());
        install(cache.build().expect("valid")).expect("the first");
        answer::entry().blocking().put(7);
        assert_eq!(answer::traced(), (42, Outcome::Uncached));
    }),
    ("two tiers", || {
        let tiered = Cache::on(in_process()).l1_watched().build();
        install(tiered.expect("it tells of changes")).expect("the first");
        assert_eq!(pinned::traced(1, 10), (10, Outcome::Stored));
        assert_eq!(shared::traced(1, 20), (20, Outcome::Stored));
        assert_eq!(shared::traced(1, 21), (20, Outcome::Hit), "it is far");
        assert_eq!(shared::traced(1, 22), (20, Outcome::Hit), "it is near");
        assert_eq!(pinned::traced(1, 11), (10, Outcome::Hit));
    }),
    ("replaced by a miss", || {
        let built = Cache::memory().prefix_with(|| "acme").build();
        let (acme, next) = built.map(|acme| (acme.clone(), acme)).expect("valid");
        let before = Cache::memory().key_with(move |key| {
            replace(next.clone());
            format!("before/{key}")
        });
        let before = before.build().expect("valid");
        install(before.clone()).expect("first");
        assert_eq!(answer::traced().1, Outcome::Stored);
        assert_eq!((before.len(), acme.len()), (1, 0));
        assert_eq!(outcomes(), [Outcome::Stored, Outcome::Hit]);
        assert_eq!((before.len(), acme.len()), (1, 1));
    }),
    ("named alone", || {
        let sessions = Cache::memory().name("sessions").build();
        install(sessions.expect("valid")).expect("nobody installed it");
        named(1);
        install(memory()).expect("a named cache is not the unnamed one");
    }),
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
        "processes::child",
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
    let elsewhere = Cache::memory().name("elsewhere").build().expect("valid");
    install(elsewhere).expect("nobody installed it");
    rename_elsewhere(1);
    assert_eq!(named::traced(1).1, Outcome::Hit, "another cache was named");
    rename(1);
    assert_eq!(named::traced(1).1, Outcome::Stored);
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
        Delivery::Nothing
    );
    let name = "";
    rename_it(name);
    rename_it(name);
    let delivery = invalidate_blocking!("<name>");
    assert_eq!(delivery, Delivery::Nothing);
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
            "processes.rs",
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
    run("memory", Some("memory://?capacity=5"));
    run("memory", Some(" memory:// "));
    run("memory", None);
    run("named by url", Some("memory://?name=sessions"));
}

#[test]
fn a_first_cache_with_a_policy_is_asked_for_it() {
    run("first with a policy", None);
}

#[test]
fn a_function_of_a_named_cache_makes_no_unnamed_one() {
    let stderr = run("named alone", Some("memroy://"));
    assert!(!stderr.contains("cached: "), "nobody used it: {stderr}");
}

#[test]
fn an_unusable_ttl_of_a_function_is_reported_once_and_nothing_is_stored() {
    says_once(
        &run("ttl", None),
        &["TTL", "`with_ttl`", "nothing is stored", "processes.rs"],
    );
}

#[test]
fn a_ttl_of_zero_is_reported_and_a_good_one_is_not() {
    says_once(&run("zero ttl", None), &["zero", "`with_ttl`", "bypass"]);
    let silent = run("good ttl", None);
    assert!(!silent.contains("cached: "), "nothing to say: {silent}");
}

#[test]
fn an_empty_key_of_a_function_is_reported_once() {
    let stderr = run("empty", None);
    says_once(&stderr, &["`by_name`", "empty", "uncached"]);
    says_once(&stderr, &["`rename_it`", "empty", "not invalidated"]);
}

#[test]
fn a_miss_has_one_cache_and_a_key_one_function() {
    run("two tiers", None);
    run("replaced by a miss", None);
}
