//! What is said of the first of two tiers, by URLs, tables, variables and policies.

use super::{fault, good, named};
use crate::engine::remote::Keep;
use crate::time::Lifetime;

const TWO_SECONDS: Option<Keep> = Some(Keep::at_most(Lifetime(2_000)));

fn shared(l1: &str) -> String {
    format!("[caches.default]\nurl = \"redis://h/0\"\n{l1}\n")
}

#[test]
fn it_is_off_on_or_has_an_age() {
    for (l1, kept) in [
        ("", None),
        ("l1 = false", None),
        ("l1 = true", Some(Keep::WATCHED)),
        ("l1 = \"true\"", Some(Keep::WATCHED)),
        ("l1 = \"2s\"", TWO_SECONDS),
        ("l1 = 2", TWO_SECONDS),
        ("l1 = \"1s1000ms\"", TWO_SECONDS),
    ] {
        assert_eq!(good(&shared(l1), &[]).unnamed.near(), kept, "{l1}");
    }
}

#[test]
fn urls_and_variables_say_it_too() {
    let url = |l1| [("CACHE_URL", l1)];
    for (l1, kept) in [
        ("redis://h/0?l1=true", Some(Keep::WATCHED)),
        ("redis://h/0?l1=2s", TWO_SECONDS),
        ("redis://h/0?l1=2000ms", TWO_SECONDS),
        ("redis://h/0?l1=2", TWO_SECONDS),
        ("redis://h/0?l1=false", None),
    ] {
        let caches = good("[defaults]\nl1 = \"1h\"", &url(l1));
        assert_eq!(caches.unnamed.near(), kept, "{l1}");
    }
    for (variable, kept) in [
        ("2s", TWO_SECONDS),
        ("true", Some(Keep::WATCHED)),
        ("false", None),
    ] {
        let all = [("CACHED_L1", variable)];
        assert_eq!(good(&shared(""), &all).unnamed.near(), kept, "{variable}");
        let own = [("CACHED_CACHES_DEFAULT_L1", variable)];
        let caches = good(&shared("l1 = \"1h\""), &own);
        assert_eq!(caches.unnamed.near(), kept, "{variable}");
    }
}

#[test]
fn what_is_said_of_all_caches_concerns_the_shared_ones() {
    let file = "[defaults]\nl1 = true\n[caches.a]\nurl = \"memory://\"\n\
                [caches.b]\nurl = \"redis://h/0\"\n[caches.c]\nurl = \"redis://h/1\"\nl1 = false\n";
    let caches = good(file, &[]);
    assert_eq!(named(&caches, "a").near(), None);
    assert_eq!(named(&caches, "b").near(), Some(Keep::WATCHED));
    assert_eq!(named(&caches, "c").near(), None);
    let file = "[caches.a]\nurl = \"memory://\"\nl1 = true";
    fault(
        file,
        &[],
        &["cached.toml:3:6: ", "`l1` is for shared backends"],
    );
}

#[test]
fn what_is_no_age_is_refused_where_it_stands() {
    for l1 in [
        "0",
        "\"0s\"",
        "\"forever\"",
        "\"soon\"",
        "-1",
        "1.5",
        "\"\"",
        "[]",
    ] {
        let parts = ["cached.toml:3:6: ", "`l1` takes `true` where", "`10s`"];
        fault(&shared(&format!("l1 = {l1}")), &[], &parts);
        let file = shared(&format!("[caches.default.policy.\"post:<id>\"]\nl1 = {l1}"));
        let parts = ["cached.toml:4:6: ", "`l1` takes how old", "`\"2s\"`"];
        fault(&file, &[], &parts);
    }
    let all = [("CACHED_L1", "0")];
    fault(&shared(""), &all, &["CACHED_L1: `l1` takes"]);
    let url = [("CACHE_URL", "redis://h/0?l1=forever")];
    fault("", &url, &["CACHE_URL: cache URL `redis://…`: `l1` takes"]);
}

#[test]
fn a_policy_names_what_it_can_say() {
    let file = "[defaults.policy.\"post:<id>\"]\nl2 = true";
    fault(
        file,
        &[],
        &["cached.toml:2:1: ", "known are `ttl`, `l1`, `off`"],
    );
    let file = "[defaults]\npolicy.a = 7";
    fault(file, &[], &["cached.toml:2:12: ", "`ttl`, `l1` or `off`"]);
}

#[cfg(feature = "memcached")]
mod of_a_backend_that_does_not_tell {
    use super::*;

    const MEMCACHED: &str = "[caches.default]\nurl = \"memcached://h\"\n";
    const FIX: &str = "cache `default`: its backend does not tell of changes";

    #[track_caller]
    fn refused(file: &str, variables: &[(&str, &str)], place: &str) {
        fault(file, variables, &[place, FIX, "`l1 = \"2s\"`"]);
    }

    #[test]
    fn an_age_is_enough() {
        let file = format!("{MEMCACHED}l1 = \"2s\"\n");
        assert_eq!(good(&file, &[]).unnamed.near(), TWO_SECONDS);
        assert_eq!(good(MEMCACHED, &[]).unnamed.near(), None);
    }

    #[test]
    fn true_is_refused_where_it_stands() {
        refused(&format!("{MEMCACHED}l1 = true"), &[], "cached.toml:3:6: ");
        let file = format!("[defaults]\n\nl1 = true\n{MEMCACHED}");
        refused(&file, &[], "cached.toml:3:6: ");
        assert!(
            good(&format!("{file}l1 = false"), &[])
                .unnamed
                .near()
                .is_none()
        );
        let in_url = [("CACHE_URL", "memcached://h?l1=true")];
        refused("", &in_url, "CACHE_URL: ");
        let own = [("CACHED_CACHES_DEFAULT_L1", "true")];
        refused(
            &format!("{MEMCACHED}l1 = 2"),
            &own,
            "CACHED_CACHES_DEFAULT_L1: ",
        );
        refused(MEMCACHED, &[("CACHED_L1", "true")], "CACHED_L1: ");
    }

    #[test]
    fn so_is_that_of_a_policy() {
        let policy = "[caches.default.policy.\"post:<id>\"]\nl1 =";
        refused(
            &format!("{MEMCACHED}{policy} true"),
            &[],
            "cached.toml:3:24: ",
        );
        good(&format!("{MEMCACHED}{policy} false"), &[]);
        good(&format!("{MEMCACHED}{policy} \"2s\""), &[]);
    }
}
