//! What a file and an environment come to.

#[cfg(feature = "redis")]
mod near;

use std::ffi::OsString;

use super::super::Config;
use super::Caches;
use super::environment::Environment;
use super::merge::merge;
use super::read::Text;
use crate::error::Error;
use crate::time::Lifetime;

fn merged(file: &str, variables: &[(&str, &str)]) -> Result<Caches, Error> {
    let text = Text {
        name: "cached.toml".into(),
        text: file.to_owned(),
    };
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    merge(Some(&text), &Environment::of(variables))
}

#[track_caller]
fn good(file: &str, variables: &[(&str, &str)]) -> Caches {
    merged(file, variables).expect("well-formed")
}

#[track_caller]
fn fault(file: &str, variables: &[(&str, &str)], parts: &[&str]) {
    let error = merged(file, variables).expect_err("malformed").to_string();
    for part in parts {
        assert!(error.contains(part), "`{error}` should say `{part}`");
    }
}

fn named<'c>(caches: &'c Caches, name: &str) -> &'c Config {
    let mut named = caches.named.iter();
    let found = named.find(|config| config.name.as_deref() == Some(name));
    found.expect("it is described")
}

#[test]
fn nothing_is_memory() {
    let caches = good("", &[]);
    assert!(caches.unnamed.stores && caches.named.is_empty());
    assert_eq!(caches.unnamed.default_ttl, Lifetime(300_000));
}

const FILE: &str = r#"
[defaults]
ttl = "5m"
prefix = "shop"     # of shared ones alone
weight = 1_000_000

[caches.default]
url = "memory://?capacity=7"
weight = "64MiB"

[caches.default.policy."post:<id>"]
ttl = 30
[caches.default.policy."feed:{id}"]
off = true

[caches.sessions]
url = "dummy://"
default_ttl = "1h"
capacity = 0x10
"#;

#[test]
fn a_table_amends_the_defaults_and_says_what_its_url_does_not() {
    let caches = good(FILE, &[]);
    assert_eq!(caches.unnamed.bounds.entries, 7);
    assert_eq!(caches.unnamed.bounds.weight, Some(64 << 20));
    assert_eq!(caches.unnamed.default_ttl, Lifetime(300_000));
    assert!(!caches.unnamed.overrides.is_empty());
    let sessions = named(&caches, "sessions");
    assert!(!sessions.stores && sessions.overrides.is_empty());
    assert_eq!(sessions.bounds.entries, 16);
    assert_eq!(sessions.bounds.weight, Some(1_000_000));
    assert_eq!(sessions.default_ttl, Lifetime(3_600_000));
}

#[test]
fn variables_amend_the_file() {
    let variables = [
        ("CACHED_WEIGHT", "2kB"),
        ("CACHED_CACHES_DEFAULT_TTL", "2s"),
        ("CACHED_CACHES_SESSIONS_CAPACITY", "5"),
        ("CACHED_CACHES_USER_FEEDS_URL", "memory://?weight=9"),
        ("CACHED_CACHES_USER_FEEDS_DEFAULT_TTL", "forever"),
        ("CACHED_TEST_OF_SOMEBODY", "else"),
    ];
    let caches = good(FILE, &variables);
    assert_eq!(
        caches.unnamed.bounds.weight,
        Some(64 << 20),
        "its table counts"
    );
    assert_eq!(caches.unnamed.default_ttl, Lifetime(2_000));
    let sessions = named(&caches, "sessions");
    assert_eq!(sessions.bounds.entries, 5);
    assert_eq!(sessions.bounds.weight, Some(2_000));
    let feeds = named(&caches, "user_feeds");
    assert_eq!(feeds.bounds.weight, Some(9));
    assert_eq!(feeds.default_ttl, Lifetime::FOREVER);
}

#[test]
fn cache_url_counts_before_any_other_url() {
    let variables = [
        ("CACHE_URL", " dummy://?capacity=3 "),
        ("CACHED_CACHES_DEFAULT_URL", "memory://"),
    ];
    let caches = good(FILE, &variables);
    assert!(!caches.unnamed.stores);
    assert_eq!(caches.unnamed.bounds.entries, 3);
    assert_eq!(caches.unnamed.bounds.weight, Some(64 << 20));
    let caches = good(FILE, &variables[1..]);
    assert!(caches.unnamed.stores);
    assert_eq!(
        caches.unnamed.bounds.entries, 100_000,
        "the file's URL is out"
    );
    let caches = good(
        "[caches.default]\ncapacity = 4",
        &[("CACHE_URL", "memory://?capacity=3")],
    );
    assert_eq!(caches.unnamed.bounds.entries, 3, "the URL's option counts");
}

