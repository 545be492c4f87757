//! What URLs spell, and what is said of those that spell nothing.

use super::*;
use crate::time::Lifetime;

#[track_caller]
fn fault(url: &str) -> String {
    Config::from_url(url)
        .expect_err("the URL is malformed")
        .to_string()
}

#[test]
fn urls_spell_the_options() {
    let config =
        Config::from_url("memory://?capacity=10&weight=64MiB&default_ttl=1h30m&name=a%2Fb")
            .expect("well-formed");
    assert_eq!(config.bounds.entries, 10);
    assert_eq!(config.bounds.weight, Some(64 << 20));
    assert_eq!(config.default_ttl, Lifetime(5_400_000));
    assert_eq!(config.name.as_deref(), Some("a/b"));
    let plain = Config::from_url("memory://?ttl=5").expect("well-formed");
    assert_eq!(plain.default_ttl, Lifetime(5_000));
    assert!(!Config::from_url("dummy://").expect("well-formed").stores);
}

#[test]
fn faults_name_the_fix() {
    assert!(fault("memroy://").contains("did you mean `memory`"));
    assert!(fault("memory").contains("write `memory://`"));
    assert!(fault("memory:").contains("write `memory://`"));
    assert!(fault("").contains("it is empty; write `memory://`"));
    assert!(fault("REDIS://h").contains("`CACHE_URL=redis://`"));
    assert!(fault("sqlite:app.db").contains("as in `sqlite://…`"));
    assert!(fault("redis+clustr://h").contains("`CACHE_URL=redis+cluster://`"));
    assert!(fault("memory://?capcity=3").contains("did you mean `capacity`"));
    assert!(fault("memory://?nonsense=3").contains("known are `capacity`"));
    assert!(fault("memory://?capacity=many").contains("whole number"));
    assert!(fault("memory://?capacity=0").contains("1 at least"));
    assert!(fault("memory://?weight=1.5GB").contains("`64MiB`"));
    assert!(fault("memory://?ttl=0").contains("more than 0"));
    assert!(fault("memory://?ttl=99999999999999999999").contains("`5m`"));
    assert!(fault("memory://?capacity=3&capacity=3").contains("`capacity` is in it twice"));
    assert!(fault("memory://?ttl=3&default_ttl=3").contains("`default_ttl` is in it twice"));
    assert!(fault("memory://?name=%zz").contains("`%25`"));
    assert!(fault("memory://?prefix=a").contains("for shared backends"));
    assert!(fault("memory://host").contains("no host or path"));
    assert!(fault("memory://?require_shared=true").contains("`redis://host:6379`"));
    assert!(fault("dummy://?require_shared=true").contains("all processes"));
    assert!(fault("memory://?require_shared=yes").contains("`true` or `false`"));
}

#[test]
fn guessed_schemes_name_the_fix() {
    for guess in [
        "tiered:",
        "tiered://a",
        "tiered:memory://,redis://h",
        "two-tier://",
    ] {
        assert!(
            fault(guess).contains("`redis://host:6379?l1=true`"),
            "{guess}"
        );
    }
    assert!(fault("valkey://:hunter2@h").contains("`redis://host:6379`"));
    assert!(fault("locmem://").contains("`memory://`"));
    assert!(fault("db://table").contains("`postgres://..`"));
    assert!(fault("null://").contains("`dummy://`"));
}

#[cfg(feature = "memcached")]
#[test]
fn a_tier_without_an_age_says_so_and_where() {
    let said = fault("memcached://h?l1=true");
    assert!(
        said.starts_with("cache URL `memcached://…`: its backend"),
        "{said}"
    );
    assert!(said.contains("in a URL `l1=2s`"), "{said}");
}

#[cfg(feature = "redis")]
#[test]
fn options_of_shared_backends_have_units() {
    let url = "redis://h/0?timeout=2s&lease=500&lock_cap=1m&max_value=1MiB&prefix=shop&format=message_pack";
    let config = Config::from_url(url).expect("well-formed");
    let remote = config.remote.expect("it is shared");
    assert_eq!(remote.limits.operation, 2_000);
    assert_eq!(remote.limits.invalidation, 2_000);
    assert_eq!(remote.limits.lease, 500);
    assert_eq!(remote.limits.lock_cap, 60_000);
    assert_eq!(remote.prefix, "shop");
    assert!(fault("redis://h/0?timeout=0").contains("1 ms"));
    assert!(fault("redis://h/0?max_value=257MiB").contains("256MiB"));
    assert!(fault("redis://h/0?prefix=a%2Fb").contains("A-Z"));
    assert!(fault("redis://h/0?format=xml").contains("`message_pack`"));
    assert!(fault("redis://h/0?db=1&db=1").contains("twice"));
    assert!(Config::from_url("redis://h/0?require_shared=true").is_ok());
}

#[cfg(feature = "redis")]
#[test]
fn faults_of_a_redis_url_name_the_fix() {
    assert!(fault("redis://:hunter2@host/0?prefx=a").contains("did you mean `prefix`"));
    assert!(fault("redis://:hunter2@host/0?capcity=3").contains("did you mean `capacity`"));
    assert!(fault("redis://:hunter2@host/0?pasword=3").contains("did you mean `password`"));
    assert!(fault("redis://host/0?timeout=soon").contains("`100ms`"));
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_scheme_of_a_missing_feature_names_it() {
    assert!(fault("redis://:hunter2@host/0").contains("`redis`"));
    assert!(!fault("redis://:hunter2@host/0").contains("hunter2"));
    assert!(fault("rediss://:hunter2@host/0").contains("`redis-tls`"));
}

#[test]
fn databases_take_the_options_of_caches_and_their_own() {
    for (feature, url) in [
        (
            "sqlite",
            "sqlite:///tmp/a.db?create=true&prefix=shop&timeout=50",
        ),
        (
            "postgres",
            "postgresql://u:hunter2@host/db?sslmode=disable&default_ttl=5",
        ),
        (
            "mysql",
            "mariadb://u:hunter2@host/db?table=cells&max_value=1000",
        ),
        (
            "file",
            "file:///tmp/cached-nowhere?max_bytes=2000000&lease=500",
        ),
    ] {
        if let Err(fault) = Config::from_url(url) {
            assert!(fault.to_string().contains(&format!("`{feature}`")));
        }
        let said = fault(&format!("{url}&nonsense=1"));
        assert!(!said.contains("hunter2"), "{said}");
    }
}
