mod batches;
mod free;
mod methods;

use crate::place::{Place, Surroundings};
use crate::testing::{faults, formatted, inside, tokens};

fn expand(place: Place, attr: &str, item: &str) -> proc_macro2::TokenStream {
    super::expand(tokens(attr), tokens(item), inside(place))
}

#[test]
fn every_policy_reaches_the_site() {
    let expansion = formatted(expand(
        Place::Free,
        "key = \"k\", ttl = \"forever\", ttl_none = \"30s\", lock = \"9s\", wait = \"2s\", version = 2,
         cache = \"c\", in_process, share_err = false, weigh = |v: &V| v.size()",
        "fn f() -> Option<V> { None }",
    ));
    for call in [
        ".forever()",
        ".ttl_none_ms(30000)",
        ".lock_ms(9000)",
        ".wait_ms(2000)",
        ".version(2)",
        ".cache(\"c\")",
        ".in_process()",
        ".no_share_err()",
        ".weigh(|v: &V| v.size())",
        "shape!(Option < V >, in_process)",
    ] {
        assert!(expansion.contains(call), "{call} in {expansion}");
    }
}

#[test]
fn what_is_said_of_the_first_tier_reaches_the_site() {
    for (l1, call) in [
        ("l1 = \"10s\"", ".l1_ms(10000)"),
        ("l1 = 2", ".l1_ms(2000)"),
        ("l1 = 5 * 60", ".l1_ms(300000)"),
        ("l1 = false", ".no_l1()"),
    ] {
        let one = expand(Place::Free, l1, "fn f() -> u8 { 1 }");
        let batch = expand(
            Place::Free,
            &format!("key = \"k:<id>\", batch(id in ids), {l1}"),
            "fn f(ids: &[u8]) -> HashMap<u8, u8> { HashMap::new() }",
        );
        for expansion in [formatted(one), formatted(batch)] {
            assert!(expansion.contains(call), "{call} in {expansion}");
        }
    }
}

#[test]
fn what_says_nothing_of_the_first_tier_is_refused() {
    for (l1, fault) in [
        ("l1", "`l1` says nothing here"),
        ("l1 = true", "`l1` says nothing here"),
        ("l1 = 0", "`l1 = 0` is zero"),
        ("l1 = \"0s\"", "write `l1 = false`"),
        ("l1 = -1", "is negative"),
        ("l1 = 1.5", "is a fraction"),
        ("l1 = \"soon\"", "is not a duration"),
        ("l1 = \"forever\"", "is no age"),
        ("l1 = 99999999999", "is longer than 100 years"),
        ("l1 = AGE", "takes a literal duration or `false`"),
        ("l1(\"10s\")", "is not written this way"),
        (
            "in_process, l1 = \"10s\"",
            "keeps the values in memory only",
        ),
        ("l1 = false, in_process", "keeps the values in memory only"),
    ] {
        let found = faults(&expand(Place::Free, l1, "fn f() -> u8 { 1 }"));
        assert_eq!(found.len(), 1, "{l1}: {found:#?}");
        assert!(found[0].contains(fault), "{l1}: {found:#?}");
    }
}

#[test]
fn a_faulty_function_stays_as_it_was() {
    let expansion = expand(
        Place::Free,
        "key = \"\", ttl = 0",
        "#[inline] fn f(a: u8) -> u8 { a }",
    );
    assert_eq!(faults(&expansion).len(), 2);
    let text = formatted(expansion);
    assert!(
        text.starts_with("#[inline]\nfn f(a: u8) -> u8 {\n    a\n}\n"),
        "{text}"
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let expansion = expand(
        Place::Free,
        "key = \"a:<x>:<y>\", tll = 5, ttl = -1, skip(z), stale, lock(3)",
        "const fn f<T>(x: &mut u8, y: u8) {}",
    );
    let faults = faults(&expansion);
    for fault in [
        "did you mean `ttl`",
        "is negative",
        "`skip(z)` names no argument",
        "`stale` is not available yet",
        "`lock` is not written this way",
        "`const fn`",
        "by `&mut`",
        "returns nothing",
        "`T` is not in the key",
    ] {
        assert!(
            faults.iter().any(|found| found.contains(fault)),
            "{fault} in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), 9);
}

#[test]
fn what_others_call_timeout_is_named() {
    let expansion = expand(
        Place::Free,
        "key = \"a\", timeout = 60",
        "fn f() -> u8 { 1 }",
    );
    let faults = faults(&expansion);
    assert!(faults[0].contains("`ttl = \"5m\"`"), "{faults:#?}");
}

#[test]
fn a_broken_option_does_not_hide_the_next() {
    let expansion = expand(Place::Free, "key = , ttl = 0", "fn f() -> u8 { 1 }");
    assert_eq!(faults(&expansion).len(), 2);
}

#[test]
fn the_body_is_not_looked_into() {
    let expansion = expand(Place::Free, "", "fn f() -> u8 { this is $ not rust @ 7 }");
    let text = expansion.to_string();
    assert!(text.contains("{ this is $ not rust @ 7 }"), "{text}");
}

#[test]
fn self_decides_where_the_source_does_not() {
    let unknown = |item| super::expand(tokens("skip(self)"), tokens(item), Surroundings::default());
    assert!(formatted(unknown("fn f(&self) -> u8 { 1 }")).contains("fn f_entry(&self)"));
    let unknown = |item| super::expand(tokens(""), tokens(item), Surroundings::default());
    assert!(formatted(unknown("fn f() -> u8 { Self::X }")).contains("fn f_entry()"));
    assert!(formatted(unknown("fn f() -> u8 { X }")).contains("enum f"));
}