#[test]
fn faults_name_the_place_and_the_fix() {
    let at = |file: &str, parts: &[&str]| fault(file, &[], parts);
    at(
        "[default]\nttl = 1",
        &["cached.toml:1:2: ", "did you mean `defaults`?"],
    );
    at(
        "[caches.default]\n  capcity = 1",
        &["cached.toml:2:3: ", "did you mean `capacity`?"],
    );
    at(
        "[defaults]\nnonsense = 1",
        &["cached.toml:2:1: ", "known are `capacity`"],
    );
    at(
        "[caches.default]\ncapacity = \"many\"",
        &["cached.toml:2:12: ", "`10000`"],
    );
    at(
        "[caches.default]\ncapacity = -1",
        &["cached.toml:2:12: ", "1 at least"],
    );
    at(
        "[caches.default]\ncapacity = 1.5",
        &["cached.toml:2:12: ", "whole number"],
    );
    at(
        "[caches.default]\ncapacity = [1]",
        &["cached.toml:2:12: ", "whole number"],
    );
    at(
        "[caches.default]\nttl = 1979-05-27",
        &["cached.toml:2:7: ", "`1h30m`"],
    );
    at(
        "[caches.default]\nttl = 99999999999999999999",
        &["cached.toml:2:7: "],
    );
    at(
        "[caches.default]\nweight = \"99999999999GiB\"",
        &["cached.toml:2:10: ", "`64MiB`"],
    );
    at(
        "[caches.default]\nrequire_shared = 1",
        &["cached.toml:2:18: ", "`true` or `false`"],
    );
    at(
        "[caches.default]\nurl = 1",
        &["cached.toml:2:7: ", "takes a text"],
    );
    at(
        "[caches.default]\nurl = \"memroy://\"",
        &["cached.toml:2:7: ", "did you mean `memory`?"],
    );
    at(
        "[caches.default]\nprefix = \"a\"",
        &["cached.toml:2:10: ", "shared backends"],
    );
    at(
        "[caches.default]\nname = \"a\"",
        &["cached.toml:2:1: ", "named by its table"],
    );
    at(
        "[defaults]\nurl = \"memory://\"",
        &["cached.toml:2:1: ", "`[caches.default]`"],
    );
    at(
        "[caches.a]\ncapacity = 1",
        &["cached.toml:1:", "`a` has no `url`"],
    );
    at(
        "[caches.a]\nurl = \"memory://?name=b\"",
        &["cached.toml:2:7: ", "`a` already"],
    );
    at(
        "[caches.\"\"]\nurl = \"memory://\"",
        &["cached.toml:1:9: ", "has a name"],
    );
    at("caches = 3", &["cached.toml:1:10: ", "`[caches.default]`"]);
    at(
        "[caches.default]\nttl = 1\nttl = 2",
        &["cached.toml:3:1: ", "duplicate"],
    );
    at(
        "[caches.default]\nttl = 1\ndefault_ttl = 2",
        &["cached.toml:", "twice"],
    );
    at(
        "[caches.default]\nurl = \"memory://?capacity=1\"\ncapacity = 1",
        &["cached.toml:3:12: ", "URL too"],
    );
    at(
        "[caches.default]\nurl = memory://",
        &["cached.toml:2:7: ", "no TOML"],
    );
    at(
        "[caches.default]\nttl = 5m",
        &["cached.toml:2:7: ", "`ttl = \"5m\"`"],
    );
    at(
        "[caches.default]\npassword = \"a\"",
        &["cached.toml:2:1: ", "in the `url`"],
    );
    at("[caches.default", &["cached.toml:1:", "no TOML"]);
    at("é = 1 # é\n[x]\né", &["cached.toml:"]);
}

#[test]
fn policies_have_settings_of_their_own() {
    let at = |table: &str, parts: &[&str]| {
        let file = format!("[caches.default.policy.\"post:<id>\"]\n{table}");
        fault(&file, &[], parts);
    };
    at("tll = 1", &["cached.toml:2:1: ", "did you mean `ttl`?"]);
    at("ttl = 0", &["cached.toml:2:7: ", "more than 0"]);
    at("off = 1", &["cached.toml:2:7: ", "`true` or `false`"]);
    fault(
        "[caches.default]\npolicy = 1",
        &[],
        &["cached.toml:2:10: ", "post:<id>"],
    );
    let note = &good(FILE, &[]).notes[0];
    assert!(note.starts_with("cached.toml:"), "{note}");
    assert!(note.contains("no function"), "{note}");
}

