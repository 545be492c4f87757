//! Which caches a mutator reaches: the installed one and every cache where a registered function
//! keeps keys of that text; a cache given by an expression only by name.
//!
//! Without a test scope, because one cache would stand in for all of them; so these functions have
//! keys that no other test uses, and each test has an id of its own.

use cached_core::{Cache, Outcome, cached, install, invalidate_blocking, invalidates};

use crate::support::memory;

#[cached(key = "r:post:<id>")]
fn plain(id: u64) -> u64 {
    id
}

#[cached(key = "r:post:<id>", version = 2, tags("r:all:<id>"))]
fn newer(id: u64) -> u64 {
    id
}

#[cached(key = "r:post:<id>", cache = "reach", tags("r:all:<id>"))]
fn named(id: u64) -> u64 {
    id
}

#[cached(key = "r:post:<id>", cache = "reach", version = 3)]
fn newest(id: u64) -> u64 {
    id
}

#[cached(key = "r:post:<id>", cache = cache, tags("r:all:<id>"), skip(cache))]
fn given(id: u64, cache: &Cache) -> u64 {
    let _ = cache;
    id
}

#[invalidates("r:post:<id>")]
fn update(id: u64) {
    let _ = id;
}

#[invalidates("r:post:<id>", cache = cache)]
fn update_in(id: u64, cache: &Cache) {
    let _ = (id, cache);
}

#[invalidates("r:post:<id>", cache = "reach")]
fn update_named(id: u64) {
    let _ = id;
}

#[invalidates(tag = "r:all:<id>")]
fn update_all(id: u64) {
    let _ = id;
}

/// Installs the named cache, once per process.
fn reach() -> Cache {
    let _ = install(Cache::memory().name("reach").build().expect("valid"));
    Cache::named("reach").expect("it was installed just now, or before")
}

/// Which of the five functions miss: plain, version 2, named, named version 3, given.
fn misses(id: u64, cache: &Cache) -> [bool; 5] {
    let outcomes = [
        plain::traced(id).1,
        newer::traced(id).1,
        named::traced(id).1,
        newest::traced(id).1,
        given::traced(id, cache).1,
    ];
    outcomes.map(|outcome| match outcome {
        Outcome::Hit => false,
        Outcome::Stored => true,
        other => panic!("{other:?}"),
    })
}

#[test]
fn each_function_has_its_entry() {
    let (_reach, cache) = (reach(), memory());
    assert_eq!(misses(1, &cache), [true; 5]);
    assert_eq!(misses(1, &cache), [false; 5]);
    assert_eq!(misses(1, &memory()), [false, false, false, false, true]);
}

#[test]
fn a_template_reaches_versions_and_named_caches_but_not_a_given_one() {
    let (_reach, cache) = (reach(), memory());
    misses(2, &cache);
    update(2);
    assert_eq!(misses(2, &cache), [true, true, true, true, false]);
    let id = 2;
    invalidate_blocking!("r:post:<id>");
    assert_eq!(misses(2, &cache), [true, true, true, true, false]);
}

#[test]
fn a_cache_expression_confines_a_mutator_to_that_cache() {
    let (_reach, cache, other) = (reach(), memory(), memory());
    misses(3, &cache);
    update_in(3, &other);
    assert_eq!(misses(3, &cache), [false; 5]);
    update_in(3, &cache);
    assert_eq!(misses(3, &cache), [false, false, false, false, true]);
}

#[test]
fn a_cache_name_confines_a_mutator_to_that_cache() {
    let (_reach, cache) = (reach(), memory());
    misses(4, &cache);
    update_named(4);
    assert_eq!(misses(4, &cache), [false, false, true, true, false]);
}

#[test]
fn the_function_form_reaches_that_function_only() {
    let (_reach, cache) = (reach(), memory());
    misses(5, &cache);
    invalidate_blocking!(given(5, &cache));
    assert_eq!(misses(5, &cache), [false, false, false, false, true]);
    invalidate_blocking!(newer(5));
    assert_eq!(misses(5, &cache), [false, true, false, false, false]);
    invalidate_blocking!(newest(5), plain(5));
    assert_eq!(misses(5, &cache), [true, false, false, true, false]);
}

#[test]
fn a_tag_reaches_versions_and_named_caches_but_not_a_given_one() {
    let (_reach, cache) = (reach(), memory());
    misses(6, &cache);
    let id = 6;
    update_all(id);
    assert_eq!(misses(6, &cache), [false, true, true, false, false]);
    invalidate_blocking!(tag = "r:all:<id>", cache = cache);
    assert_eq!(misses(6, &cache), [false, false, false, false, true]);
}

#[test]
fn the_handle_meets_functions_by_text_and_version() {
    let (reach, cache) = (reach(), memory());
    misses(7, &cache);
    let get = |cache: &Cache| cache.blocking().get::<u64>("r:post:7").expect("valid");
    assert_eq!(get(&cache), Some(7));
    assert_eq!(
        (get(&reach), get(&reach.with_version(3))),
        (Some(7), Some(7))
    );
    assert_eq!(get(&reach.with_version(2)), None);
    reach
        .with_version(3)
        .blocking()
        .set("r:post:7", &70u64, 60)
        .expect("valid");
    assert_eq!((newest(7), named(7)), (70, 7));
    cached_core::Cache::current()
        .expect("installed")
        .blocking()
        .delete("r:post:7")
        .expect("valid");
    assert_eq!(misses(7, &cache), [true, false, false, false, false]);
}
