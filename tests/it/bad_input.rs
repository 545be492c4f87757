//! Bad input gets a typed error whose text holds the fix, before anything else happens. Nothing
//! panics. What is reported instead, because a cached function cannot fail, is in `processes`.

use std::time::Duration;

use cached_core::{Cache, Error, ErrorKind, Ttl};

use crate::support::{Task, fails, memory};

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
        Cache::memory().capacity(0).build(),
        ErrorKind::Config,
        "at least 1",
    );
    fails(
        Cache::memory().weight(0).build(),
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
        .capacity(1)
        .weight(1)
        .build()
        .expect("useless, but possible");
    Cache::memory()
        .capacity(usize::MAX)
        .weight(u64::MAX)
        .build()
        .expect("no bound at all");
}

#[test]
fn urls_are_refused_with_the_nearest_word() {
    let connect = |url: &'static str| Task::new(Cache::connect(url)).ends();
    fails(connect("mem://"), ErrorKind::Url, "`memory://`");
    fails(connect("dumy://"), ErrorKind::Url, "did you mean `dummy`");
    fails(connect(""), ErrorKind::Url, "memory://");
    fails(
        connect("memory://?capcity=3"),
        ErrorKind::Url,
        "did you mean `capacity`",
    );
    fails(
        connect("memory://?capacity"),
        ErrorKind::Url,
        "whole number",
    );
    fails(
        connect("memory://?capacity=-1"),
        ErrorKind::Url,
        "whole number",
    );
    fails(
        connect("memory://?capacity=0"),
        ErrorKind::Url,
        "1 at least",
    );
    fails(
        connect("memory://?default_ttl=18446744073709551615"),
        ErrorKind::Url,
        "`1h30m`",
    );
    let url = "memory://?capacity=5&weight=10kB&default_ttl=60&name=mine";
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
    let weighed = Cache::memory().weight(1 << 20).build().expect("valid");
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
}