#[test]
fn variables_that_resemble_ours_are_faults() {
    let at = |name: &str, parts: &[&str]| fault("", &[(name, "1")], &[&[name], parts].concat());
    at("CACHED_DEFALT_TTL", &["did you mean `CACHED_DEFAULT_TTL`?"]);
    at("CACHED_CONFG", &["did you mean `CACHED_CONFIG`?"]);
    at("CACHED_URL", &["`CACHE_URL`"]);
    at(
        "CACHED_CACHE_A_URL",
        &["did you mean `CACHED_CACHES_A_URL`?"],
    );
    at(
        "CACHED_CACHES_DEFAULT_CAPCITY",
        &["did you mean `capacity`?"],
    );
    at(
        "CACHED_CACHES_SESSIONS_CAPACITY",
        &["no such cache", "`default`"],
    );
    at("CACHED_CACHES_DEFAULT_NAME", &["no such setting"]);
}

#[test]
fn a_cache_that_is_called_almost_as_another_is_noted() {
    const FILE: &str = "[caches.sessions]\nurl = \"memory://\"";
    let notes = |name| good(FILE, &[(name, "memory://")]).notes;
    let [note] = &notes("CACHED_CACHES_SESION_URL")[..] else {
        panic!("one note");
    };
    assert!(note.starts_with("CACHED_CACHES_SESION_URL: "), "{note}");
    assert!(note.ends_with("did you mean `sessions`?"), "{note}");
    assert_eq!(notes("CACHED_CACHES_SESSIONS_URL"), [""; 0]);
    assert_eq!(notes("CACHED_CACHES_REPORTS_URL"), [""; 0]);
}

#[test]
fn a_mistake_in_what_concerns_shared_caches_shows_without_one() {
    for (setting, text) in [("timeout", "soon"), ("l1", "maybe"), ("mac_key", "short")] {
        let name = format!("CACHED_{}", setting.to_uppercase());
        fault("", &[(&name, text)], &[&name, "takes"]);
        let file = format!("[defaults]\n{setting} = \"{text}\"");
        fault(&file, &[], &["cached.toml:2:", "takes"]);
    }
    good("[defaults]\ntimeout = \"2s\"", &[("CACHED_L1", "10s")]);
}

#[cfg(unix)]
#[test]
fn variables_are_text() {
    use std::os::unix::ffi::OsStringExt;
    for name in ["CACHE_URL", "CACHED_TTL", "CACHED_CACHES_DEFAULT_URL"] {
        let value = OsString::from_vec(b"memory://\xff".to_vec());
        let environment = Environment::of([(name.into(), value)].into_iter());
        let error = merge(None, &environment).expect_err("not Unicode");
        assert!(
            error
                .to_string()
                .starts_with(&format!("{name}: it is not valid Unicode"))
        );
    }
    let foreign = OsString::from_vec(b"\xff".to_vec());
    let variables = [
        (foreign.clone(), foreign.clone()),
        ("CACHED_BY_SOMEBODY".into(), foreign),
    ];
    assert!(merge(None, &Environment::of(variables.into_iter())).is_ok());
}

#[test]
fn what_must_be_shared_is_refused_where_it_is_not() {
    let shared = "[defaults]\nrequire_shared = true\n";
    let parts = ["cached.toml:2:18: cache `default`", "`redis://host:6379`"];
    fault(shared, &[], &parts);
    fault(
        "",
        &[("CACHED_REQUIRE_SHARED", "true")],
        &["`default`", "all processes"],
    );
    // A safeguard that is not heard would be none.
    let parts = ["CACHE_REQUIRE_SHARED: did you mean `CACHED_REQUIRE_SHARED`?"];
    fault("", &[("CACHE_REQUIRE_SHARED", "true")], &parts);
    let file =
        format!("{shared}[caches.a]\nurl = \"memory://\"\n[caches.default]\nurl = \"dummy://\"\n");
    fault(&file, &[], &["cached.toml:"]);
    let own = format!("{shared}[caches.default]\nrequire_shared = false");
    good(&own, &[]);
}

#[cfg(feature = "redis")]
#[test]
fn shared_caches_take_the_settings_of_shared_backends() {
    let file = format!(
        "[defaults]\nprefix = \"shop\"\n[caches.default]\nurl = \"redis://:hunter2@h/0\"\n\
         timeout = \"1s\"\nmac_key = \"{}\"",
        "0f".repeat(32)
    );
    let caches = good(
        &file,
        &[("CACHED_LEASE", "5s"), ("CACHED_REQUIRE_SHARED", "true")],
    );
    let remote = caches.unnamed.remote.as_ref().expect("it is shared");
    assert_eq!(remote.prefix, "shop");
    assert_eq!(
        (remote.limits.operation, remote.limits.lease),
        (1_000, 5_000)
    );
    let shown = format!("{caches:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("0f0f"),
        "{shown}"
    );
}
